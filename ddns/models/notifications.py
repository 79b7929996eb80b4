"""Notifications: what happened that an account's owner wants to know, and by which ways."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What can happen."""

    ADDRESS_CHANGED = "address_changed", _("An address changed")
    NOT_SEEN = "not_seen", _("A device has fallen silent")
    SEEN_AGAIN = "seen_again", _("A silent device is back")
    EXPIRING = "expiring", _("A hostname expires soon")
    EXPIRED = "expired", _("A hostname has expired")
    SUSPENDED = "suspended", _("A hostname or the account was suspended")
    LIFTED = "lifted", _("A suspension was lifted")
    NEW_KEY = "new_key", _("A key was made")
    NEW_WEBHOOK = "new_webhook", _("A webhook was added")
    KEY_EXPIRING = "key_expiring", _("A key expires soon")
    WEBHOOK_DISABLED = "webhook_disabled", _("A webhook was switched off")
    # In the words that came with it: what it is about is decided elsewhere.
    STATEMENT = "statement", _("The abuse desk decided or wrote something")


# Whoever could switch these off would lose a name unwarned, or not hear of a stranger in the account.
ALWAYS_MAILED = frozenset({Kind.EXPIRING, Kind.EXPIRED, Kind.SUSPENDED, Kind.LIFTED, Kind.NEW_WEBHOOK, Kind.STATEMENT})
# Everything but what a healthy device does by itself, every day in some places.
MAILED_BY_DEFAULT = frozenset(set(Kind) - {Kind.ADDRESS_CHANGED})


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at=None)

    def of(self, account) -> "NotificationQuerySet":
        """The newest first, with what a list of them shows."""
        return self.filter(account=account).select_related("hostname").order_by("-pk")


class Notification(models.Model):
    """One thing that happened, as facts: the words are in ddns.wordings."""

    account = models.ForeignKey("ddns.User", on_delete=models.CASCADE, related_name="notifications", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    hostname = models.ForeignKey("ddns.Hostname", on_delete=models.CASCADE, null=True, related_name="notifications")
    details = models.JSONField(default=dict)
    occasion = models.CharField(
        max_length=80, blank=True, default="", help_text="What is told once: the same kind and occasion never twice."
    )
    at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["account", "-id"], name="notifications_of_account"),
            models.Index(fields=["at"], name="notifications_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="notification_once", fields=["account", "kind", "occasion"], condition=~Q(occasion="")
            ),
            models.CheckConstraint(name="notification_kind_known", condition=Q(kind__in=Kind.values)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.hostname or self.account}"


class Preference(models.Model):
    """By which ways an account wants to be told of a kind. Without one: MAILED_BY_DEFAULT, and every webhook."""

    account = models.ForeignKey("ddns.User", on_delete=models.CASCADE, related_name="preferences")
    kind = models.CharField(max_length=20, choices=Kind)
    by_mail = models.BooleanField()
    by_webhook = models.BooleanField(default=True)
    days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of silence after which a device counts as silent; empty: the usual."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="preference_once", fields=["account", "kind"]),
            models.CheckConstraint(name="preference_kind_known", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(name="preference_days_in_range", condition=Q(days__gte=1, days__lte=365)),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.kind}"
