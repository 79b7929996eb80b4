"""Stays: which hostname has or had which address. Followed from the history, behind the hot path's back."""

from django.db import models
from django.db.models import Q


class Stay(models.Model):
    """A hostname at an address since a moment. until is None while it stays; such rows are a lead, the hostname's row decides.

    Beside ddns_hostname, which may have no index on addresses: an update would no longer be a HOT one. Without database-level
    foreign keys, as the history that it follows.
    """

    hostname = models.ForeignKey(
        "ddns.Hostname", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="stays"
    )
    address = models.GenericIPAddressField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-since"]
        indexes = [
            models.Index(fields=["address", "-since"], name="stays_at_address"),
            models.Index(fields=["until"], name="stays_over", condition=Q(until__isnull=False)),
        ]
        constraints = [
            # One open stay of a name at an address, whoever follows the history twice.
            models.UniqueConstraint(name="stay_open_once", fields=["hostname", "address"], condition=Q(until=None)),
        ]

    def __str__(self) -> str:
        return f"{self.hostname_id} at {self.address}"
