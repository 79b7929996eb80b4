"""Update keys: made, shown once, recognised by one indexed SELECT, rotated, revoked."""

import hashlib
import secrets
import string
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from ddns import contacts, derived_keys, notifications, plans
from ddns.addresses import Address
from ddns.errors import InvalidNetwork, KeyNotAllowed, TooManyKeys, WrongKey
from ddns.models import Group, Hostname, Notification, UpdateKey, User
from ddns.models.keys import Permission
from ddns.models.notifications import Kind

# Letters and digits only: devices put keys into URLs without escaping and into fields of 64 characters.
_ALPHABET = string.ascii_letters + string.digits
PREFIX_LENGTH = 8
# 32 secret characters are 190 random bits, so that a fast hash suffices; the prefix is no secret.
SECRET_LENGTH = 32
MAX_NETWORKS = 20


class Proven(NamedTuple):
    """Stands for the text of a key whose holder has shown otherwise that it is theirs: by a signature (TSIG), by a hash of it."""

    digest: bytes


def digest(key: str | Proven) -> bytes:
    """What is stored of a key. Blanks that came along when it was copied do not count."""
    if not isinstance(key, str):
        return key.digest
    # Twice: clients of Dynu present the SHA-256 of a key, so it must not be what a stolen copy of the database shows.
    return hashlib.sha256(hashlib.sha256(key.strip().encode()).digest()).digest()


@transaction.atomic
def create(
    account: User,
    *,
    label: str,
    hostnames: Iterable[Hostname] | None = None,
    group: Group | None = None,
    permission: str = Permission.DEVICE,
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[UpdateKey, str]:
    """A key for these hostnames, for the group, or for the whole account if neither is given.

    The text of the key is given here and never again. Locks the account. Raises TooManyKeys, InvalidNetwork.
    """
    _check_count(account.pk)
    own_group = group if group is not None and group.account_id == account.pk else None
    key, text = _make(
        account=account,
        label=label,
        covers_account=hostnames is None and group is None,
        group=own_group,
        permission=permission,
        networks=[str(each) for each in parse_networks(networks)],
        expires_at=expires_at,
    )
    if hostnames is not None:
        key.hostnames.set(hostname for hostname in hostnames if hostname.account_id == account.pk)
    return key, text


@transaction.atomic
def rotate(key: UpdateKey, *, overlap: timedelta) -> tuple[UpdateKey, str]:
    """A new key that may do the same. The old one works for the overlap, in which the device is given the new one.

    Locks the account and the key. Raises WrongKey if it does not work any more, and TooManyKeys.
    """
    _check_count(key.account_id, times=2)
    old = UpdateKey.objects.select_for_update().working().filter(pk=key.pk).first()
    if old is None:
        raise WrongKey
    new, text = _make(
        account_id=old.account_id,
        label=old.label,
        covers_account=old.covers_account,
        group_id=old.group_id,
        permission=old.permission,
        networks=old.networks,
        expires_at=old.expires_at,
    )
    new.hostnames.set(old.hostnames.all())
    ends_at = timezone.now() + overlap
    old.expires_at = ends_at if old.expires_at is None else min(old.expires_at, ends_at)
    old.save(update_fields=["expires_at"])
    return new, text


def rename(key: UpdateKey, label: str) -> None:
    UpdateKey.objects.filter(pk=key.pk).update(label=label)


def revoke(key: UpdateKey) -> bool:
    """From the next request on the key is refused. Whether it was working until now."""
    return bool(UpdateKey.objects.working().filter(pk=key.pk).update(revoked_at=Now()))


def revoke_all(account: User) -> int:
    """All of an account at once; gives how many worked until now."""
    return UpdateKey.objects.working().filter(account=account).update(revoked_at=Now())


def recognise(text: str | Proven, source: Address, agent: str = "") -> UpdateKey:
    """The working key with its account, of an active account; its use is remembered.

    Raises WrongKey, and KeyNotAllowed where it may not be used from there.
    """
    key = (
        UpdateKey.objects.working()
        .select_related("account")
        .filter(digest=digest(text), account__is_active=True)
        .first()
    )
    if key is None:
        raise WrongKey
    check_network(key.networks, source)
    contacts.remember(key.pk, source, agent)
    return key


def check_network(networks: Sequence[str], source: Address) -> None:
    """Whether a key of these networks (none: any) may be used from there. Raises KeyNotAllowed."""
    if networks and not any(source in _network(each) for each in networks):
        raise KeyNotAllowed(_("it may not be used from {source}.").format(source=source))


def parse_networks(texts: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    """Networks as people write them; a single address is a network of one. Raises InvalidNetwork."""
    if len(texts) > MAX_NETWORKS:
        raise InvalidNetwork(_("a key has {count} networks at most.").format(count=MAX_NETWORKS))
    try:
        return [ip_network(each.strip(), strict=False) for each in texts]
    except ValueError as error:
        raise InvalidNetwork(f"{error}.") from error


def _check_count(account_id: int, *, times: int = 1) -> None:
    """Locks the account. A key that is rotated counts twice during the overlap, for which there is room. Raises TooManyKeys."""
    # Locked, so that two requests at once cannot both take the last place.
    account = User.objects.select_for_update(no_key=True).get(pk=account_id)
    limit = times * plans.of(account).keys
    if UpdateKey.objects.working().filter(account=account).count() >= limit:
        raise TooManyKeys(_("{limit}. Revoke one that nothing uses.").format(limit=limit))


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)


def _make(**fields) -> tuple[UpdateKey, str]:
    """Its owner is told: whoever has taken over a session makes a key first."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(PREFIX_LENGTH + SECRET_LENGTH))
    key = UpdateKey.objects.create(prefix=text[:PREFIX_LENGTH], digest=digest(text), **fields)
    derived_keys.remember(key, text)
    details = {"label": key.label, "prefix": key.prefix, "permission": key.permission}
    notifications.tell_all([Notification(account_id=key.account_id, kind=Kind.NEW_KEY, details=details)])
    return key, text
