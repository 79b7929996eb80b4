"""Reports: one complaint about one name, url or address each; and the evidence that came with it."""

import uuid

from django.db import models
from django.db.models import Q

_PICTURE_NAMES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")


class ReportQuerySet(models.QuerySet["Report"]):
    def counted(self) -> "ReportQuerySet":
        """Those that say something new: no duplicates, nothing taken back."""
        return self.filter(duplicate_of=None).exclude(state=Report.State.WITHDRAWN)


class Report(models.Model):
    """One complaint as a parser understood it, with what we found about its subject. What was sent is in its submission."""

    class State(models.TextChoices):
        MATCHING = "matching", "waits to be matched"
        OPEN = "open", "on a case"
        DUPLICATE = "duplicate", "the same again"
        NOT_OURS = "not_ours", "not a name of ours"
        WITHDRAWN = "withdrawn", "taken back"
        CLOSED = "closed", "answered"

    class Standing(models.TextChoices):
        """What its subject is to us."""

        HELD = "held", "held by a customer at the time of the evidence"
        HELD_SINCE = "held_since", "held by another customer now than at the time of the evidence"
        RELEASED = "released", "was held, is not any more"
        NEVER = "never", "never existed"
        NOT_OURS = "not_ours", "not under our domains"
        INFRASTRUCTURE = "infrastructure", "the platform's own"
        UNKNOWN = "", "not matched yet"

    class Outcome(models.TextChoices):
        UPHELD = "upheld", "upheld: acted on"
        INFORMED = "informed", "the customer was informed"
        FORWARDED = "forwarded", "forwarded to who can act"
        REJECTED = "rejected", "not upheld"
        INSUFFICIENT = "insufficient", "too little evidence"
        ALREADY_DONE = "already_done", "acted on before"
        NOT_OURS = "not_ours", "not ours"
        PENDING = "", "no outcome yet"

    class Grade(models.IntegerChoices):
        """How much the evidence shows. Verified by us, not claimed."""

        NONE = 0, "a claim"
        DESCRIBED = 1, "a description that can be followed"
        ATTACHED = 2, "attached evidence"
        VERIFIED = 3, "evidence that agrees with our own history"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey("abuse.Submission", on_delete=models.PROTECT, related_name="reports")
    position = models.PositiveIntegerField(default=0, help_text="Within the submission, from 0.")
    reporter = models.ForeignKey("abuse.Reporter", on_delete=models.PROTECT, related_name="reports")
    complainant = models.JSONField(
        default=dict,
        blank=True,
        help_text="The victim or client on whose behalf the reporter writes: org, contact, domain.",
    )
    contact = models.EmailField(blank=True, default="", help_text="Where its answer goes; empty: nowhere.")
    is_anonymous = models.BooleanField(
        default=False, help_text="Whether the reporter's name is kept from the customer."
    )
    category = models.ForeignKey("abuse.Category", on_delete=models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=60, help_text="category/type as the reporter said, in XARF's words.")
    name = models.CharField(max_length=253, blank=True, default="", help_text="The host reported, normalised.")
    url = models.TextField(blank=True, default="")
    address = models.GenericIPAddressField(null=True)
    port = models.PositiveIntegerField(null=True)
    evidence_at = models.DateTimeField(
        help_text="When the reporter saw it; when it was received, where nothing was said."
    )
    description = models.TextField(blank=True, default="")
    language = models.CharField(max_length=10, blank=True, default="")
    is_good_faith = models.BooleanField(default=False, help_text="DSA Art. 16(2)(d).")
    details = models.JSONField(
        default=dict, help_text="What else was said: malware family, confidence, the reporter's DNS."
    )
    external_id = models.CharField(max_length=200, blank=True, default="", help_text="The reporter's own number.")
    fingerprint = models.CharField(
        max_length=64, help_text="SHA-256 of who says what about what: the same again is one."
    )
    grade = models.PositiveSmallIntegerField(choices=Grade, default=Grade.NONE)
    warnings = models.JSONField(
        default=list, help_text="What is wrong with it, in sentences: wrong hashes, cut fields."
    )
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.MATCHING)
    standing = models.CharField(max_length=14, choices=Standing, blank=True, default=Standing.UNKNOWN)
    hostname = models.ForeignKey(
        "ddns.Hostname",
        on_delete=models.PROTECT,
        null=True,
        related_name="abuse_reports",
        help_text="Held at that time.",
    )
    case = models.ForeignKey("abuse.Case", on_delete=models.PROTECT, null=True, related_name="reports")
    duplicate_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="duplicates")
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True, default=Outcome.PENDING)
    answer = models.TextField(blank=True, default="", help_text="What the reporter was told.")
    answered_at = models.DateTimeField(null=True)
    mail = models.ForeignKey(
        "abuse.ReporterMail",
        on_delete=models.SET_NULL,
        null=True,
        related_name="reports",
        help_text="That tells the answer.",
    )
    purged_at = models.DateTimeField(
        null=True, help_text="What was said in it is gone since then: its retention ended."
    )

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            models.Index(fields=["fingerprint"], name="reports_by_fingerprint"),
            models.Index(fields=["name", "-received_at"], name="reports_of_name"),
            models.Index(fields=["received_at"], name="reports_to_match", condition=Q(state="matching")),
            models.Index(fields=["-received_at"], name="reports_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(name="report_position_once", fields=["submission", "position"]),
            models.CheckConstraint(
                name="report_state_known",
                condition=Q(state__in=["matching", "open", "duplicate", "not_ours", "withdrawn", "closed"]),
            ),
            models.CheckConstraint(name="report_open_has_case", condition=~Q(state="open") | Q(case__isnull=False)),
        ]
        permissions = [
            ("file_report", "Can file reports and settle what no parser understood"),
            ("view_evidence", "Can look at evidence; every look is in the ledger"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name or self.url or self.address}"


class Evidence(models.Model):
    """One attachment of a report. Claimed hashes and sizes are kept beside what we measured, and trusted never."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="evidence")
    blob = models.ForeignKey("abuse.Blob", on_delete=models.PROTECT, related_name="evidence")
    filename = models.CharField(max_length=300, blank=True, default="")
    content_type = models.CharField(max_length=200, blank=True, default="", help_text="As claimed.")
    description = models.TextField(blank=True, default="")
    claimed_sha256 = models.CharField(max_length=64, blank=True, default="")
    claimed_size = models.BigIntegerField(null=True)
    problem = models.TextField(blank=True, default="", help_text="Why it is not what it claims to be; empty: it is.")
    is_quarantined = models.BooleanField(default=False, help_text="Shown to nobody without a second look at why.")

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return self.filename or self.description[:60] or self.content_type

    @property
    def looks_like_picture(self) -> bool:
        """By what it calls itself; whether it is one is found out when it is painted."""
        return self.content_type.lower().startswith("image/") or self.filename.lower().endswith(_PICTURE_NAMES)
