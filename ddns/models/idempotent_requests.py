"""Idempotent requests: what was answered to a request that its client may send again."""

from django.db import models


class IdempotentRequest(models.Model):
    """A request with an Idempotency-Key, claimed by whoever answers it, and then its answer.

    digest is of everything that makes it the same request. The answer is sealed: the text of a new key is in one.
    """

    account = models.ForeignKey("ddns.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    digest = models.BinaryField(max_length=32)
    claimed_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="Of the answer; empty while there is none.")
    sealed_answer = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(name="idempotency_key_once", fields=["account", "key"])]
        indexes = [models.Index(fields=["claimed_at"], name="idempotent_requests_by_age")]

    def __str__(self) -> str:
        return self.key
