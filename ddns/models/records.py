"""Records: what a hostname answers besides its addresses, and the names below it that answer something of their own."""

from django.db import models

from dnsupdate.models import Publication


class RecordQuerySet(models.QuerySet["Record"]):
    def challenges(self) -> "RecordQuerySet":
        """TXT values that prove a name to a certification authority (RFC 8555 §8.4)."""
        return self.filter(rdtype="TXT").filter(
            models.Q(label=CHALLENGE_LABEL) | models.Q(label__startswith=f"{CHALLENGE_LABEL}.")
        )

    def configured(self) -> "RecordQuerySet":
        """Those that people set, and a plan limits: all but challenges."""
        return self.exclude(pk__in=self.model.objects.challenges().values("pk"))


CHALLENGE_LABEL = "_acme-challenge"
MAX_RDATA_CHARACTERS = 1024


class Record(models.Model):
    """One record of a hostname or of a name below it. Its RRset's TTL is the hostname's unless it has one of its own."""

    hostname = models.ForeignKey("ddns.Hostname", on_delete=models.CASCADE, related_name="records")
    label = models.CharField(
        max_length=200, blank=True, default="", help_text="The owner name relative to the hostname; empty: itself."
    )
    rdtype = models.CharField(max_length=10)
    rdata = models.CharField(
        max_length=MAX_RDATA_CHARACTERS, help_text="In presentation form, names absolute (RFC 1035 §5.1)."
    )
    ttl = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        # The order in which they were made: the oldest challenge gives way first.
        ordering = ["label", "rdtype", "pk"]
        constraints = [
            models.UniqueConstraint(name="record_once", fields=["hostname", "label", "rdtype", "rdata"]),
        ]

    def __str__(self) -> str:
        return f"{self.owner_name} {self.rdtype} {self.rdata}"

    @property
    def owner_name(self) -> str:
        """The whole name (one query unless the hostname is selected)."""
        return f"{self.label}.{self.hostname.name}" if self.label else self.hostname.name


class BelowName(models.Model):
    """An owner name below a hostname that answers something, or did a moment ago: it must be withdrawn with the hostname."""

    hostname = models.ForeignKey("ddns.Hostname", on_delete=models.CASCADE, related_name="below_names")
    label = models.CharField(max_length=200, help_text="Relative to the hostname.")
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="below_name_once", fields=["hostname", "label"])]

    def __str__(self) -> str:
        return f"{self.label} below {self.hostname_id}"
