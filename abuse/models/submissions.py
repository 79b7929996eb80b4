"""Submissions: what came through a door, stored before anything parses it."""

import uuid

from django.db import models
from django.db.models import Q


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def unread(self) -> "SubmissionQuerySet":
        """Those that no parser has looked at to the end: the queue of the readers."""
        return self.filter(state=Submission.State.RECEIVED)

    def for_people(self) -> "SubmissionQuerySet":
        """Those that no parser understood: a person reads them."""
        return self.filter(state=Submission.State.UNREADABLE)


class Submission(models.Model):
    """One mail, upload, request, form or pull of a feed. Its reports follow from its octets."""

    class Door(models.TextChoices):
        FORM = "form", "form"
        MAIL = "mail", "mail"
        API = "api", "API"
        UPLOAD = "upload", "upload"
        FEED = "feed", "feed"

    class State(models.TextChoices):
        RECEIVED = "received", "waits to be read"
        READ = "read", "read"
        UNREADABLE = "unreadable", "waits for a person"
        SETTLED = "settled", "settled by a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    blob = models.ForeignKey("abuse.Blob", on_delete=models.PROTECT, related_name="submissions")
    door = models.CharField(max_length=8, choices=Door)
    source = models.CharField(max_length=300, help_text="Address of the request, envelope sender, or URL of the feed.")
    content_type = models.CharField(max_length=200, blank=True, default="")
    filename = models.CharField(max_length=300, blank=True, default="")
    default_kind = models.CharField(
        max_length=60,
        blank=True,
        default="",
        help_text="category/type where its format has none: of a feed, an upload.",
    )
    reporter = models.ForeignKey(
        "abuse.Reporter",
        on_delete=models.PROTECT,
        null=True,
        related_name="submissions",
        help_text="As it proved to be.",
    )
    received_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    format = models.CharField(max_length=30, blank=True, default="", help_text="The parser that understood it.")
    problem = models.TextField(
        blank=True, default="", help_text="Why no parser understood it, or what one passed over."
    )
    foreign_count = models.PositiveIntegerField(default=0, help_text="Names in it that are not ours.")
    repeated_count = models.PositiveIntegerField(
        default=0, help_text="Names in it that repeat another, or are of a hostname that is reported with it."
    )
    passed_over_count = models.PositiveIntegerField(default=0, help_text="Lines of it that name nothing.")
    read_at = models.DateTimeField(null=True)
    try_count = models.PositiveSmallIntegerField(default=0, help_text="How often somebody began to read it.")
    claimed_until = models.DateTimeField(null=True, help_text="Whoever reads it has so long; then another does.")
    purged_at = models.DateTimeField(null=True, help_text="When its retention ended.")
    settled_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            models.Index(
                fields=["received_at"], name="submissions_to_do", condition=Q(state__in=["received", "unreadable"])
            ),
            models.Index(fields=["-received_at"], name="submissions_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                name="submission_state_known", condition=Q(state__in=["received", "read", "unreadable", "settled"])
            ),
            models.CheckConstraint(
                name="submission_door_known", condition=Q(door__in=["form", "mail", "api", "upload", "feed"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_door_display()} {self.id}"
