"""Blobs: octets as they were received, by their SHA-256. Never re-encoded."""

from django.db import models
from django.db.models import Q


class Blob(models.Model):
    """What was received, once, however often it came. content is empty after its retention: that it was there stays."""

    sha256 = models.CharField(max_length=64, primary_key=True, help_text="Of the octets, 64 hexadecimal digits.")
    size = models.PositiveBigIntegerField(help_text="Octets.")
    content = models.BinaryField()
    stored_at = models.DateTimeField(auto_now_add=True)
    purged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="blob_purged_is_empty", condition=Q(purged_at=None) | Q(purged_at__isnull=False, content=b"")
            )
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]}… ({self.size} octets)"
