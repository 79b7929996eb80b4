"""Failures: how often the primary of a zone refused or did not answer, by reason. Totals, for metrics."""

from django.db import models
from django.db.models.functions import Now


class Failure(models.Model):
    """One reason in one zone. The reason is the response code in capitals, or UNREACHABLE where there was no answer."""

    zone = models.ForeignKey("dnsupdate.Zone", on_delete=models.CASCADE, related_name="failures")
    reason = models.CharField(max_length=32)
    count = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(name="failure_reason_once", fields=["zone", "reason"])]

    def __str__(self) -> str:
        return f"{self.zone} {self.reason}: {self.count}"
