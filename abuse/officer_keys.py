"""Officers' keys: made in the portal, shown once, recognised by one indexed SELECT from named networks alone, revoked."""

import hashlib
import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from abuse import ledger, officer_alerts, officer_mails, officers
from abuse.errors import InvalidOfficerKey, NothingToDo, WrongOfficerKey
from abuse.models import OfficerAlert, OfficerKey
from abuse.models.officers import Officer
from ddns import keys
from ddns.addresses import Address
from ddns.errors import InvalidNetwork, KeyNotAllowed

_ALPHABET = string.ascii_letters + string.digits
PREFIX_LENGTH = 8
# 32 secret characters are 190 random bits, so that a fast hash suffices; the prefix is no secret.
SECRET_LENGTH = 32
# Its use is written down once in so long: enough to see which keys nobody uses.
USED_EVERY = timedelta(minutes=1)
# The widest networks, by family, that one agency has: beyond is a provider's, where strangers are.
WIDEST = {4: 16, 6: 32}


def digest(text: str) -> bytes:
    """What is stored of a key. Blanks that came along when it was copied do not count."""
    return hashlib.sha256(text.strip().encode()).digest()


@transaction.atomic
def make(officer: Officer, *, label: str, networks: Sequence[str], expires_at: datetime) -> tuple[OfficerKey, str]:
    """The text of the key is given here and never again. The officer is told by mail; locks the officer.

    Raises NotInOffice, and InvalidOfficerKey: networks are named, and narrow, and it works for OFFICER_KEY_LIFE at most.
    """
    officers.lock(officer)
    officers.check_in_office(officer)
    if not label.strip():
        raise InvalidOfficerKey(_("a name."))
    found = _networks(networks)
    _check_end(expires_at)
    if OfficerKey.objects.working().filter(officer=officer).count() >= settings.OFFICER_KEYS:
        raise InvalidOfficerKey(_("an officer has {count} keys at most.").format(count=settings.OFFICER_KEYS))
    text = "".join(secrets.choice(_ALPHABET) for _letter in range(PREFIX_LENGTH + SECRET_LENGTH))
    key = OfficerKey.objects.create(
        officer=officer,
        label=label.strip()[:60],
        prefix=text[:PREFIX_LENGTH],
        digest=digest(text),
        networks=found,
        expires_at=expires_at,
    )
    _enter("make-officer-key", key, networks=found, until=expires_at.isoformat())
    officer_mails.key_made(key)
    return key, text


@transaction.atomic
def revoke(key: OfficerKey) -> None:
    """From the next request on it is refused; what came by it stays. By its officer. Raises NothingToDo if it is revoked."""
    if not OfficerKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        raise NothingToDo
    _enter("revoke-officer-key", key)


def recognise(text: str, *, address: Address) -> OfficerKey:
    """The working key, with officer, account and agency, of one in office, used from one of its networks; its use is remembered.

    Used from elsewhere staff hear of it. Not within a transaction that may be rolled back. Raises WrongOfficerKey.
    """
    found = OfficerKey.objects.working().select_related("officer__account", "officer__agency")
    key = found.filter(digest=digest(text)).first()
    if key is None:
        raise WrongOfficerKey
    if why := officers.why_not(key.officer):
        raise WrongOfficerKey(_("This account files nothing at present:") + f" {why}")
    try:
        keys.check_network(key.networks, address)
    except KeyNotAllowed as error:
        _tell_of_use_elsewhere(key, address)
        raise WrongOfficerKey(_("It may not be used from {source}.").format(source=address)) from error
    _remember(key, address)
    return key


def _remember(key: OfficerKey, address: Address) -> None:
    now = timezone.now()
    if key.used_at is None or now - key.used_at > USED_EVERY or key.used_from != str(address):
        stale = Q(used_at=None) | Q(used_at__lte=now - USED_EVERY) | ~Q(used_from=str(address)) | Q(used_from=None)
        OfficerKey.objects.filter(stale, pk=key.pk).update(used_at=now, used_from=str(address))


def _tell_of_use_elsewhere(key: OfficerKey, address: Address) -> None:
    """Once, until somebody has looked: whoever has the key can ask as often as they like."""
    what = OfficerAlert.What.KEY_ELSEWHERE
    if not OfficerAlert.objects.waiting().filter(officer=key.officer, what=what).exists():
        officer_alerts.add(key.officer, what, f"the key {key.prefix}… was used from {address}, where it may not be")


def _networks(texts: Sequence[str]) -> list[str]:
    """Raises InvalidOfficerKey."""
    try:
        found = keys.parse_networks([each for each in texts if each.strip()])
    except InvalidNetwork as error:
        raise InvalidOfficerKey(str(error)) from error
    if not found:
        raise InvalidOfficerKey(_("the networks that it is used from."))
    if wide := next((each for each in found if _is_wide(each)), None):
        raise InvalidOfficerKey(
            _("{network} is wider than an agency's: name a network of /{most} at most.").format(
                network=wide, most=WIDEST[wide.version]
            )
        )
    return list(dict.fromkeys(str(each) for each in found))


def _is_wide(network: IPv4Network | IPv6Network) -> bool:
    return network.prefixlen < WIDEST[network.version]


def _check_end(expires_at: datetime) -> None:
    now = timezone.now()
    if expires_at <= now:
        raise InvalidOfficerKey(_("an end that is not over."))
    # A day more: who names a last day means all of it.
    if expires_at > now + settings.OFFICER_KEY_LIFE + timedelta(days=1):
        raise InvalidOfficerKey(
            _("a nearer end: it works for {days} days at most.").format(days=settings.OFFICER_KEY_LIFE.days)
        )


def _enter(action: str, key: OfficerKey, **details) -> None:
    ledger.append(
        actor=key.officer.account,
        action=action,
        object=f"officer {key.officer_id}",
        reason="by the officer",
        details={"key": key.pk, "prefix": key.prefix, **details},
    )
