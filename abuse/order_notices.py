"""Notices of orders: what customers are told about an order (DSA Art. 9(5), 10(5)), never before its seal ends."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from abuse import order_words
from abuse.models import Disclosure, Order, OrderItem, OrderNotice
from ddns import notifications
from ddns.models import Notification
from ddns.models.notifications import Kind

logger = logging.getLogger(__name__)

About = OrderNotice.About

# One transaction each.
CHUNK = 200
# One that fails is tried again then: by a template that is wrong, and that somebody mends.
PAUSE = timedelta(minutes=15)

# As rows and not as models: a chunk of an act has a thousand of them, and it was two fifths of its time.
_QUEUE = """
    INSERT INTO abuse_ordernotice (order_id, account_id, about, due_at, language, subject, text)
    SELECT %(order)s, account, %(about)s, %(due_at)s, '', '', '' FROM unnest(%(accounts)s::bigint[]) AS account
    ORDER BY account
    ON CONFLICT (order_id, account_id, about) DO NOTHING
    RETURNING account_id
"""


def queue(order: Order, about: OrderNotice.About, account_ids: Iterable[int]) -> None:
    """Due at once, or when the seal ends. Of an account whose names are in several chunks one waits: twice is once.

    Who was told already is told anew where more of theirs was touched since: an order that was stopped and goes on.
    Called within the transaction of a chunk: two statements, nothing locked but these rows, no network. Not for those who
    are merely preserved: nothing of theirs has changed.
    """
    now = timezone.now()
    due_at = max(now, order.sealed_until) if order.sealed_until else now
    ids = set(account_ids)
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"order": order.pk, "about": str(about), "due_at": due_at, "accounts": sorted(ids)})
        known = ids - {pk for (pk,) in cursor.fetchall()}
    if known:
        told = OrderNotice.objects.filter(order=order, about=about, account__in=known, told_at__isnull=False)
        told.filter(_has_more(About(about))).update(told_at=None, due_at=due_at)


def send_due(now: datetime) -> int:
    """Tells who is due, in the order in which it happened; gives how many. One at a time; may be stopped and run again.

    Not while an order is being carried out or undone: a customer is told of all of their names at once.
    """
    total = 0
    while count := _send_some(now):
        total += count
    return total


def purge(now: datetime) -> int:
    """Empties what was told to accounts that were forgotten; gives how many. Kept: that of accounts under a hold."""
    is_free = Q(account__preserve_until=None) | Q(account__preserve_until__lte=now)
    over = OrderNotice.objects.filter(is_free, account__forgotten_at__isnull=False).exclude(text="")
    return over.update(subject="", text="")


def due(now: datetime) -> QuerySet[OrderNotice]:
    """The seal is asked too: one that was prolonged since holds."""
    is_open = Q(order__sealed_until=None) | Q(order__sealed_until__lte=now)
    rows = OrderNotice.objects.filter(is_open, told_at=None, due_at__lte=now).order_by("pk")
    return rows.exclude(order__state__in=[Order.State.ACTING, Order.State.UNDOING])


def _send_some(now: datetime) -> int:
    """The next ones; where that fails each by itself, since else those behind one would be told nothing for ever."""
    ids = list(due(now).values_list("pk", flat=True)[:CHUNK])
    try:
        return _send(ids, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("%d notices of orders could not be sent together.", len(ids))
        return sum(_send_one(each, now) for each in ids)


def _send_one(notice: int, now: datetime) -> int:
    try:
        return _send([notice], now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Notice of an order %d could not be sent.", notice)
        OrderNotice.objects.filter(pk=notice).update(due_at=now + PAUSE)
        return 0


@transaction.atomic
def _send(ids: list[int], now: datetime) -> int:
    rows = due(now).filter(pk__in=ids).select_related("order__agency", "account")
    notices = list(rows.select_for_update(of=("self",)))
    if not notices:
        return 0
    # Nobody reads in an account that was forgotten: its row says that there was nobody to tell.
    present = [each for each in notices if each.account.forgotten_at is None]
    for notice, words in zip(present, order_words.of(present), strict=True):
        notice.language, notice.subject, notice.text = words.language, words.subject, words.text
    for notice in notices:
        notice.told_at = now
    OrderNotice.objects.bulk_update(notices, ["told_at", "language", "subject", "text"])
    notifications.tell_all([_news(each) for each in present])
    return len(notices)


def _news(notice: OrderNotice) -> Notification:
    return Notification(
        account=notice.account,
        kind=Kind.STATEMENT,
        details={"headline": notice.subject, "text": notice.text, "order": str(notice.order_id)},
    )


def _has_more(about: OrderNotice.About) -> Exists:
    """Whether something was done after they were told."""
    if about == About.DISCLOSURE:
        fetched = Disclosure.objects.filter(order=OuterRef("order"), accounts=OuterRef("account"))
        return Exists(fetched.filter(fetched_at__gt=OuterRef("told_at")))
    items = OrderItem.objects.filter(order=OuterRef("order"), account=OuterRef("account"))
    at = "acted_at" if about == About.NAMES else "undone_at"
    return Exists(items.filter(**{f"{at}__gt": OuterRef("told_at")}))
