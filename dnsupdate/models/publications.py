"""Publications: one row per owner name, with what DNS shall answer there."""

from django.db import models
from django.db.models import F


class PublicationQuerySet(models.QuerySet["Publication"]):
    def dirty(self) -> "PublicationQuerySet":
        return self.filter(published_revision__lt=F("revision"))

    def answering(self) -> "PublicationQuerySet":
        """Those that shall answer something."""
        return self.exclude(rrsets={})


class Publication(models.Model):
    """The RRsets that an owner name shall have. Dirty while published_revision < revision.

    rrsets maps a type to its TTL in seconds and its rdata: {"A": {"ttl": 60, "rdata": ["192.0.2.1"]}}; {} withdraws the name.
    No index names a column that an update touches, so that updates stay heap-only (HOT); the index of what
    is dirty is PendingPublication.
    """

    zone = models.ForeignKey("dnsupdate.Zone", on_delete=models.PROTECT, related_name="publications")
    name = models.CharField(max_length=253, help_text="The owner name, normalised.")
    rrsets = models.JSONField(default=dict)
    revision = models.BigIntegerField(default=0)
    published_revision = models.BigIntegerField(default=0)
    published_at = models.DateTimeField(null=True, help_text="When the primary acknowledged the last revision.")
    withdrawn_at = models.DateTimeField(
        null=True, help_text="Since when the name answers nothing: the first acknowledgement, whatever was sent again."
    )
    refusal = models.TextField(blank=True, default="", help_text="Why the primary would not take these records.")

    objects = PublicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="publication_name_once", fields=["zone", "name"]),
            models.CheckConstraint(
                name="publication_not_ahead", condition=models.Q(published_revision__lte=F("revision"))
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_dirty(self) -> bool:
        return self.published_revision < self.revision

    @property
    def is_withdrawn(self) -> bool:
        """Whether the primary has acknowledged that the name answers nothing."""
        return not self.is_dirty and not self.rrsets and self.published_at is not None
