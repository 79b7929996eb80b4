"""Decisions: what was done about a case, why, by whom, for how long, and whether it was undone."""

from django.db import models
from django.db.models import Q


class DecisionQuerySet(models.QuerySet["Decision"]):
    def waiting(self) -> "DecisionQuerySet":
        """Those that a second person has to look at."""
        return self.filter(state=Decision.State.PROPOSED)

    def in_force(self) -> "DecisionQuerySet":
        return self.filter(state=Decision.State.DONE)

    def over(self) -> "DecisionQuerySet":
        """What was done and is in force no more."""
        return self.filter(state__in=[Decision.State.UNDONE, Decision.State.ENDED])


class Decision(models.Model):
    """One act. Its ledger entry says the same, and cannot be changed."""

    class Action(models.TextChoices):
        DISMISS = "dismiss", "Dismiss"
        ASK = "ask", "Ask the reporter"
        INFORM = "inform", "Inform the customer (victim)"
        WARN = "warn", "Warn with a deadline"
        HOLD = "hold", "Hold"
        SUSPEND = "suspend", "Suspend"
        DIVERT = "divert", "Divert"
        LOCK_ACCOUNT = "lock_account", "Lock the account"
        RESERVE_LABEL = "reserve_label", "Reserve the label"
        BLOCK_NETWORK = "block_network", "Block a target network"
        BLOCK_PATTERN = "block_pattern", "Block a label pattern"
        PRESERVE = "preserve", "Preserve"
        REFER = "refer", "Refer to an authority"
        FORWARD = "forward", "Forward to another provider"

    class State(models.TextChoices):
        PROPOSED = "proposed", "waits for a second person"
        DONE = "done", "done"
        REFUSED = "refused", "refused by the second person"
        UNDONE = "undone", "undone"
        ENDED = "ended", "ended by itself"

    case = models.ForeignKey("abuse.Case", on_delete=models.PROTECT, related_name="decisions")
    action = models.CharField(max_length=14, choices=Action)
    parameters = models.JSONField(
        default=dict, help_text="What the action needs: deadline, target, network, pattern, text."
    )
    reason = models.TextField()
    ground = models.CharField(
        max_length=200, blank=True, default="", help_text="The clause or law (DSA Art. 17(3)(d), (e))."
    )
    rule = models.CharField(max_length=60, blank=True, default="", help_text="Of policy, where nobody decided.")
    state = models.CharField(max_length=10, choices=State)
    decided_by = models.ForeignKey(
        "ddns.User", on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: policy."
    )
    decided_at = models.DateTimeField()
    approved_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    refusal = models.TextField(blank=True, default="", help_text="Why the second person refused.")
    done_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True, help_text="Undone by itself then.")
    undone_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True, help_text="By a person, or by itself at its end.")
    undo_reason = models.TextField(blank=True, default="")
    batch = models.UUIDField(null=True, help_text="Shared by what was decided at once.")
    impact = models.JSONField(default=dict, help_text="What it was said to touch when it was decided.")
    effect = models.JSONField(default=dict, help_text="What it changed, and from what: undoing needs it.")
    proof = models.JSONField(
        default=dict, help_text="What every authoritative server answered afterwards; in undoing: once it was undone."
    )
    proven_at = models.DateTimeField(null=True)
    undoing_proven_at = models.DateTimeField(null=True)
    withheld = models.CharField(
        max_length=200,
        blank=True,
        default="",
        help_text="Why the customer gets no statement of reasons; empty: they do.",
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["decided_at"], name="decisions_to_approve", condition=Q(state="proposed")),
            models.Index(fields=["ends_at"], name="decisions_to_end", condition=Q(state="done", ends_at__isnull=False)),
            models.Index(fields=["-decided_at"], name="decisions_by_age"),
            models.Index(fields=["batch"], name="decisions_of_batch", condition=Q(batch__isnull=False)),
            models.Index(
                fields=["undone_at"],
                name="decisions_undone",
                condition=Q(state__in=["undone", "ended"], undoing_proven_at=None),
            ),
        ]
        constraints = [
            models.CheckConstraint(name="decision_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="decision_state_known", condition=Q(state__in=["proposed", "done", "refused", "undone", "ended"])
            ),
            models.CheckConstraint(
                name="decision_by_person_or_rule", condition=Q(decided_by__isnull=False) | ~Q(rule="")
            ),
            models.CheckConstraint(
                name="decision_approved_by_another",
                condition=Q(approved_by=None) | Q(decided_by=None) | ~Q(approved_by=models.F("decided_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} on {self.case_id}"

    @property
    def is_over(self) -> bool:
        return self.state in (Decision.State.UNDONE, Decision.State.ENDED)
