"""Partners: whom suspended names are shared with, what was shared, and what they send back."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class PartnerQuerySet(models.QuerySet["Partner"]):
    def active(self) -> "PartnerQuerySet":
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=Now()), is_enabled=True)


class Partner(models.Model):
    """An organisation that we have agreed with. Its key opens the feeds; only the SHA-256 of it is stored."""

    class Tlp(models.TextChoices):
        CLEAR = "clear", "TLP:CLEAR"
        GREEN = "green", "TLP:GREEN"
        AMBER = "amber", "TLP:AMBER"

    name = models.CharField(max_length=120, unique=True)
    contact = models.EmailField()
    tlp = models.CharField(
        max_length=5, choices=Tlp, default=Tlp.GREEN, help_text="The most that it may see (FIRST TLP 2.0)."
    )
    delay_minutes = models.PositiveIntegerField(
        default=60, help_text="A name is shared once it was suspended for so long: mistakes are undone by then."
    )
    prefix = models.CharField(max_length=8, blank=True, default="", help_text="Of the key.")
    digest = models.BinaryField(max_length=32, null=True, unique=True)
    networks = ArrayField(models.CharField(max_length=43), default=list, blank=True, help_text="Empty: from anywhere.")
    valid_until = models.DateTimeField(null=True, blank=True, help_text="End of the agreement.")
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, editable=False)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="partner_tlp_known", condition=Q(tlp__in=["clear", "green", "amber"]))
        ]

    def __str__(self) -> str:
        return self.name


class PolicyZone(models.Model):
    """A response policy zone (RPZ) that partners may transfer: the names that are shared up to this level."""

    zone = models.OneToOneField("dnsupdate.Zone", on_delete=models.PROTECT, related_name="policy")
    tlp = models.CharField(max_length=5, choices=Partner.Tlp, unique=True, help_text="The most that is in it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="policy_zone_tlp_known", condition=Q(tlp__in=["clear", "green", "amber"]))
        ]

    def __str__(self) -> str:
        return f"{self.zone} ({self.get_tlp_display()})"


class SharedNameQuerySet(models.QuerySet["SharedName"]):
    def shared(self) -> "SharedNameQuerySet":
        """Those that partners shall block now."""
        return self.filter(withdrawn_at=None)

    def up_to(self, tlp: str) -> "SharedNameQuerySet":
        """Those that whoever may see this level may see."""
        levels = Partner.Tlp.values
        return self.filter(tlp__in=levels[: levels.index(tlp) + 1])


class SharedName(models.Model):
    """A name that is, or was, shared. The RPZ zones and the feeds say what the rows say.

    Shared again after it was withdrawn it is another row: what was revoked in STIX is so for good (STIX 2.1 §3.7).
    """

    hostname = models.ForeignKey("ddns.Hostname", on_delete=models.PROTECT, db_index=False, related_name="shared")
    tlp = models.CharField(max_length=5, choices=Partner.Tlp)
    category = models.CharField(max_length=60, blank=True, default="", help_text="Of the case or order, for partners.")
    since = models.DateTimeField(help_text="Suspended since.")
    shared_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, help_text="When it was reinstated.")
    revision = models.PositiveIntegerField(default=1, help_text="How often it changed: STIX modified follows.")
    changed_at = models.DateTimeField()

    objects = SharedNameQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["changed_at"], name="shared_names_by_change"),
            models.Index(fields=["hostname"], name="shared_names_of_hostname"),
        ]
        constraints = [
            models.UniqueConstraint(name="shared_name_once", fields=["hostname"], condition=Q(withdrawn_at=None)),
            models.CheckConstraint(name="shared_name_tlp_known", condition=Q(tlp__in=["clear", "green", "amber"])),
        ]

    def __str__(self) -> str:
        return f"{self.hostname_id} {self.tlp}"


class Sighting(models.Model):
    """What a partner says about a shared name: seen again, or a false positive, which a person looks at."""

    class Kind(models.TextChoices):
        SEEN = "seen", "seen"
        FALSE_POSITIVE = "false_positive", "false positive"

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="sightings")
    hostname = models.ForeignKey("ddns.Hostname", on_delete=models.PROTECT, related_name="sightings")
    kind = models.CharField(max_length=14, choices=Kind)
    count = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=1000, blank=True, default="")
    external_id = models.CharField(
        max_length=100, blank=True, default="", help_text="Of the partner: sent again it is the same sighting."
    )
    received_at = models.DateTimeField()
    settled_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)
    settlement = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            models.Index(
                fields=["received_at"],
                name="sightings_to_settle",
                condition=Q(kind="false_positive", settled_at=None),
            )
        ]
        constraints = [
            models.CheckConstraint(name="sighting_kind_known", condition=Q(kind__in=["seen", "false_positive"])),
            models.UniqueConstraint(
                name="sighting_sent_once", fields=["partner", "external_id"], condition=~Q(external_id="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.hostname_id}"
