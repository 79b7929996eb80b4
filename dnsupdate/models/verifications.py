"""Verifications: each run that compared a zone with its rows, and what we know of the zone at its primary."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Trigger(models.TextChoices):
    """Why a zone was compared."""

    SCHEDULED = "scheduled", "scheduled"
    CHANGES = "changes", "the zone has changed since"
    BY_HAND = "by_hand", "by hand"
    WENT_BACK = "went_back", "the serial went back"
    LOST = "lost", "the fence is gone"
    MOVED = "moved", "the zone moved without us"
    REPAIRED = "repaired", "after a repair"


class Verification(models.Model):
    """One run. It runs while it has not finished; at most one of a zone does. Counts move while it runs."""

    class Method(models.TextChoices):
        AXFR = "AXFR", "AXFR: the whole zone"
        IXFR = "IXFR", "IXFR: what has changed in it"

    zone = models.ForeignKey("dnsupdate.Zone", on_delete=models.CASCADE, related_name="verifications")
    trigger = models.CharField(max_length=16, choices=Trigger)
    method = models.CharField(max_length=4, choices=Method, blank=True, default="")
    started_at = models.DateTimeField(db_default=Now())
    progress_at = models.DateTimeField(db_default=Now(), help_text="When it last gave a sign of life.")
    finished_at = models.DateTimeField(null=True)
    from_serial = models.BigIntegerField(null=True, help_text="Compared is what changed since; empty: all of it.")
    serial = models.BigIntegerField(null=True, help_text="The zone's serial as it was compared.")
    compared_count = models.PositiveIntegerField("compared", default=0)
    waiting_count = models.PositiveIntegerField(
        "moving", default=0, help_text="Names on their way meanwhile: neither equal nor different."
    )
    missing_count = models.PositiveIntegerField("missing", default=0)
    extra_count = models.PositiveIntegerField("extra", default=0, help_text="In the zone, and withdrawn or in no row.")
    different_count = models.PositiveIntegerField("different", default=0)
    examples = models.JSONField(default=list, help_text="The first names that differ, and how.")
    repaired_count = models.PositiveIntegerField("queued for repair", default=0)
    unrepaired = models.TextField(blank=True, default="", help_text="What was left for a person, and why.")
    error = models.TextField(blank=True, default="", help_text="Why it ended early.")

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["zone", "-started_at"], name="verification_by_zone")]
        constraints = [
            models.UniqueConstraint(name="verification_runs_once", fields=["zone"], condition=Q(finished_at=None)),
            models.CheckConstraint(name="verification_trigger_known", condition=Q(trigger__in=Trigger.values)),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def difference_count(self) -> int:
        return self.missing_count + self.extra_count + self.different_count

    @property
    def is_clean(self) -> bool:
        return self.finished_at is not None and not self.error and self.difference_count == 0


class Watch(models.Model):
    """What is known of a zone at its primary: as it was last seen, as it was last verified, and what to do next.

    A table of its own, since every batch writes the zone's row. Its absence says nothing: it is made at the next look.
    """

    zone = models.OneToOneField("dnsupdate.Zone", on_delete=models.CASCADE, primary_key=True, related_name="watch")

    serial = models.BigIntegerField(null=True, help_text="As it was last seen.")
    fence = models.TextField(blank=True, default="")
    published_at = models.DateTimeField(null=True, help_text="The zone's, when it was last seen.")
    is_settled = models.BooleanField(default=False, help_text="Nothing was being published when it was last seen.")
    seen_at = models.DateTimeField(null=True)

    verified_serial = models.BigIntegerField(null=True, help_text="At which the zone followed its rows.")
    verified_fence = models.TextField(blank=True, default="")

    suspicion = models.CharField(max_length=16, choices=Trigger, blank=True, default="")
    suspected_at = models.DateTimeField(null=True)
    lost_serial = models.BigIntegerField(null=True, help_text="The serial that the zone fell back from.")

    checked_at = models.DateTimeField(null=True, help_text="Last comparison of any kind that came to its end.")
    compared_at = models.DateTimeField(null=True, help_text="Last comparison of the whole zone.")
    failed_at = models.DateTimeField(null=True, help_text="Last comparison, where that did not come to its end.")
    repaired_at = models.DateTimeField(null=True, help_text="Last repair, until it was looked at.")
    unclean_count = models.PositiveSmallIntegerField(default=0, help_text="Comparisons in a row that found something.")

    def __str__(self) -> str:
        return f"{self.zone} at its primary"
