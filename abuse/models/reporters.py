"""Reporters: who complains, as one voice however many mailboxes it has; and the keys of those that use the API."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Reporter(models.Model):
    """An organisation (by its registrable domain), a person (by mailbox, where the mail provider is everybody's), or a feed."""

    class Kind(models.TextChoices):
        ORGANISATION = "organisation", "organisation"
        PERSON = "person", "person"
        FEED = "feed", "feed"
        ANONYMOUS = "anonymous", "anonymous"
        STAFF = "staff", "staff"

    class Tier(models.TextChoices):
        TRUSTED = "A", "A: trusted flagger (DSA Art. 22) or agreed with"
        KNOWN = "B", "B: known, reports hold"
        UNKNOWN = "C", "C: not known yet"
        DOUBTED = "D", "D: warned, weighs less"

    identity = models.CharField(
        max_length=300,
        unique=True,
        help_text="org:example.net, mailbox:name@freemail.example, feed:urlhaus, anonymous.",
    )
    kind = models.CharField(max_length=12, choices=Kind)
    name = models.CharField(max_length=200, blank=True, default="", help_text="As it calls itself.")
    contact = models.EmailField(blank=True, default="", help_text="Where answers go.")
    tier = models.CharField(max_length=1, choices=Tier, default=Tier.UNKNOWN)
    is_tier_set_by_hand = models.BooleanField(default=False, help_text="Then accuracy alone does not move it.")
    warned_at = models.DateTimeField(null=True, blank=True, help_text="Of unfounded reports (DSA Art. 23(2)).")
    doubted_until = models.DateTimeField(null=True, blank=True, help_text="Down-weighted until then.")
    note = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    # Of decided reports; kept here so that lists need no count.
    upheld_count = models.PositiveIntegerField(default=0)
    rejected_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["identity"]
        constraints = [
            models.CheckConstraint(name="reporter_tier_known", condition=Q(tier__in=["A", "B", "C", "D"])),
        ]

    def __str__(self) -> str:
        return self.name or self.identity.partition(":")[2] or self.identity

    @property
    def decided_count(self) -> int:
        return self.upheld_count + self.rejected_count


class ReporterKeyQuerySet(models.QuerySet["ReporterKey"]):
    def working(self) -> "ReporterKeyQuerySet":
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)


class ReporterKey(models.Model):
    """A random secret that proves who reports, by the API. Only its SHA-256 is stored."""

    reporter = models.ForeignKey(Reporter, on_delete=models.PROTECT, related_name="keys")
    label = models.CharField(max_length=60)
    prefix = models.CharField(max_length=8, help_text="The first characters, to recognise it by.")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    objects = ReporterKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix}…)"
