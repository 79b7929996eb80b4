"""Cases: the work on one name and its holder, with a clock."""

from django.db import models
from django.db.models import F, Q


class CaseQuerySet(models.QuerySet["Case"]):
    def open(self) -> "CaseQuerySet":
        return self.filter(closed_at=None)

    def in_queue(self) -> "CaseQuerySet":
        """Those that wait for the desk, what is due first first: a worse kind has a shorter clock."""
        return self.open().filter(state=Case.State.OPEN).order_by("due_at", "-severity", "pk")

    def unrestricted(self) -> "CaseQuerySet":
        return self.exclude(route="restricted")

    def restricted(self) -> "CaseQuerySet":
        """For named people."""
        return self.filter(route="restricted")

    def with_queue(self) -> "CaseQuerySet":
        """What a line of the queue shows, in one query."""
        return self.select_related("hostname", "account", "category")


class Case(models.Model):
    """Everything that was reported about one hostname of one holder by one route, until it is closed. Numbered for people.

    due_at stands still while the case waits for its reporter (paused_at), at most Case.MOST_PAUSE in all.
    """

    class State(models.TextChoices):
        OPEN = "open", "waits for the desk"
        WAITING_REPORTER = "waits_reporter", "waits for the reporter"
        WAITING_CUSTOMER = "waits_customer", "waits for the customer"
        CLOSED = "closed", "closed"

    hostname = models.ForeignKey("ddns.Hostname", on_delete=models.PROTECT, null=True, related_name="cases")
    account = models.ForeignKey(
        "ddns.User", on_delete=models.PROTECT, null=True, related_name="cases", help_text="The holder at the time."
    )
    name = models.CharField(max_length=253, help_text="What it is about: the hostname, or the platform's own name.")
    route = models.CharField(max_length=10, help_text="Category.Route.")
    category = models.ForeignKey(
        "abuse.Category", on_delete=models.PROTECT, related_name="cases", help_text="The worst of its reports."
    )
    severity = models.PositiveSmallIntegerField(help_text="Of its category.")
    state = models.CharField(max_length=14, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, help_text="Since when the clock stands.")
    paused_for = models.DurationField(help_text="How long it stood before.")
    breached_at = models.DateTimeField(null=True, help_text="When somebody was told that it is overdue.")
    decided_at = models.DateTimeField(null=True, help_text="First decision: what the medians are of.")
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, blank=True, default="", help_text="Report.Outcome.")
    # Kept by cases.recount, so that the queue asks one table.
    report_count = models.PositiveIntegerField(default=0)
    source_count = models.PositiveIntegerField(default=0, help_text="Independent ones: reporters, not mails.")
    grade = models.PositiveSmallIntegerField(default=0, help_text="The best of its reports: Report.Grade.")
    last_report_at = models.DateTimeField()
    score = models.SmallIntegerField(default=0, help_text="0 to 100, by policy.")
    score_reasons = models.JSONField(default=list, help_text="Sentences, with points.")
    scored_at = models.DateTimeField(null=True)
    scored_report_count = models.PositiveIntegerField(
        default=0, db_default=0, help_text="report_count when it was scored."
    )
    purged_at = models.DateTimeField(null=True, help_text="When its retention ended.")

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["due_at", "-severity", "id"], name="cases_in_queue", condition=Q(closed_at=None)),
            models.Index(fields=["name", "-id"], name="cases_of_name"),
            models.Index(fields=["-closed_at"], name="cases_closed", condition=Q(closed_at__isnull=False)),
            models.Index(
                fields=["due_at", "-severity", "id"],
                name="cases_to_score",
                condition=Q(closed_at=None) & ~Q(report_count=F("scored_report_count")),
            ),
            models.Index(
                fields=["closed_at"], name="cases_to_purge", condition=Q(closed_at__isnull=False, purged_at=None)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="case_open_once",
                fields=["hostname", "account", "route"],
                condition=Q(closed_at=None, hostname__isnull=False),
            ),
            models.UniqueConstraint(
                name="case_of_own_name_open_once", fields=["name", "route"], condition=Q(closed_at=None, hostname=None)
            ),
            models.CheckConstraint(
                name="case_state_known",
                condition=Q(state__in=["open", "waits_reporter", "waits_customer"], closed_at=None)
                | Q(state="closed", closed_at__isnull=False),
            ),
        ]
        permissions = [
            ("decide_case", "Can dismiss, ask, warn, inform, hold and suspend on a case"),
            (
                "decide_gravely",
                "Can divert, lock accounts, reserve labels, block networks and patterns, decide above limits",
            ),
            ("approve_decision", "Can approve what needs a second person"),
            ("preserve_account", "Can preserve what an account has"),
            ("refer_case", "Can refer a case to an authority"),
            ("decide_appeal", "Can decide appeals"),
            ("view_restricted_case", "Is one of the named people for restricted cases"),
            ("export_case", "Can export a case with its evidence"),
            ("change_settings", "Can change categories, policy, feeds, templates, reporters and targets of diversion"),
        ]

    def __str__(self) -> str:
        return f"Case {self.pk}: {self.name}"

    @property
    def is_restricted(self) -> bool:
        """For named people only."""
        return self.route == "restricted"
