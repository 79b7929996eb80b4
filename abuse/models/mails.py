"""Mails: what was received and what was answered to it; the mailbox that is polled, and how it fares."""

from django.db import models
from django.db.models import Q


class MailQuerySet(models.QuerySet["Mail"]):
    def to_answer(self) -> "MailQuerySet":
        """Those that wait for their acknowledgement: the queue of whoever sends it."""
        return self.filter(due_at__isnull=False)


class Mail(models.Model):
    """One mail, however often and by whichever way it came. Its acknowledgement waits while due_at is set."""

    submission = models.OneToOneField("abuse.Submission", on_delete=models.PROTECT, related_name="mail")
    digest = models.BinaryField(max_length=32, unique=True, help_text="SHA-256 of what is the same by every way.")
    message_id = models.CharField(max_length=300, blank=True, default="")
    sender = models.CharField(max_length=320, blank=True, default="", help_text="Of the envelope; empty: a bounce.")
    recipient = models.CharField(max_length=320, blank=True, default="", help_text="Of the envelope.")
    subject = models.CharField(max_length=300, blank=True, default="")
    language = models.CharField(max_length=10, blank=True, default="", help_text="As the mail says (RFC 3282).")
    received_at = models.DateTimeField()
    answer_to = models.CharField(max_length=320, blank=True, default="")
    withheld = models.CharField(max_length=200, blank=True, default="", help_text="Why it is not acknowledged.")
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    try_count = models.PositiveIntegerField(default=0)
    failure = models.TextField(blank=True, default="")

    objects = MailQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="mails_to_answer", condition=Q(due_at__isnull=False)),
            models.Index(fields=["answer_to", "-received_at"], name="mails_by_address"),
        ]

    def __str__(self) -> str:
        return self.subject or self.message_id


class Mailbox(models.Model):
    """A mailbox that is polled, by what was seen there."""

    name = models.CharField(max_length=300, unique=True, help_text="user@host/folder.")
    polled_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failure = models.TextField(blank=True, default="")
    waiting_count = models.PositiveIntegerField(default=0, help_text="That were there after the last poll.")
    oldest_at = models.DateTimeField(null=True, help_text="When the oldest of those arrived.")
    left_count = models.PositiveIntegerField(default=0, help_text="Too big, or empty: flagged, for a person.")

    class Meta:
        verbose_name_plural = "mailboxes"

    def __str__(self) -> str:
        return self.name
