"""Domains: zones that customers may register names under, and their rules."""

from django.db import models


class DomainQuerySet(models.QuerySet["Domain"]):
    def taking_names(self) -> "DomainQuerySet":
        """Those that new names can be registered under."""
        return self.filter(is_open=True, zone__retired_at=None)


class Domain(models.Model):
    """A zone on offer. ttl is what its address records get, in seconds."""

    zone = models.OneToOneField("dnsupdate.Zone", on_delete=models.PROTECT, related_name="domain")
    name = models.CharField(max_length=253, unique=True, help_text="The apex, normalised.")
    is_open = models.BooleanField(default=True, help_text="Whether new names can be registered.")
    # 60 seconds: a takedown bites and a mistake heals within a minute.
    ttl = models.PositiveIntegerField(default=60, help_text="Seconds.")
    # What customers may choose for their names. Resolvers round less than half a minute up; and they answer what was
    # withdrawn for as long as they may remember it.
    min_ttl = models.PositiveIntegerField(default=30, help_text="The least that customers may choose, in seconds.")
    max_ttl = models.PositiveIntegerField(default=300, help_text="The most that customers may choose, in seconds.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DomainQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="domain_ttl_in_range", condition=models.Q(ttl__gte=1, ttl__lte=86400)),
            models.CheckConstraint(
                name="domain_ttl_bounds_in_order",
                condition=models.Q(min_ttl__gte=1, min_ttl__lte=models.F("max_ttl"), max_ttl__lte=604800),
            ),
        ]

    def __str__(self) -> str:
        return self.name
