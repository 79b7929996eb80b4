"""Server states: what each authoritative server of a zone said when it was last asked, and what it lacks since when."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

# A restart takes seconds: a server that misses one look and has the next is no alarm.
SILENT_AFTER = timedelta(seconds=30)
# Knot 3.2 may be a second late under steady change, and a zone of a million names takes some seconds to transfer whole.
STALE_AFTER = timedelta(seconds=60)


class ServerStateQuerySet(models.QuerySet["ServerState"]):
    def worst_first(self) -> "ServerStateQuerySet":
        """Those that gave nothing, longest first; then those that are behind, longest first; then the others."""
        return self.annotate(is_without_answer=~Q(error="")).order_by(
            "-is_without_answer",
            F("behind_since").asc(nulls_last=True),
            F("answered_at").asc(nulls_first=True),
            "zone__name",
            "nameserver__name",
        )


class ServerState(models.Model):
    """One zone at one of its servers, the primary or a secondary. Written by dnsupdate.server_states.watch."""

    class State(models.TextChoices):
        DEAD = "dead", "dead"
        SILENT = "silent", "no answer"
        STALE = "stale", "stale"
        BEHIND = "behind", "behind"
        CURRENT = "current", "current"

    zone = models.ForeignKey("dnsupdate.Zone", on_delete=models.CASCADE, related_name="server_states")
    nameserver = models.ForeignKey("dnsupdate.Nameserver", on_delete=models.CASCADE, related_name="server_states")
    serial = models.BigIntegerField(null=True, help_text="Of the last answer with authority.")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, help_text="The last answer with authority.")
    error = models.TextField(blank=True, default="", help_text="Why the last try gave nothing.")
    behind_since = models.DateTimeField(null=True, help_text="Since when the primary has what this server lacks.")
    awaited_serial = models.BigIntegerField(
        null=True, help_text="What the primary had at behind_since: once it is here, the next delay is a new one."
    )
    asked_count = models.BigIntegerField(default=1, help_text="How often it was asked.")

    objects = ServerStateQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="server_state_once", fields=["zone", "nameserver"])]

    def __str__(self) -> str:
        return f"{self.zone} at {self.nameserver}"

    @property
    def lag(self) -> timedelta | None:
        """How old what it lacks was at the last look: zero where it lacks nothing, None where it gave no answer."""
        if self.error:
            return None
        return self.asked_at - self.behind_since if self.behind_since else timedelta(0)

    @property
    def state(self) -> "ServerState.State":
        lag = self.lag
        if lag is None:
            return self.State.DEAD if self._is_silent_for_long else self.State.SILENT
        if lag > STALE_AFTER:
            return self.State.STALE
        return self.State.BEHIND if lag else self.State.CURRENT

    @property
    def is_bad(self) -> bool:
        """Whether a person must look at it."""
        return self.state in (self.State.DEAD, self.State.STALE)

    @property
    def _is_silent_for_long(self) -> bool:
        # One that has never answered may have got its zone this very second: the next look tells.
        if self.answered_at is None:
            return self.asked_count > 1
        return self.asked_at - self.answered_at > SILENT_AFTER
