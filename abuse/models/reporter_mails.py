"""Mails to reporters: answers to their reports, many in one; warnings. The rows are the queue."""

from django.db import models
from django.db.models import Q


class ReporterMailQuerySet(models.QuerySet["ReporterMail"]):
    def gathering(self) -> "ReporterMailQuerySet":
        """Those that further answers may still join."""
        return self.filter(text="", due_at__isnull=False)


class ReporterMail(models.Model):
    """One mail to one address. While it has no text, answers may join it; it gets its text when it is first sent."""

    address = models.EmailField()
    subject = models.CharField(max_length=300, blank=True, default="")
    text = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True, help_text="Empty: sent, or given up.")
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    try_count = models.PositiveSmallIntegerField(default=0)
    failure = models.TextField(blank=True, default="")

    objects = ReporterMailQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["due_at"], name="reporter_mails_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["address", "-created_at"], name="reporter_mails_of_address"),
            models.Index(fields=["created_at"], name="reporter_mails_by_age"),
        ]

    def __str__(self) -> str:
        return self.subject or f"to {self.address}"
