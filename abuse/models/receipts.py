"""Receipts: signed statements that something was received or decided; the keys that sign; the published heads of the ledger."""

import uuid

from django.db import models
from django.db.models import Q


class SigningKey(models.Model):
    """An Ed25519 key (RFC 8032). The private half is sealed, and gone once it was retired; the public half stays for good."""

    key_id = models.CharField(
        max_length=16, primary_key=True, help_text="The first digits of the public key's SHA-256."
    )
    public_key = models.BinaryField(max_length=32)
    sealed_private_key = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="signing_key_retired_whole",
                condition=Q(retired_at=None) & ~Q(sealed_private_key="")
                | Q(retired_at__isnull=False, sealed_private_key=""),
            ),
            models.UniqueConstraint(
                name="signing_key_in_use_once",
                fields=["retired_at"],
                nulls_distinct=False,
                condition=Q(retired_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.key_id


class Receipt(models.Model):
    """One signed statement. payload is the very text that was signed: canonical JSON."""

    class Kind(models.TextChoices):
        SUBMISSION = "submission", "received"
        DECISION = "decision", "decided"
        APPEAL = "appeal", "appeal"
        LEDGER_HEAD = "ledger_head", "head of the ledger"
        EXPORT = "export", "exported"
        ORDER = "order", "order of an authority"
        EFFECT = "effect", "effect of an order"
        DISCLOSURE = "disclosure", "disclosed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=Kind)
    submission = models.OneToOneField("abuse.Submission", on_delete=models.PROTECT, null=True, related_name="receipt")
    decision = models.ForeignKey("abuse.Decision", on_delete=models.PROTECT, null=True, related_name="receipts")
    appeal = models.ForeignKey("abuse.Appeal", on_delete=models.PROTECT, null=True, related_name="receipts")
    order = models.ForeignKey("abuse.Order", on_delete=models.PROTECT, null=True, related_name="receipts")
    payload = models.TextField()
    signature = models.BinaryField(max_length=64)
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()

    class Meta:
        ordering = ["-issued_at"]
        constraints = [
            models.CheckConstraint(
                name="receipt_kind_known",
                condition=Q(
                    kind__in=[
                        *("submission", "decision", "appeal", "ledger_head", "export"),
                        *("order", "effect", "disclosure"),
                    ]
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
