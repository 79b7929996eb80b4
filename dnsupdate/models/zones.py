"""Zones: where their updates go, who publishes them now, and how that fares."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from dnsupdate.models.pending import PendingPublication


class ZoneQuerySet(models.QuerySet["Zone"]):
    def in_service(self) -> "ZoneQuerySet":
        """Those that the platform keeps at their nameservers, frozen ones and catalogs included."""
        return self.filter(retired_at=None)

    def followed(self) -> "ZoneQuerySet":
        """Those that follow their rows now: neither frozen nor retired."""
        return self.in_service().filter(frozen_at=None)

    def of_names(self) -> "ZoneQuerySet":
        """Those that are delegated and asked by the public, which catalogs and response policy zones are not."""
        return self.filter(kind=Zone.Kind.NAMES)

    def with_work(self) -> "ZoneQuerySet":
        """Zones that have something due, that nobody publishes now and that neither rest nor back off."""
        now = timezone.now()
        due = PendingPublication.objects.filter(zone=OuterRef("pk")).due()
        return self.followed().filter(
            Exists(due),
            Q(lease_expires_at=None) | Q(lease_expires_at__lte=now),
            Q(retry_at=None) | Q(retry_at__lte=now),
        )

    def delegated(self) -> "ZoneQuerySet":
        """Zones that a parent shall delegate to us: whose delegation, servers, settings and signatures are watched."""
        return self.in_service().of_names()


class Zone(models.Model):
    """A zone whose primary we update (RFC 9499). The lease and the health belong to the publisher.

    While it is frozen or retired nothing is sent, and what changes waits in the queue.
    """

    class Kind(models.TextChoices):
        NAMES = "names", "names of customers"
        CATALOG = "catalog", "catalog of the primary's zones (RFC 9432)"
        RPZ = "rpz", "response policy for partners' resolvers (RPZ)"

    name = models.CharField(max_length=253, unique=True, help_text="The apex, normalised.")
    primary = models.ForeignKey("dnsupdate.Nameserver", on_delete=models.PROTECT, related_name="zones")
    secondaries = models.ManyToManyField("dnsupdate.Nameserver", blank=True, related_name="secondary_zones")
    created_at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.NAMES, db_default=Kind.NAMES, editable=False)

    frozen_at = models.DateTimeField(null=True, editable=False)
    frozen_reason = models.TextField(blank=True, default="", db_default="", editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)
    membership = models.ForeignKey(
        "dnsupdate.Publication",
        # The publication belongs to another zone, the catalog, which may be deleted with all that it says.
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        help_text="What enters it into its primary's catalog (RFC 9432 §4.1).",
    )

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

    class Meta:
        constraints = [
            models.CheckConstraint(name="zone_kind_known", condition=Q(kind__in=["names", "catalog", "rpz"])),
            models.CheckConstraint(name="zone_frozen_for_a_reason", condition=Q(frozen_at=None) ^ ~Q(frozen_reason="")),
            models.CheckConstraint(name="zone_retired_is_no_member", condition=Q(retired_at=None) | Q(membership=None)),
            # With two, a consumer would be told of a zone twice and take it from either.
            models.UniqueConstraint(
                name="zone_one_catalog_per_primary",
                fields=["primary"],
                condition=Q(kind="catalog", retired_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_failing(self) -> bool:
        return self.failing_since is not None

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None

    @property
    def is_catalog(self) -> bool:
        return self.kind == self.Kind.CATALOG

    @property
    def is_policy(self) -> bool:
        return self.kind == self.Kind.RPZ
