"""Renewals: a hostname lives as long as somebody cares. Activity renews it, a person can; who does neither is warned, and
loses it in the end.

Activity is any authenticated request about it, unchanged updates included, and a log-in of its owner. Whoever cannot be
warned loses nothing: every warning must have been sent so long before the end as it says.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from ddns import cursors, hostnames, notifications
from ddns.errors import LinkInvalid
from ddns.models import Delivery, Expiry, Hostname, Notification, Renewal, User
from ddns.models.notifications import Kind

logger = logging.getLogger(__name__)

# Of the end. The first leaves time for a holiday, the last for a mail that was overlooked.
WARNINGS = (timedelta(days=30), timedelta(days=7), timedelta(days=1))
# Contacts are written some seconds late: who was heard at the last moment was in time.
GRACE = timedelta(minutes=5)
# Longer than from the first warning to the end, with all delays that sending is granted.
LINK_LIFETIME = timedelta(days=60)
EVERY = timedelta(hours=1)
RUN_SECONDS = 10.0
RELEASES_PER_RUN = 200
SWEEP_NEW, SWEEP_OPEN = "expiries-new", "expiries-open"
_SALT = "ddns.renewals"


def look() -> None:
    """Warns, goes on with what was warned of, releases; bounded in time, resumable, as often as one likes.

    Where hostnames do not expire or mail cannot be sent it does nothing.
    """
    if not settings.EXPIRE_AFTER or not settings.CAN_MAIL:
        return
    cursors.sweep(SWEEP_NEW, Hostname, _find, every=EVERY, seconds=RUN_SECONDS)
    cursors.sweep(SWEEP_OPEN, Hostname, _go_on, every=EVERY, seconds=RUN_SECONDS)
    for hostname_id in _over():
        _release(hostname_id)


@transaction.atomic
def renew(account: User, held: Collection[int]) -> int:
    """These hostnames of the account, by number, stay, as if a device had spoken of them now; gives how many."""
    # In the order of all others, and before the hostnames are read: what is being released meanwhile is not kept.
    list(Expiry.objects.filter(pk__in=held).order_by("pk").select_for_update())
    kept = list(Hostname.objects.held_by(account).filter(pk__in=held).order_by("pk"))
    Renewal.objects.bulk_create(
        [Renewal(hostname=each, at=timezone.now()) for each in kept],
        update_conflicts=True,
        unique_fields=["hostname"],
        update_fields=["at"],
    )
    Expiry.objects.filter(hostname__in=kept).delete()
    return len(kept)


def expiring(account: User) -> list[Expiry]:
    """The account's, the next to go first."""
    rows = Expiry.objects.filter(hostname__account=account, hostname__released_at=None)
    return list(rows.select_related("hostname").order_by("expires_at", "pk"))


def token(account: User) -> str:
    """Shows the account's expiring hostnames and renews them; nothing else, and not for ever."""
    return signing.dumps(account.pk, salt=_SALT)


def account_of(text: str) -> User:
    """Raises LinkInvalid."""
    try:
        account_id = signing.loads(text, salt=_SALT, max_age=LINK_LIFETIME)
        return User.objects.get(pk=account_id, is_active=True)
    except (signing.BadSignature, User.DoesNotExist) as error:
        raise LinkInvalid from error


def _find(first: int, last: int) -> None:
    """Hostnames that nobody has cared for in so long that the first warning is due."""
    now = timezone.now()
    idle = (
        Hostname.objects.under_no_decision()
        .filter(pk__range=(first, last), expiry=None)
        .idle_since(now - (settings.EXPIRE_AFTER - WARNINGS[0]))
        .order_by("pk")
    )
    expiries = [
        Expiry(
            hostname=each,
            active_at=each.active_at,
            expires_at=max(each.active_at + settings.EXPIRE_AFTER, now + WARNINGS[0]),
        )
        for each in idle
    ]
    _warn(Expiry.objects.bulk_create(expiries))


def _go_on(first: int, last: int) -> None:
    """With those that were warned: they are active again, or warned again, or over."""
    ids = Expiry.objects.filter(pk__gte=first, pk__lte=last).values("pk")
    present = Hostname.objects.under_no_decision().with_activity().filter(pk__in=ids)
    active_at = {each.pk: each.active_at for each in present}
    rows = Expiry.objects.filter(pk__gte=first, pk__lte=last).select_related("hostname").order_by("pk")
    to_warn = []
    for expiry in rows.select_for_update(of=("self",)):
        if active_at.get(expiry.pk) != expiry.active_at:
            # Somebody cares, or a decision or a hold is upon it: when that ends it is warned from the beginning.
            expiry.delete()
        elif _may_go_on(expiry) and _needs_warning(expiry):
            to_warn.append(expiry)
    _warn(to_warn)


def _needs_warning(expiry: Expiry) -> bool:
    """Whether the next of WARNINGS is due."""
    to_come = WARNINGS[expiry.warning_count :]
    return bool(to_come) and timezone.now() >= expiry.expires_at - to_come[0]


def _may_go_on(expiry: Expiry) -> bool:
    """Whether the last warning was sent. Sent late, it moves the end; given up or lost, it is sent anew."""
    mail = Delivery.objects.by_mail().filter(notification=expiry.warning_id).first() if expiry.warning_id else None
    if mail is None or mail.given_up_at is not None:
        expiry.warning_count = max(0, expiry.warning_count - 1)
        return True
    if mail.sent_at is None:
        return False
    earliest = mail.sent_at + WARNINGS[expiry.warning_count - 1]
    if expiry.expires_at < earliest:
        expiry.expires_at = earliest
        expiry.save(update_fields=["expires_at"])
    return True


def _warn(expiries: Collection[Expiry]) -> None:
    """The next warning of each."""
    told = notifications.tell_all([_notification(Kind.EXPIRING, each) for each in expiries])
    for expiry, notification in zip(expiries, told, strict=True):
        expiry.warning, expiry.warning_count = notification, expiry.warning_count + 1
    Expiry.objects.bulk_update(expiries, ["warning", "warning_count", "expires_at"], batch_size=500)


def _over() -> list[int]:
    """Hostnames whose time is over, and whose last warning was sent a day before."""
    sent = Delivery.objects.by_mail().filter(
        notification=OuterRef("warning"), sent_at__lte=timezone.now() - WARNINGS[-1] - GRACE
    )
    over = Expiry.objects.filter(Exists(sent), warning_count=len(WARNINGS), expires_at__lte=timezone.now() - GRACE)
    return list(over.order_by("expires_at").values_list("pk", flat=True)[:RELEASES_PER_RUN])


@transaction.atomic
def _release(hostname_id: int) -> None:
    """A transaction for each: locking one after the other in the same one would be out of order.

    Looks once more, under the hostname's lock: a device may have come back this moment, or a hold been put on it.
    """
    hostname = hostnames.lock(Hostname(pk=hostname_id))
    expiry = Expiry.objects.select_for_update().filter(pk=hostname_id).first()
    present = Hostname.objects.under_no_decision().with_activity().filter(pk=hostname_id).first()
    if expiry is None:
        return
    told = _notification(Kind.EXPIRED, expiry)
    expiry.delete()
    if present is None or present.active_at != expiry.active_at:
        return
    hostnames.release(hostname)
    notifications.tell_all([told])
    logger.info("%s has expired: nothing was heard of it since %s", hostname, expiry.active_at)


def _notification(kind: Kind, expiry: Expiry) -> Notification:
    hostname = expiry.hostname
    details = {"active_at": _iso(expiry.active_at), "expires_at": _iso(expiry.expires_at)}
    return Notification(account_id=hostname.account_id, kind=kind, hostname=hostname, details=details)


def _iso(at: datetime) -> str:
    return at.isoformat()
