"""Zones: where their updates go, who publishes them now, and how that fares."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from dnsupdate.models.pending import PendingPublication


class ZoneQuerySet(models.QuerySet["Zone"]):
    def with_work(self) -> "ZoneQuerySet":
        """Zones that have something due, that nobody publishes now and that are not backing off."""
        now = timezone.now()
        due = PendingPublication.objects.filter(zone=OuterRef("pk")).due()
        return self.filter(
            Exists(due),
            Q(lease_expires_at=None) | Q(lease_expires_at__lte=now),
            Q(retry_at=None) | Q(retry_at__lte=now),
        )

    def delegated(self) -> "ZoneQuerySet":
        """Zones that a parent shall delegate to us: whose delegation is watched."""
        return self.all()


class Zone(models.Model):
    """A zone whose primary we update (RFC 9499). The lease and the health belong to the publisher."""

    name = models.CharField(max_length=253, unique=True, help_text="The apex, normalised.")
    primary = models.ForeignKey("dnsupdate.Nameserver", on_delete=models.PROTECT, related_name="zones")
    secondaries = models.ManyToManyField("dnsupdate.Nameserver", blank=True, related_name="secondary_zones")
    created_at = models.DateTimeField(auto_now_add=True)

    # The lease only keeps two publishers from getting in each other's way; order is kept by the fence (messages.py).
    lease_token = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)

    # Totals since the zone was added, for metrics: written in the statement that marks a batch.
    message_count = models.BigIntegerField(default=0, db_default=0, editable=False)
    name_count = models.BigIntegerField(default=0, db_default=0, editable=False)

    published_at = models.DateTimeField(null=True, editable=False, help_text="Last acknowledged UPDATE.")
    failing_since = models.DateTimeField(null=True, editable=False)
    failure_count = models.PositiveIntegerField(default=0, editable=False)
    failure = models.TextField(blank=True, default="", editable=False, help_text="Why the last try failed.")
    failed_at = models.DateTimeField(null=True, editable=False)
    retry_at = models.DateTimeField(null=True, editable=False)

    objects = ZoneQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_failing(self) -> bool:
        return self.failing_since is not None
