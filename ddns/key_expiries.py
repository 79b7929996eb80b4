"""Key expiries: told a week before, while there is time to give the device another key."""

from datetime import timedelta

from django.utils import timezone

from ddns import notifications
from ddns.models import Notification, UpdateKey
from ddns.models.notifications import Kind

WARN_BEFORE = timedelta(days=7)
# Who gives a key less time, as a rotation does, knows it.
SHORTEST_NOTICE = timedelta(days=1)
CHUNK = 1000


def look() -> int:
    """Tells of keys that expire within WARN_BEFORE, each once; how many. May be run as often as one likes."""
    now, total, last = timezone.now(), 0, 0
    soon = UpdateKey.objects.working().filter(
        expires_at__range=(now + SHORTEST_NOTICE, now + WARN_BEFORE), account__is_active=True
    )
    while chunk := list(soon.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        total += _tell({_occasion(key): key for key in chunk})
        last = chunk[-1].pk
    return total


def _tell(keys: dict[str, UpdateKey]) -> int:
    told = Notification.objects.filter(kind=Kind.KEY_EXPIRING, occasion__in=keys)
    new = keys.keys() - set(told.values_list("occasion", flat=True))
    notifications.tell_all([_notification(keys[each], each) for each in sorted(new)])
    return len(new)


def _occasion(key: UpdateKey) -> str:
    """One that was given more time is told of again."""
    return f"key {key.pk} {key.expires_at:%Y-%m-%d}"


def _notification(key: UpdateKey, occasion: str) -> Notification:
    details = {
        "label": key.label,
        "prefix": key.prefix,
        "expires_at": key.expires_at.isoformat() if key.expires_at else "",
    }
    return Notification(account_id=key.account_id, kind=Kind.KEY_EXPIRING, details=details, occasion=occasion)
