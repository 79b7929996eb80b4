"""Holds: accounts of which nothing is deleted, because an authority has asked for it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone


class HoldQuerySet(models.QuerySet["Hold"]):
    def in_force(self) -> "HoldQuerySet":
        return self.filter(released_at=None, ends_at__gt=Now())


class Hold(models.Model):
    """One account under one order. preserve_until of the account is the latest of all that stand."""

    order = models.ForeignKey("abuse.Order", on_delete=models.PROTECT, related_name="holds")
    account = models.ForeignKey("ddns.User", on_delete=models.PROTECT, related_name="holds")
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    before = models.DateTimeField(null=True, help_text="Until when it was preserved under no decision and no hold.")
    renewal_count = models.PositiveSmallIntegerField(default=0)
    warned_at = models.DateTimeField(null=True, help_text="That it ends soon.")
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["-began_at"]
        indexes = [
            models.Index(fields=["ends_at"], name="holds_by_end", condition=Q(released_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(name="hold_once", fields=["order", "account"]),
            models.CheckConstraint(name="hold_ends_after_it_began", condition=Q(ends_at__gt=models.F("began_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.account} until {self.ends_at:%Y-%m-%d}"

    @property
    def standing(self) -> str:
        """In a word."""
        if self.released_at is not None:
            return "released"
        return "in force" if self.is_standing else "ended"

    @property
    def is_standing(self) -> bool:
        return self.released_at is None and self.ends_at > timezone.now()
