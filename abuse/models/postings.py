"""Postings: requests to the API for reporters that may come again."""

from django.db import models


class Posting(models.Model):
    """What was posted, and the submission that it became. key is the reporter's own name for the request, or empty.

    source keeps apart those who show no key: the line that it came from.
    """

    reporter = models.ForeignKey("abuse.Reporter", on_delete=models.CASCADE, null=True, related_name="+")
    source = models.CharField(max_length=45, blank=True, default="")
    key = models.CharField(max_length=255, blank=True, default="")
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of what was posted, and as what.")
    submission = models.ForeignKey("abuse.Submission", on_delete=models.CASCADE, related_name="postings")
    posted_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["reporter", "source", "key"], name="postings_by_key"),
            models.Index(fields=["reporter", "digest"], name="postings_by_digest"),
            models.Index(fields=["posted_at"], name="postings_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.key}".strip()
