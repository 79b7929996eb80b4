"""Contacts: when somebody with a working key last spoke of a hostname."""

from django.db import models


class HostnameContact(models.Model):
    """The last authenticated request about a hostname, unchanged updates included; some seconds late.

    A narrow table of its own: written every few seconds for every device that came, while a hostname is rarely touched.
    """

    hostname = models.OneToOneField(
        "ddns.Hostname", on_delete=models.CASCADE, primary_key=True, related_name="contact", db_constraint=False
    )
    at = models.DateTimeField()
    source = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True, default="", help_text="The User-Agent that it said.")
    protocol = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"{self.hostname_id} at {self.at:%Y-%m-%d %H:%M:%S}"
