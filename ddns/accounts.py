"""Accounts: deactivated and reactivated with all their names; how people log in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.db import transaction

from ddns import hostnames
from ddns.errors import UnknownLanguage
from ddns.models import Hostname, User
from dnsupdate.models.pending import Urgency


class Adapter(DefaultAccountAdapter):
    """Accounts are made by staff; there is no sign-up yet."""

    def is_open_for_signup(self, request) -> bool:
        return False


@transaction.atomic
def deactivate(account: User) -> int:
    """Ends log-in and keys at once and withdraws every hostname; gives how many. Nothing is deleted."""
    User.objects.filter(pk=account.pk).update(is_active=False)
    return _publish_all(account, Urgency.WITHDRAWAL)


@transaction.atomic
def reactivate(account: User) -> int:
    """Undoes deactivate: keys work again, every hostname answers again what its rows say."""
    User.objects.filter(pk=account.pk).update(is_active=True)
    return _publish_all(account, Urgency.ORDINARY)


def set_language(account: User, language: str) -> User:
    """Of the mails that it gets. Raises UnknownLanguage for one that the pages do not have."""
    if language not in dict(settings.LANGUAGES):
        raise UnknownLanguage(f"{language}.")
    account.language = language
    account.save(update_fields=["language"])
    return account


def _publish_all(account: User, urgency: Urgency) -> int:
    held = list(Hostname.objects.held_by(account).order_by("name"))
    # All of them first and in the order of all other writers; one after the other would be out of order.
    hostnames.lock_all(held)
    for hostname in held:
        hostnames.publish(hostnames.lock(hostname), urgency)
    return len(held)
