"""Notifications: written with what they tell of, in one transaction; read, and forgotten in the end.

Nothing is sent here: the rows of deliveries are the queue (ddns.mails, ddns.posting).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from ddns import preferences
from ddns.models import Delivery, Expiry, Hostname, Notification, Preference, User, Webhook
from ddns.models.notifications import Kind

# A router sends IPv4 and IPv6 in two requests, and a line that comes back changes its address twice: one mail for all of it.
SETTLES_IN = {Kind.ADDRESS_CHANGED: timedelta(minutes=1)}
# A hostname that changes every few seconds must not fill the table: nobody reads more.
KEPT_PER_ACCOUNT = 1000
PURGE_CHUNK = 5000


def tell(
    account: User,
    kind: Kind,
    *,
    hostname: Hostname | None = None,
    details: dict[str, Any] | None = None,
    occasion: str = "",
) -> Notification:
    """Call it within the transaction of what it tells of. An occasion is told once: IntegrityError the second time."""
    told = Notification(account=account, kind=kind, hostname=hostname, details=details or {}, occasion=occasion)
    return tell_all([told])[0]


@transaction.atomic
def tell_all(news: Sequence[Notification]) -> list[Notification]:
    """Unsaved ones, stored with what is to be delivered of each. Four queries, however many they are."""
    if not news:
        return []
    told = Notification.objects.bulk_create(news)
    accounts = {each.account_id for each in told}
    ways = preferences.of_all(accounts)
    webhooks: dict[int, list[int]] = {}
    for account_id, pk in Webhook.objects.filter(account__in=accounts, is_enabled=True).values_list("account_id", "pk"):
        webhooks.setdefault(account_id, []).append(pk)
    now, deliveries = timezone.now(), []
    for each in told:
        kind = Kind(each.kind)
        wanted = ways[each.account_id, kind]
        if wanted.by_mail and settings.CAN_MAIL:
            due_at = now + SETTLES_IN.get(kind, timedelta())
            deliveries.append(Delivery(account_id=each.account_id, notification=each, due_at=due_at))
        for webhook_id in webhooks.get(each.account_id, []) if wanted.by_webhook else []:
            deliveries.append(
                Delivery(account_id=each.account_id, notification=each, webhook_id=webhook_id, due_at=now)
            )
    Delivery.objects.bulk_create(deliveries)
    return told


def read_all(account: User, *, up_to: int) -> int:
    """Marks those up to this number as read, not what came after somebody looked; gives how many."""
    return Notification.objects.unread().filter(account=account, pk__lte=up_to).update(read_at=Now())


@transaction.atomic
def forget(account: User) -> None:
    """Everything that was told, where it was sent, and what was chosen."""
    Notification.objects.filter(account=account).delete()
    Webhook.objects.filter(account=account).delete()
    Preference.objects.filter(account=account).delete()


def purge(before: datetime) -> int:
    """Ends what is older, and of what is younger all but the newest KEPT_PER_ACCOUNT of an account; gives how many.

    Kept: the last warning of a hostname that expires, without which it would be warned of anew, and those of accounts under a
    preservation hold. Some thousand at a time; may be stopped and run again.
    """
    total, preserved = 0, Q(account__preserve_until__gt=Now())
    while True:
        is_pending = Exists(Expiry.objects.filter(warning=OuterRef("pk")))
        old = Notification.objects.filter(~is_pending, at__lt=before).exclude(preserved)
        oldest = old.order_by("at").values("pk")[:PURGE_CHUNK]
        count = _delete(list(oldest.values_list("pk", flat=True))) + _delete(_superfluous())
        # Tests of webhooks, which no notification takes along.
        old_tests = Delivery.objects.filter(notification=None, created_at__lt=before).exclude(preserved)
        count += old_tests.delete()[0]
        total += count
        if not count:
            return total


def _superfluous() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT notification.id FROM (
                SELECT account_id FROM ddns_notification GROUP BY account_id HAVING count(*) > %(kept)s
            ) AS crowded JOIN ddns_user AS account
                ON account.id = account_id AND (account.preserve_until <= now()) IS NOT FALSE CROSS JOIN LATERAL (
                SELECT id FROM ddns_notification WHERE account_id = crowded.account_id ORDER BY id DESC OFFSET %(kept)s
            ) AS notification
            WHERE NOT EXISTS (SELECT FROM ddns_expiry WHERE warning_id = notification.id) LIMIT %(chunk)s
            """,
            {"kept": KEPT_PER_ACCOUNT, "chunk": PURGE_CHUNK},
        )
        return [pk for (pk,) in cursor.fetchall()]


def _delete(ids: list[int]) -> int:
    Notification.objects.filter(pk__in=ids).delete()
    return len(ids)
