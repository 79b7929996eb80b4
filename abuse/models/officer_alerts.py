"""What is unusual about officers: told to staff until somebody has looked; and what each has filed, to tell what is usual."""

from django.db import models
from django.db.models import Q


class OfficerAlertQuerySet(models.QuerySet["OfficerAlert"]):
    def waiting(self) -> "OfficerAlertQuerySet":
        """Those that nobody has looked at."""
        return self.filter(seen_at=None)


class OfficerAlert(models.Model):
    """One thing that a forged or hijacked account could be the reason of."""

    class What(models.TextChoices):
        FIRST_ORDER = "first_order", "first order"
        FIRST_EMERGENCY = "first_emergency", "first emergency"
        MANY_NAMES = "many_names", "many more names than before"
        NEW_NETWORK = "new_network", "from a network or country that is new"
        UNUSUAL_KIND = "unusual_kind", "nothing that such an agency usually files"
        NEW_LOG_IN = "new_log_in", "soon after the log-in was changed"
        KEY_ELSEWHERE = "key_elsewhere", "key used from elsewhere"
        FROZEN = "frozen", "frozen"
        TERM = "term", "term ends"

    officer = models.ForeignKey("abuse.Officer", on_delete=models.PROTECT, related_name="alerts")
    order = models.ForeignKey("abuse.Order", on_delete=models.PROTECT, null=True, related_name="alerts")
    what = models.CharField(max_length=15, choices=What)
    text = models.TextField(help_text="What is unusual, in words.")
    at = models.DateTimeField(auto_now_add=True)
    seen_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    seen_at = models.DateTimeField(null=True, help_text="When somebody had looked at it.")

    objects = OfficerAlertQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["at"], name="officer_alerts_waiting", condition=Q(seen_at=None))]
        constraints = [
            models.CheckConstraint(
                name="officer_alert_what_known",
                condition=Q(
                    what__in=[
                        *("first_order", "first_emergency", "many_names", "new_network", "unusual_kind"),
                        *("new_log_in", "key_elsewhere", "frozen", "term"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="officer_alert_seen_by_somebody", condition=~(Q(seen_at=None) ^ Q(seen_by=None))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.officer}"


class OfficerFiling(models.Model):
    """That an officer filed so many names: counted in the transaction of the order, before anything is read of it."""

    officer = models.ForeignKey("abuse.Officer", on_delete=models.PROTECT, related_name="filings")
    agency = models.ForeignKey("abuse.Agency", on_delete=models.PROTECT, related_name="+")
    order = models.OneToOneField("abuse.Order", on_delete=models.PROTECT, null=True, related_name="filing")
    name_count = models.PositiveIntegerField(help_text="Lines that are meant to name something.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["agency", "-at"], name="officer_filings_of_agency")]

    def __str__(self) -> str:
        return f"{self.officer}: {self.name_count}"
