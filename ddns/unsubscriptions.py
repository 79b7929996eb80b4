"""Unsubscriptions: mails of a kind ended by a signed link, at one click and without logging in (RFC 8058)."""

from typing import NamedTuple

from django.core import signing

from ddns import preferences
from ddns.errors import LinkInvalid
from ddns.models import User
from ddns.models.notifications import Kind

_SALT = "ddns.unsubscriptions"


class Subscription(NamedTuple):
    account: User
    kind: Kind


def token(account: User, kind: Kind) -> str:
    """It can do nothing else, and has no end: mails are kept for years."""
    return signing.dumps([account.pk, kind.value], salt=_SALT)


def read(text: str) -> Subscription:
    """Raises LinkInvalid."""
    try:
        account_id, kind = signing.loads(text, salt=_SALT)
        return Subscription(User.objects.get(pk=account_id), Kind(kind))
    except (signing.BadSignature, ValueError, User.DoesNotExist) as error:
        raise LinkInvalid from error


def unsubscribe(subscription: Subscription) -> None:
    """From mails; webhooks stay."""
    account, kind = subscription
    ways = preferences.of(account)[kind]
    preferences.choose(account, kind, by_mail=False, by_webhook=ways.by_webhook)
