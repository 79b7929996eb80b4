"""acme-dns accounts: registered with a key or openly, used, kept for the names they serve, withdrawn, purged."""

import hmac
import logging
import secrets
import string
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from ddns import challenges, contacts, keys, limits, requests
from ddns.address_updates import Caller, Changed, Outcome, Unchanged, Unknown
from ddns.errors import HostnameNotNamed, KeyNotAllowed, RegistrationClosed, TooManyRegistrations, WrongKey
from ddns.models import AcmeAccount, Hostname, UpdateKey, User
from ddns.models.acme_accounts import AcmeAccountQuerySet
from dnsupdate import outbox
from dnsupdate.models import Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.rrsets import RRsets

logger = logging.getLogger(__name__)

# As acme-dns: a name and its wildcard are validated at once, and one value of the time before gives way to each.
KEPT_TEXTS = 2
# Seconds, as acme-dns: a value is asked for once or twice, by somebody who must not remember the one before it.
TTL = 1
# Clients check for 40 characters, as acme-dns gives them. 238 random bits, so that a fast hash suffices.
PASSWORD_LENGTH = 40
_ALPHABET = string.ascii_letters + string.digits
# A client that loses its account at every start registers for ever: beyond it the one that rested longest gives way.
MAX_PER_CUSTOMER = 100
# Longer than a year, the longest that any certificate goes without renewal.
ABANDONED_AFTER = timedelta(days=400)
PURGE_CHUNK = 500


@transaction.atomic
def register(caller: Caller, *, name: str | None = None, networks: Sequence[str] = ()) -> tuple[AcmeAccount, str]:
    """An account for the challenge of this hostname, or name below one, or of the only hostname that the key covers.

    Without either, and where the platform has a zone for it, for a name of its own. The text of the password is given here
    and never again. Locks the customer. Raises WrongKey, KeyNotAllowed, HostnameNotNamed, InvalidNetwork.
    """
    key = challenges.recognise(caller)
    User.objects.select_for_update(no_key=True).get(pk=key.account_id)
    hostname, label = _hostname_for(key, name)
    zone = None if hostname else _zone()
    if hostname is None and zone is None:
        raise HostnameNotNamed
    rested = AcmeAccount.objects.owned_by(key.account_id).order_by(Coalesce("used_at", "created_at").desc())
    _end(AcmeAccount.objects.filter(pk__in=list(rested.values_list("pk", flat=True)[MAX_PER_CUSTOMER - 1 :])))
    place = {"hostname": hostname, "label": label} if hostname else {"zone": zone}
    return _make(caller, networks, key=key, **place)


def register_openly(caller: Caller, *, networks: Sequence[str] = ()) -> tuple[AcmeAccount, str]:
    """An account of nobody's, for a name of its own. Its network's registrations are counted.

    Raises RegistrationClosed, TooManyRegistrations, InvalidNetwork.
    """
    zone = _zone()
    if zone is None:
        raise RegistrationClosed
    keys.parse_networks(networks)
    if limits.count_registration(caller.source):
        raise TooManyRegistrations
    return _make(caller, networks, zone=zone)


def present(caller: Caller, *, username: str, subdomain: str, text: str) -> Outcome:
    """Answers the text beside the one before it, at the account's name.

    The user name is an account's, with its password or a key of its owner; or anything else, with a key, and then the
    subdomain is the hostname. Raises WrongKey, KeyNotAllowed and InvalidRecord.
    """
    identity = _uuid(username)
    if identity is None:
        return challenges.present(caller, subdomain, text)
    account = authenticate(caller, identity)
    if _uuid(subdomain) != account.subdomain:
        return Unknown()
    AcmeAccount.objects.filter(pk=account.pk).update(used_at=timezone.now())
    if account.hostname is not None:
        return challenges.add(caller, account.hostname, account.label, text)
    return _answer(account, text)


def authenticate(caller: Caller, username: uuid.UUID) -> AcmeAccount:
    """The account of this name, if the caller's key is its password or a key of its owner. Raises WrongKey, KeyNotAllowed."""
    account = AcmeAccount.objects.with_owner().filter(username=username).first()
    if account is None:
        raise WrongKey
    is_password = hmac.compare_digest(bytes(account.digest), keys.digest(caller.key))
    key = account.key if is_password else _key_of_owner(caller, account)
    try:
        _check(caller, account, key)
    except KeyNotAllowed as error:
        if account.hostname is not None:
            requests.note(account.hostname.name, caller, "notallowed", str(error))
        raise
    return account


@transaction.atomic
def bind(account: AcmeAccount, key: UpdateKey, hostname: Hostname, label: str) -> None:
    """From now on it sets this challenge, and ends with this key. What it answered at a name of its own is withdrawn."""
    for locked in _locked(AcmeAccount.objects.filter(pk=account.pk)):
        if locked.publication_id is not None:
            _publish([locked], Urgency.ORDINARY, is_withdrawn=True)
        locked.key, locked.hostname, locked.label = key, hostname, label
        locked.zone, locked.publication, locked.texts, locked.domain = None, None, [], ""
        locked.save()


@transaction.atomic
def publish_all(account: User, urgency: Urgency) -> None:
    """What the customer's accounts with names of their own shall answer: nothing while the customer is deactivated."""
    # All are locked: one without a publication may be getting its first at this moment.
    locked = _locked(AcmeAccount.objects.owned_by(account))
    _publish([each for each in locked if each.publication_id is not None], urgency)


def end(account: AcmeAccount, urgency: Urgency = Urgency.ORDINARY) -> bool:
    """Withdraws what it answers at a name of its own, and deletes it. Whether it was still there."""
    return bool(_end(AcmeAccount.objects.filter(pk=account.pk), urgency))


def end_all(account: User) -> None:
    """All of a customer's, who is being forgotten."""
    while _end(AcmeAccount.objects.owned_by(account)):
        pass


def purge(now: datetime) -> int:
    """Ends accounts that nobody used after they were registered, or for longer than any certificate goes without renewal.

    In chunks, each a transaction of its own; may be stopped and run again. Gives how many.
    """
    stale = AcmeAccount.objects.unused_since(
        never_used_before=now - settings.ACME_UNUSED_RETENTION, used_before=now - ABANDONED_AFTER
    )
    total = 0
    while ended := _end(stale):
        total += ended
    return total


def _make(caller: Caller, networks: Sequence[str], **fields) -> tuple[AcmeAccount, str]:
    password = "".join(secrets.choice(_ALPHABET) for _ in range(PASSWORD_LENGTH))
    account = AcmeAccount.objects.create(
        digest=keys.digest(password),
        networks=[str(each) for each in keys.parse_networks(networks)],
        source=str(caller.source),
        agent=contacts.printable(caller.agent),
        **fields,
    )
    return account, password


def _zone() -> Zone | None:
    """Where names of their own are."""
    if not settings.ACME_DOMAIN:
        return None
    zone = Zone.objects.filter(name=settings.ACME_DOMAIN, retired_at=None).first()
    if zone is None:
        logger.error("DDNS_ACME_DOMAIN is %s, which is no zone of this platform.", settings.ACME_DOMAIN)
    return zone


def _hostname_for(key: UpdateKey, name: str | None) -> tuple[Hostname | None, str]:
    """What the name stands for, or the only hostname of the key. Raises HostnameNotNamed for one that it does not cover."""
    if name is not None:
        found = challenges.find(key, name)
        if found is None:
            raise HostnameNotNamed(_("It does not cover {name}.").format(name=name[:80]))
        return found
    covered = Hostname.objects.unreleased().in_scope_of(key)[:2]
    return (covered[0], challenges.CHALLENGE_LABEL) if len(covered) == 1 else (None, "")


def _key_of_owner(caller: Caller, account: AcmeAccount) -> UpdateKey:
    """The caller's, if it may do what the account may: ddns.acme_storage gives clients no other password. Raises WrongKey."""
    key = keys.recognise(caller.key, caller.source, caller.agent)
    if account.key is None or account.key.account_id != key.account_id:
        raise WrongKey
    if not key.covers_account and key.pk != account.key_id:
        raise WrongKey
    return key


def _check(caller: Caller, account: AcmeAccount, key: UpdateKey | None) -> None:
    """Raises WrongKey where the key is none any more, KeyNotAllowed where it or the account may not be used for this."""
    keys.check_network(account.networks, caller.source)
    if key is None:
        return
    if not UpdateKey.objects.working().filter(pk=key.pk, account__is_active=True).exists():
        raise WrongKey
    keys.check_network(key.networks, caller.source)
    if not key.may_write_text:
        raise KeyNotAllowed(_("it may not set TXT records."))
    contacts.remember(key.pk, caller.source, caller.agent)
    if account.hostname_id is None:
        return
    if not Hostname.objects.unreleased().in_scope_of(key).filter(pk=account.hostname_id).exists():
        raise KeyNotAllowed(_("it does not cover the hostname any more."))


@transaction.atomic
def _answer(account: AcmeAccount, text: str) -> Outcome:
    locked = next(iter(_locked(AcmeAccount.objects.filter(pk=account.pk))), None)
    if locked is None or locked.zone is None:
        return Unknown()
    if text in locked.texts:
        return Unchanged()
    locked.texts = [*locked.texts, text][-KEPT_TEXTS:]
    locked.save(update_fields=["texts"])
    _publish([locked], Urgency.ORDINARY)
    return Changed()


def _locked(accounts: AcmeAccountQuerySet, limit: int | None = None) -> list[AcmeAccount]:
    """Until the transaction ends, as they and their owners are now."""
    ids = list(accounts.select_for_update().order_by("pk").values_list("pk", flat=True)[:limit])
    # Read after locking: what was joined while the lock was waited for would be of before, an owner who is deactivated by now.
    return list(AcmeAccount.objects.with_owner().filter(pk__in=ids).order_by("pk"))


def _publish(locked: Sequence[AcmeAccount], urgency: Urgency, *, is_withdrawn: bool = False) -> None:
    """Writes what the locked accounts' own names shall answer. Zones in one order, as no two may wait for each other."""
    for zone in sorted({each.zone for each in locked if each.zone is not None}, key=lambda zone: zone.pk):
        within = {each.fulldomain: each for each in locked if each.zone == zone}
        wanted = {name: {} if is_withdrawn else _rrsets(each) for name, each in within.items()}
        for name, publication_id in outbox.publish(zone, wanted, urgency).items():
            if within[name].publication_id != publication_id:
                within[name].publication_id = publication_id
                within[name].save(update_fields=["publication"])


def _rrsets(account: AcmeAccount) -> RRsets:
    """Nothing while its customer is deactivated."""
    is_answering = account.key is None or account.key.account.is_active
    if not account.texts or not is_answering:
        return {}
    return {"TXT": {"ttl": TTL, "rdata": [f'"{text}"' for text in account.texts]}}


@transaction.atomic
def _end(accounts: AcmeAccountQuerySet, urgency: Urgency = Urgency.ORDINARY) -> int:
    """Some of them at once; gives how many."""
    locked = _locked(accounts, PURGE_CHUNK)
    _publish([each for each in locked if each.publication_id is not None], urgency, is_withdrawn=True)
    AcmeAccount.objects.filter(pk__in=[each.pk for each in locked]).delete()
    return len(locked)


def _uuid(text: str) -> uuid.UUID | None:
    """In the spelling that was given out: uuid.UUID takes many more."""
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.strip().lower() else None
