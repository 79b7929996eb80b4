"""Renewals: hostnames whose owner has said that they stay, those that are about to expire, and silent ones."""

from django.db import models


class Renewal(models.Model):
    """When somebody last said of a hostname, without a device, that it shall stay."""

    hostname = models.OneToOneField("ddns.Hostname", on_delete=models.CASCADE, primary_key=True, related_name="renewal")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.hostname_id} at {self.at:%Y-%m-%d}"


class Expiry(models.Model):
    """A hostname on its way out. Any activity after active_at ends it.

    expires_at moves on while warnings are not sent: nobody loses a name unwarned.
    """

    hostname = models.OneToOneField("ddns.Hostname", on_delete=models.CASCADE, primary_key=True, related_name="expiry")
    active_at = models.DateTimeField(help_text="The last activity that is known.")
    expires_at = models.DateTimeField()
    warning_count = models.PositiveSmallIntegerField(default=0)
    warning = models.ForeignKey(
        "ddns.Notification", on_delete=models.SET_NULL, null=True, related_name="+", help_text="The last one."
    )

    class Meta:
        verbose_name_plural = "expiries"

    def __str__(self) -> str:
        return f"{self.hostname_id} at {self.expires_at:%Y-%m-%d}"


class Silence(models.Model):
    """A hostname whose silence was told, until somebody speaks of it again."""

    hostname = models.OneToOneField("ddns.Hostname", on_delete=models.CASCADE, primary_key=True, related_name="silence")
    since = models.DateTimeField(help_text="The last request about it.")

    def __str__(self) -> str:
        return f"{self.hostname_id} since {self.since:%Y-%m-%d}"
