"""Accounts: vouched for, deactivated and reactivated with all their names, closed by their owner, reopened, forgotten."""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from ddns import acme_accounts, hostnames, notifications
from ddns.errors import AccountHeld, AlreadyForgotten, NotClosed, UnknownLanguage
from ddns.models import Hostname, HostnameContact, KeptRow, ReservedName, Restriction, UpdateKey, User
from dnsupdate.models.pending import Urgency

# So long a closed account can be reopened. Shorter than hostnames.RELEASE_REST, so that every name can be given back.
GRACE = timedelta(days=14)
# A sign-up that nobody confirms is kept for so long: longer than the link in its mail works.
UNCONFIRMED = timedelta(days=7)
# One account is a transaction; so many are a run of the periodic task.
CHUNK = 100


@transaction.atomic
def vouch(account: User) -> None:
    """Staff answer for the e-mail address: it is the account's only one, and counts as confirmed."""
    account.email = account.email.strip().lower()
    account.save(update_fields=["email"])
    EmailAddress.objects.filter(user=account).exclude(email=account.email).delete()
    EmailAddress.objects.update_or_create(
        user=account, email=account.email, defaults={"verified": True, "primary": True}
    )


def has_address(email: str) -> bool:
    """Whether it is some account's, confirmed or not."""
    return User.objects.filter(email=email.lower()).exists()


def drop_unconfirmed(email: str, *, besides: User) -> int:
    """Deletes sign-ups with this address that were never confirmed; gives how many."""
    found = User.objects.unconfirmed().filter(email=email.lower()).exclude(pk=besides.pk)
    return _delete(found)


def purge_unconfirmed(now: datetime) -> int:
    """Deletes sign-ups that nobody confirmed in time, some of them in one run; gives how many. Not those to be preserved."""
    return _delete(User.objects.unconfirmed().filter(_is_free(now), date_joined__lt=now - UNCONFIRMED)[:CHUNK])


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


@transaction.atomic
def close(account: User) -> User:
    """Its owner leaves: hostnames are released, keys revoked, sessions ended. Undone by reopen until it is forgotten.

    What is under a restriction stays the account's, withdrawn and so reserved: nobody gets around a suspension by leaving.
    Locks the account and all its hostnames. Raises AccountHeld for one that is deactivated or closed.
    """
    account = _lock(account)
    if not account.is_active:
        raise AccountHeld
    account.closed_at, account.is_active = timezone.now(), False
    account.save(update_fields=["closed_at", "is_active"])
    UpdateKey.objects.working().filter(account=account).update(revoked_at=account.closed_at)
    _release_all(account)
    _publish_all(account, Urgency.ORDINARY)
    end_sessions(account)
    return account


def reopen_until(account: User) -> datetime | None:
    """The end of the grace of a closed account."""
    return account.closed_at and account.closed_at + GRACE


@transaction.atomic
def reopen(account: User) -> int:
    """Undoes close exactly: hostnames, keys and the password are as they were. Gives how many hostnames came back.

    All, until RELEASE_REST is over; later, where a hold or a restriction has kept the account for so long, those that nobody
    else has by then. Locks the account and those hostnames. Raises NotClosed and AlreadyForgotten.
    """
    account = _lock(account)
    if account.closed_at is None:
        raise NotClosed
    if account.forgotten_at is not None:
        raise AlreadyForgotten
    # Nothing of the account changes while it is closed, so what ended since then was ended by closing.
    ended = Hostname.objects.filter(account=account, released_at__gte=account.closed_at).order_by("name")
    hostnames.lock_all(ended)
    is_anothers = Exists(Hostname.objects.unreleased().filter(name=OuterRef("name")))
    returned = list(ended.exclude(is_anothers))
    ReservedName.objects.filter(name__in=[each.name for each in returned], reason=hostnames.RELEASED).delete()
    Hostname.objects.filter(pk__in=[each.pk for each in returned]).update(released_at=None)
    account.update_keys.filter(revoked_at=account.closed_at).update(revoked_at=None)
    account.closed_at, account.is_active = None, True
    account.save(update_fields=["closed_at", "is_active"])
    _publish_all(account, Urgency.ORDINARY)
    return len(returned)


def forget_due(now: datetime) -> int:
    """Forgets what is personal in accounts that were closed long enough ago; gives how many. May be stopped and run again.

    Kept: accounts that shall be preserved, or that have a hostname under a restriction, until that ends.
    """
    due = User.objects.filter(closed_at__lte=now - GRACE, forgotten_at=None)
    due = due.filter(_is_free(now)).exclude(_has_restriction())
    return sum(_forget(pk, now) for pk in due.order_by("closed_at").values_list("pk", flat=True)[:CHUNK])


def end_sessions(account: User) -> None:
    """Every browser is logged out."""
    sessions = UserSession.objects.filter(user=account)
    Session.objects.filter(pk__in=sessions.values("session_key")).delete()
    sessions.delete()


def purge_sessions(now: datetime) -> None:
    """Deletes those that have run out, and what is noted of them: addresses and browsers."""
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("pk")).delete()


@transaction.atomic
def _forget(pk: int, now: datetime) -> bool:
    """False where it was reopened or is to be preserved in the meantime."""
    account = _lock(User(pk=pk))
    if account.closed_at is None or account.forgotten_at is not None:
        return False
    if account.preserve_until is not None and account.preserve_until > now:
        return False
    # What was under a restriction when the account was closed, and no longer is.
    _release_all(account)
    account.email = f"closed-{account.pk}@account.invalid"
    account.set_unusable_password()
    account.language = ""
    account.last_login = None
    account.sign_up_network = ""
    account.forgotten_at = now
    account.save(update_fields=["email", "password", "language", "last_login", "sign_up_network", "forgotten_at"])
    EmailAddress.objects.filter(user=account).delete()
    Authenticator.objects.filter(user=account).delete()
    account.update_keys.update(label="", networks=[], used_from=None, used_by="")
    acme_accounts.end_all(account)
    account.hostname_groups.all().delete()
    HostnameContact.objects.filter(hostname__account=account).delete()
    notifications.forget(account)
    end_sessions(account)
    KeptRow.objects.filter(account=account).delete()
    return True


def _is_free(now: datetime) -> Q:
    return Q(preserve_until=None) | Q(preserve_until__lte=now)


def _has_restriction() -> Exists:
    return Exists(Restriction.objects.filter(hostname__account=OuterRef("pk")))


def _delete(unconfirmed) -> int:
    return sum(
        User.objects.unconfirmed().filter(pk=pk).delete()[0] > 0 for pk in unconfirmed.values_list("pk", flat=True)
    )


def _lock(account: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=account.pk)


def _release_all(account: User) -> None:
    """All but those under a restriction."""
    held = list(Hostname.objects.held_by(account).order_by("name"))
    hostnames.lock_all(held)
    for hostname in Hostname.objects.held_by(account).filter(restriction=None).order_by("name"):
        hostnames.release(hostname)


def _publish_all(account: User, urgency: Urgency) -> int:
    held = list(Hostname.objects.held_by(account).order_by("name"))
    # All of them first and in the order of all other writers; one after the other would be out of order.
    hostnames.lock_all(held)
    for hostname in held:
        hostnames.publish(hostnames.lock(hostname), urgency)
    acme_accounts.publish_all(account, urgency)
    return len(held)
