"""Webhooks: where an account's notifications are posted to, and how it goes there."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def due(self, at: datetime) -> "WebhookQuerySet":
        """Those that something waits for and that may be posted to now, the one that has waited longest first."""
        waiting = Delivery.objects.filter(webhook=OuterRef("pk"), due_at__lte=at)
        return self.filter(Exists(waiting), is_enabled=True, next_at__lte=at, account__closed_at=None).order_by(
            "next_at", "pk"
        )


class Webhook(models.Model):
    """A receiver of JSON by POST. Its secret is sealed (dnsupdate.secrets)."""

    account = models.ForeignKey("ddns.User", on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    sealed_secret = models.TextField()
    sealed_old_secret = models.TextField(blank=True, default="")
    old_secret_until = models.DateTimeField(null=True, help_text="Until then both secrets sign.")
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    next_at = models.DateTimeField(help_text="Nothing is posted before.")
    failure_count = models.PositiveIntegerField(default=0, help_text="In a row.")
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True, help_text="When it was switched off because it kept failing.")

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(name="webhook_url_once", fields=["account", "url"])]

    def __str__(self) -> str:
        return self.url


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def by_mail(self) -> "DeliveryQuerySet":
        return self.filter(webhook=None)

    def due(self, at: datetime) -> "DeliveryQuerySet":
        return self.filter(due_at__lte=at)


class Delivery(models.Model):
    """One notification on its way by mail or to one webhook; the row is the queue. Without a notification it is a test.

    It waits while due_at is set; then it was sent, or given up, or both when somebody had it sent again.
    """

    account = models.ForeignKey("ddns.User", on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    notification = models.ForeignKey(
        "ddns.Notification", on_delete=models.CASCADE, null=True, related_name="deliveries"
    )
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, null=True, related_name="deliveries", help_text="None: by mail."
    )
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True)
    try_count = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, help_text="What came in one mail has the same time.")
    given_up_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="That the webhook answered with.")
    answer = models.TextField(blank=True, default="", help_text="The beginning of what it answered, or what failed.")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="deliveries_waiting"),
            models.Index(fields=["account", "sent_at"], condition=Q(webhook=None), name="mails_of_account"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="delivery_once",
                fields=["notification", "webhook"],
                condition=Q(notification__isnull=False),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="delivery_has_a_subject", condition=Q(notification__isnull=False) | Q(webhook__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notification or 'test'} by {self.webhook or 'mail'}"

    @property
    def identity(self) -> str:
        """The same for every try of it."""
        return f"msg_{self.pk}"
