"""Feeds: lists of bad names and URLs that others publish, pulled at intervals. Off unless switched on."""

from django.db import models
from django.db.models import Q


class Feed(models.Model):
    """One URL in one format. A secret that it wants is stored sealed and shown never."""

    class Format(models.TextChoices):
        URLHAUS = "urlhaus", "URLhaus (CSV or JSON)"
        THREATFOX = "threatfox", "ThreatFox (CSV or JSON)"
        XARF = "xarf", "XARF (one report or a list)"
        STIX = "stix", "STIX 2.1 bundle"
        MISP = "misp", "MISP event(s)"
        NAMES = "names", "names, one on each line"

    name = models.CharField(max_length=80, unique=True)
    url = models.URLField(max_length=500)
    format = models.CharField(max_length=10, choices=Format)
    reporter = models.ForeignKey("abuse.Reporter", on_delete=models.PROTECT, related_name="feeds")
    default_kind = models.CharField(max_length=60, default="content/malware", help_text="Where the feed does not say.")
    is_enabled = models.BooleanField(default=False)
    every = models.DurationField(help_text="Between two pulls.")
    auth_header = models.CharField(max_length=60, blank=True, default="", help_text="Such as Auth-Key; empty: none.")
    sealed_secret = models.TextField(blank=True, default="", editable=False)
    etag = models.CharField(max_length=200, blank=True, default="", editable=False)
    next_at = models.DateTimeField(null=True, editable=False)
    pulled_at = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    failure = models.TextField(blank=True, default="", editable=False)

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["next_at"], name="feeds_due", condition=Q(is_enabled=True))]

    def __str__(self) -> str:
        return self.name
