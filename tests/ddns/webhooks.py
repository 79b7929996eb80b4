"""Webhooks that tests have without the notification that tells of them."""

from ddns import webhooks
from ddns.models import Notification, User, Webhook
from ddns.models.notifications import Kind


def added(account: User, url: str) -> tuple[Webhook, str]:
    """With its secret, and as if its owner had read of it long ago."""
    webhook, secret = webhooks.add(account, url)
    Notification.objects.filter(account=account, kind=Kind.NEW_WEBHOOK).delete()
    return webhook, secret
