"""Officers: people who speak for an agency, who vetted them, and the keys of their programs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class OfficerQuerySet(models.QuerySet["Officer"]):
    def in_office(self) -> "OfficerQuerySet":
        """Those that may file: vetted by two, neither frozen nor past their term, and no staff by now."""
        outside = self.filter(account__is_active=True, account__is_staff=False, account__is_superuser=False)
        return outside.filter(state=Officer.State.VETTED, vetted_until__gt=Now())

    def to_vet(self) -> "OfficerQuerySet":
        return self.filter(state__in=[Officer.State.APPLIED, Officer.State.CALLED])


class Officer(models.Model):
    """One person with an account of their own. Vetted for a term; frozen at once by any member of staff who may."""

    class State(models.TextChoices):
        APPLIED = "applied", "applied"
        CALLED = "called", "called back, waits for a second person"
        VETTED = "vetted", "vetted"
        REFUSED = "refused", "refused"
        FROZEN = "frozen", "frozen"

    account = models.OneToOneField("ddns.User", on_delete=models.PROTECT, related_name="officer")
    agency = models.ForeignKey(
        "abuse.Agency", on_delete=models.PROTECT, null=True, related_name="officers", help_text="Set when vetted."
    )
    agency_said = models.CharField(max_length=200, help_text="As the application names it: no proof of anything.")
    country_said = models.CharField(max_length=2)
    name = models.CharField(max_length=120)
    title = models.CharField(max_length=120, blank=True, default="", help_text="Rank or office.")
    badge = models.CharField(max_length=60, blank=True, default="", help_text="Number of the badge or register.")
    phone_said = models.CharField(max_length=40, help_text="As the application says: never the one that is called.")
    purpose = models.TextField(blank=True, default="")
    state = models.CharField(max_length=8, choices=State, default=State.APPLIED)
    applied_at = models.DateTimeField(auto_now_add=True)
    vetted_until = models.DateTimeField(null=True, help_text="Then vetted anew: people change their office.")
    frozen_at = models.DateTimeField(null=True)
    frozen_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    frozen_reason = models.TextField(blank=True, default="")
    refusal = models.TextField(blank=True, default="", help_text="What the applicant is told.")
    warned_at = models.DateTimeField(null=True, help_text="That the term ends soon.")
    log_in_digest = models.CharField(
        max_length=64, blank=True, default="", help_text="SHA-256 of address, password hash and second factors."
    )
    log_in_changed_at = models.DateTimeField(null=True, help_text="When one of them was seen to be another.")

    objects = OfficerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["vetted_until"], name="officers_by_term", condition=Q(state="vetted"))]
        permissions = [
            ("vet_officer", "Can vet officers of authorities"),
            ("freeze_officer", "Can freeze officers of authorities"),
        ]
        constraints = [
            models.CheckConstraint(
                name="officer_state_known", condition=Q(state__in=["applied", "called", "vetted", "refused", "frozen"])
            ),
            models.CheckConstraint(
                name="officer_vetted_whole",
                condition=~Q(state="vetted") | Q(agency__isnull=False, vetted_until__isnull=False),
            ),
            models.CheckConstraint(
                name="officer_frozen_whole",
                condition=~Q(state="frozen") | Q(frozen_at__isnull=False) & ~Q(frozen_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.agency or self.agency_said})"


class Vetting(models.Model):
    """One step: the call-back, its confirmation by another, and what ended or suspended an office. Never changed."""

    class Step(models.TextChoices):
        CALL = "call", "called back"
        CONFIRM = "confirm", "confirmed by a second person"
        REFUSE = "refuse", "refused"
        FREEZE = "freeze", "frozen"
        ANEW = "anew", "to be vetted anew"

    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="vettings")
    step = models.CharField(max_length=8, choices=Step)
    by = models.ForeignKey(
        "ddns.User", on_delete=models.PROTECT, null=True, related_name="+", help_text="Nobody: the term ended."
    )
    at = models.DateTimeField(auto_now_add=True)
    agency = models.ForeignKey("abuse.Agency", on_delete=models.PROTECT, null=True, related_name="+")
    called_number = models.CharField(max_length=40, blank=True, default="")
    number_source = models.CharField(max_length=300, blank=True, default="", help_text="Where the number was found.")
    spoke_with = models.CharField(max_length=200, blank=True, default="")
    note = models.TextField(blank=True, default="")
    vetted_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="vetting_step_known", condition=Q(step__in=["call", "confirm", "refuse", "freeze", "anew"])
            ),
            models.CheckConstraint(name="vetting_by_somebody", condition=Q(step="anew") | Q(by__isnull=False)),
            models.CheckConstraint(
                name="vetting_call_names_number",
                condition=~Q(step="call") | ~Q(called_number="") & ~Q(number_source="") & ~Q(spoke_with=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()}: {self.officer_id}"


class OfficerKeyQuerySet(models.QuerySet["OfficerKey"]):
    def working(self) -> "OfficerKeyQuerySet":
        return self.filter(expires_at__gt=Now(), revoked_at=None)


class OfficerKey(models.Model):
    """A random secret with which an officer's program files by the API. Only its SHA-256 is stored."""

    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="keys")
    label = models.CharField(max_length=60)
    prefix = models.CharField(max_length=8, help_text="The first characters, to recognise it by.")
    digest = models.BinaryField(max_length=32, unique=True)
    networks = ArrayField(models.CharField(max_length=43), help_text="Networks that it may be used from.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    used_from = models.GenericIPAddressField(null=True)

    objects = OfficerKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(name="officer_key_has_networks", condition=Q(networks__len__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix}…)"
