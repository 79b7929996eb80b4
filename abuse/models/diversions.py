"""Targets of diversion: sinkholes of partners, and our own notice page."""

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

# It has stopped answering after so many failed looks in a row, and no sooner than so long after the first: a restart is
# over by then.
FAILURES = 3
FAILING_FOR = timedelta(minutes=2)


class DiversionTargetQuerySet(models.QuerySet["DiversionTarget"]):
    def over(self, now: datetime) -> "DiversionTargetQuerySet":
        """Where no name may be diverted to any more: switched off, past its end, or it has stopped answering."""
        is_down = Q(failure_count__gte=FAILURES, failing_since__lte=now - FAILING_FOR)
        return self.filter(Q(is_enabled=False) | Q(valid_until__lte=now) | is_down)


class DiversionTarget(models.Model):
    """Where names may be diverted to. Past valid_until, switched off or down, none is: those that were are suspended instead."""

    class Kind(models.TextChoices):
        SINKHOLE = "sinkhole", "sinkhole of a partner"
        NOTICE = "notice", "notice page"

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    addresses = ArrayField(models.GenericIPAddressField(), help_text="What the names answer instead: IPv4 and IPv6.")
    ttl = models.PositiveIntegerField(default=60, help_text="Seconds.")
    contact = models.CharField(max_length=200, blank=True, default="")
    capacity = models.PositiveIntegerField(
        null=True, blank=True, help_text="Connections a second that the partner has declared; empty: not declared."
    )
    probe_port = models.PositiveIntegerField(
        null=True, blank=True, help_text="TCP port that must answer; empty: it is not watched."
    )
    answered_at = models.DateTimeField(null=True, editable=False, help_text="When it last answered the watch.")
    failing_since = models.DateTimeField(null=True, editable=False)
    failure_count = models.PositiveIntegerField(default=0, db_default=0, editable=False, help_text="Looks in a row.")
    failure = models.CharField(max_length=300, blank=True, default="", editable=False)
    valid_until = models.DateTimeField(null=True, blank=True, help_text="End of the agreement.")
    is_enabled = models.BooleanField(default=True)

    objects = DiversionTargetQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="diversion_has_addresses", condition=Q(addresses__len__gte=1)),
            models.CheckConstraint(name="diversion_kind_known", condition=Q(kind__in=["sinkhole", "notice"])),
        ]

    def __str__(self) -> str:
        return self.name

    def why_over(self, now: datetime) -> str:
        """Why no name may be diverted there any more, in words; empty: it may."""
        if not self.is_enabled:
            return "was switched off"
        if self.valid_until is not None and self.valid_until <= now:
            return f"ended at {self.valid_until:%Y-%m-%d %H:%M} UTC"
        if (
            self.failing_since is not None
            and self.failure_count >= FAILURES
            and self.failing_since <= now - FAILING_FOR
        ):
            return f"has not answered since {self.failing_since:%Y-%m-%d %H:%M} UTC ({self.failure})"
        return ""
