"""Suspensions: why, by whom and since when a hostname is out of DNS, held or diverted."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    def in_force(self) -> "SuspensionQuerySet":
        return self.filter(lifted_at=None)


class Suspension(models.Model):
    """A decision over one hostname. Several may cover it; the name comes back when the last is lifted."""

    class Kind(models.TextChoices):
        """From the weakest: while several cover a hostname the strongest is in force."""

        HELD = "held", "held"
        DIVERTED = "diverted", "diverted"
        SUSPENDED = "suspended", "suspended"

    hostname = models.ForeignKey("ddns.Hostname", on_delete=models.PROTECT, related_name="suspensions")
    decision = models.OneToOneField(
        "abuse.Decision",
        on_delete=models.PROTECT,
        null=True,
        related_name="suspension",
        help_text="With no order item either: decided by name.",
    )
    order_item = models.OneToOneField(
        "abuse.OrderItem",
        on_delete=models.PROTECT,
        null=True,
        related_name="suspension",
        help_text="Where an authority's order was carried out.",
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SUSPENDED)
    answer = models.JSONField(default=dict, help_text="RRsets to answer instead, while diverted.")
    reason = models.TextField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="Lifted by itself then.")
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.TextField(blank=True, default="")

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at"]
        permissions = [("deactivate_account", "Can deactivate and reactivate accounts")]
        constraints = [
            models.CheckConstraint(name="suspension_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="suspension_lifted_whole",
                condition=Q(lifted_at=None, lifted_by=None, lift_reason="")
                | Q(lifted_at__isnull=False) & ~Q(lift_reason=""),
            ),
            models.CheckConstraint(name="suspension_has_one_origin", condition=Q(decision=None) | Q(order_item=None)),
            models.CheckConstraint(
                name="suspension_kind_known", condition=Q(kind__in=["held", "diverted", "suspended"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hostname} since {self.decided_at:%Y-%m-%d %H:%M}"

    @property
    def is_in_force(self) -> bool:
        return self.lifted_at is None
