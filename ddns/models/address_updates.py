"""Address updates: the history of every hostname."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models


class AddressUpdate(models.Model):
    """One change: who sent it, from where, with which client, what was and what became.

    Without database-level foreign keys: checking two of them on every update costs more than writing the row, and
    rows leave by retention, not by cascade.
    """

    hostname = models.ForeignKey(
        "ddns.Hostname",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="address_updates",
    )
    key = models.ForeignKey(
        "ddns.UpdateKey", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    at = models.DateTimeField()
    source = models.GenericIPAddressField(null=True, help_text="Where the request came from.")
    agent = models.CharField(max_length=200, blank=True, default="")
    protocol = models.CharField(max_length=16)
    old_ipv4 = models.GenericIPAddressField(protocol="IPv4", null=True)
    new_ipv4 = models.GenericIPAddressField(protocol="IPv4", null=True)
    old_ipv6 = models.GenericIPAddressField(protocol="IPv6", null=True)
    new_ipv6 = models.GenericIPAddressField(protocol="IPv6", null=True)

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["hostname", "-at"], name="address_updates_of_hostname"),
            # A few bytes per thousand rows: finds what retention ends, costs an insert nothing.
            BrinIndex(fields=["at"], name="address_updates_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.hostname_id} at {self.at:%Y-%m-%d %H:%M:%S}"
