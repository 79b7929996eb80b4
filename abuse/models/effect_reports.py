"""Effect reports: what an order did in DNS, name by name, as it was signed."""

import uuid

from django.db import models
from django.db.models import Q


class EffectReport(models.Model):
    """The very octets that were signed. A later one of the same order (undone, proven later) does not replace it."""

    class Of(models.TextChoices):
        ACT = "act", "the act"
        UNDOING = "undoing", "its undoing"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey("abuse.Order", on_delete=models.PROTECT, related_name="effect_reports")
    of = models.CharField(max_length=7, choices=Of, default=Of.ACT)
    made_at = models.DateTimeField()
    body = models.TextField(help_text="Canonical JSON; CSV and PDF are made of it.")
    sha256 = models.CharField(max_length=64, help_text="Of the UTF-8 of body.")
    name_count = models.PositiveIntegerField(help_text="Names acted on.")
    proven_count = models.PositiveIntegerField(help_text="Of these, at every authoritative server as decided.")
    receipt = models.OneToOneField("abuse.Receipt", on_delete=models.PROTECT, related_name="effect_report")

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.CheckConstraint(name="effect_report_of_known", condition=Q(of__in=["act", "undoing"])),
            models.CheckConstraint(
                name="effect_report_counts_add_up", condition=Q(proven_count__lte=models.F("name_count"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_of_display()} of {self.order_id}, {self.made_at:%Y-%m-%d %H:%M}"
