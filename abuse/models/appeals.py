"""Appeals: against a decision, by the customer or by a reporter; decided by somebody else."""

from django.db import models
from django.db.models import F, Q


class AppealQuerySet(models.QuerySet["Appeal"]):
    def waiting(self) -> "AppealQuerySet":
        """Those that nobody has decided, oldest first."""
        return self.filter(decided_at=None).order_by("filed_at", "pk")


class Appeal(models.Model):
    """One objection (DSA Art. 20). is_upheld is None until it is decided."""

    class Party(models.TextChoices):
        CUSTOMER = "customer", "customer"
        REPORTER = "reporter", "reporter"

    case = models.ForeignKey("abuse.Case", on_delete=models.PROTECT, related_name="appeals")
    decision = models.ForeignKey("abuse.Decision", on_delete=models.PROTECT, related_name="appeals")
    party = models.CharField(max_length=8, choices=Party)
    report = models.ForeignKey("abuse.Report", on_delete=models.PROTECT, null=True, related_name="appeals")
    text = models.TextField()
    filed_at = models.DateTimeField(auto_now_add=True)
    look_due_at = models.DateTimeField(null=True, help_text="Until when somebody shall have looked at it.")
    looked_at = models.DateTimeField(null=True, help_text="When somebody did first.")
    due_at = models.DateTimeField()
    breached_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    is_upheld = models.BooleanField(null=True)
    reason = models.TextField(blank=True, default="", help_text="For the appellant.")
    # As the decision had them when the appeal was filed: who may not decide it.
    first_decider = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    first_approver = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["due_at"], name="appeals_to_decide", condition=Q(decided_at=None))]
        constraints = [
            models.UniqueConstraint(
                name="appeal_open_once",
                fields=["decision", "party", "report"],
                condition=Q(decided_at=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="appeal_party_known", condition=Q(party__in=["customer", "reporter"])),
            models.CheckConstraint(
                name="appeal_decided_by_another",
                condition=(Q(decided_by=None) | Q(first_decider=None) | ~Q(decided_by=F("first_decider")))
                & (Q(decided_by=None) | Q(first_approver=None) | ~Q(decided_by=F("first_approver"))),
            ),
            models.CheckConstraint(
                name="appeal_decided_whole",
                condition=Q(decided_at=None, decided_by=None, is_upheld=None)
                | Q(decided_at__isnull=False, decided_by__isnull=False, is_upheld__isnull=False) & ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Appeal {self.pk} on {self.case_id}"
