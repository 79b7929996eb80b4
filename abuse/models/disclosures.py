"""Disclosures: what is handed to an authority of what is stored, who prepared it, who released it, who fetched it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Disclosure(models.Model):
    """One package. Encrypted when it is released; its octets leave after a while, its manifest and receipt stay."""

    class State(models.TextChoices):
        PREPARED = "prepared", "waits for a second person"
        RELEASED = "released", "released"
        REFUSED = "refused", "refused by the second person"
        TAKEN_BACK = "taken_back", "taken back"

    order = models.ForeignKey("abuse.Order", on_delete=models.PROTECT, related_name="disclosures")
    accounts = models.ManyToManyField("ddns.User", related_name="+")
    hostnames = models.ManyToManyField("ddns.Hostname", blank=True, related_name="+")
    parts = models.JSONField(help_text="Of subscriber, addresses, log_ins: what is in it.")
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    reason = models.TextField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the scope: what the second person releases.")
    state = models.CharField(max_length=10, choices=State, default=State.PREPARED)
    prepared_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    released_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(null=True)
    refusal = models.TextField(blank=True, default="")
    manifest = models.JSONField(default=dict, help_text="SHA-256 and size of every file in the package.")
    package = models.BinaryField(null=True, help_text="AES zip; null before its release and after its time.")
    package_sha256 = models.CharField(max_length=64, blank=True, default="")
    sealed_password = models.TextField(blank=True, default="", help_text="Told on the phone, never beside the package.")
    available_until = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True, help_text="First time; every time is in the ledger.")

    class Meta:
        ordering = ["-prepared_at"]
        constraints = [
            models.CheckConstraint(
                name="disclosure_state_known",
                condition=Q(state__in=["prepared", "released", "refused", "taken_back"]),
            ),
            models.CheckConstraint(
                name="disclosure_released_by_another",
                condition=Q(released_by=None) | ~Q(released_by=models.F("prepared_by")),
            ),
            models.CheckConstraint(name="disclosure_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.order_id}"

    @property
    def is_there(self) -> bool:
        """Whether there is something to fetch."""
        return bool(self.sealed_password) and self.available_until is not None and self.available_until > timezone.now()
