"""Alarms: what a person must look at, open until it is over, and the notices that say so."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def open(self) -> "AlarmQuerySet":
        return self.filter(closed_at=None)


class Alarm(models.Model):
    """One thing that went wrong with a zone or a nameserver. At most one is open for the same subject."""

    class Kind(models.TextChoices):
        APPEAL = "appeal", "an appeal is waited for"
        DELEGATION = "delegation", "the delegation changed"
        DIVERSION = "diversion", "diverted names lose their target"
        DESK = "desk", "the abuse desk is waited for"
        DRIFT = "drift", "the zone differs from the rows"
        HOLD = "hold", "a preservation hold ends"
        MAILBOX = "mailbox", "a mailbox cannot be read"
        OFFICER = "officer", "an authority's account is unusual"
        ORDER = "order", "an authority's order is waited for"
        SERVER = "server", "a nameserver is dead or stale"
        SETTINGS = "settings", "the zone's settings are unsafe"
        SIGHTING = "sighting", "a partner says that a shared name is innocent"
        ZONE = "zone", "the zone cannot be published"

    kind = models.CharField(max_length=16, choices=Kind)
    zone = models.ForeignKey("dnsupdate.Zone", on_delete=models.CASCADE, null=True, related_name="alarms")
    nameserver = models.ForeignKey("dnsupdate.Nameserver", on_delete=models.CASCADE, null=True, related_name="alarms")
    text = models.TextField(help_text="What happened, and what can be done.")
    opened_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now(), help_text="When the text last became another one.")
    closed_at = models.DateTimeField(null=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        ordering = [F("closed_at").desc(nulls_first=True), "-opened_at"]
        constraints = [
            models.UniqueConstraint(
                name="alarm_open_once",
                fields=["kind", "zone", "nameserver"],
                condition=Q(closed_at=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="alarm_kind_known",
                condition=Q(
                    kind__in=[
                        *("appeal", "delegation", "desk", "diversion", "drift", "hold", "mailbox"),
                        *("officer", "order", "server", "settings", "sighting", "zone"),
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        return " at ".join(str(each) for each in (self.zone, self.nameserver) if each is not None) or "the platform"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Notice(models.Model):
    """One message about an alarm over one channel: written with the alarm's change, sent afterwards, tried until it is sent."""

    class Event(models.TextChoices):
        OPENED = "opened"
        CHANGED = "changed"
        CLOSED = "closed"

    class Channel(models.TextChoices):
        MAIL = "mail"
        WEBHOOK = "webhook"

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="notices")
    event = models.CharField(max_length=8, choices=Event)
    channel = models.CharField(max_length=8, choices=Channel)
    text = models.TextField(help_text="The alarm's text at that time.")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    try_count = models.PositiveIntegerField(default=0)
    failure = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["created_at"], condition=Q(sent_at=None), name="notice_unsent")]

    def __str__(self) -> str:
        return f"{self.alarm} {self.event}, by {self.channel}"
