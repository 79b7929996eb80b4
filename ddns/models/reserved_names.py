"""Reserved names: labels and names that cannot be registered."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ReservedNameQuerySet(models.QuerySet["ReservedName"]):
    def in_force(self) -> "ReservedNameQuerySet":
        return self.filter(Q(until=None) | Q(until__gt=Now()))

    def covering(self, label: str, name: str) -> "ReservedNameQuerySet":
        """Reservations of the label (in every domain) or of the whole name."""
        return self.in_force().filter(name__in=[label, name])

    def reserve(self, name: str, *, reason: str, until: datetime) -> None:
        """At least until then: a reservation that lasts longer, or for good, stays as it is."""
        _, is_new = self.get_or_create(name=name, defaults={"reason": reason, "until": until})
        if not is_new:
            self.filter(name=name, until__lt=until).update(reason=reason, until=until)


class ReservedName(models.Model):
    """A label (in every domain) or a whole name, until a time or for good."""

    name = models.CharField(max_length=253, unique=True, help_text="A label, or a whole name, normalised.")
    reason = models.CharField(max_length=200)
    until = models.DateTimeField(null=True, blank=True)

    objects = ReservedNameQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
