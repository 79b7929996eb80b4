"""Partners: organisations that suspended names are shared with; each has one key, shown once, that opens the feeds."""

import hashlib
import secrets
import string
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from abuse import ledger
from abuse.errors import InvalidParameter, NotAllowed, NothingToDo, ReasonMissing, WrongPartnerKey
from abuse.models import Partner
from ddns import keys
from ddns.addresses import Address
from ddns.errors import InvalidNetwork
from ddns.models import User

_ALPHABET = string.ascii_letters + string.digits
PREFIX_LENGTH = 8
# 32 secret characters are 190 random bits, so that a fast hash suffices; the prefix is no secret.
SECRET_LENGTH = 32
# Its use is written down once in so long: enough to see which partners are gone.
USED_EVERY = timedelta(minutes=1)
# Within a week a mistake is found, or nobody looks for it.
MOST_DELAY = timedelta(days=7)
FIELDS = ("name", "contact", "tlp", "delay_minutes", "networks", "valid_until", "is_enabled")


@transaction.atomic
def add(*, by: User, **fields: Any) -> Partner:
    """Without a key: rotate_key gives one. fields are those of FIELDS. Raises NotAllowed, InvalidParameter."""
    _check_right(by)
    partner = Partner(**_known(fields))
    check(partner)
    partner.save()
    _enter("add-partner", partner, by, "Added.", {name: _plain(getattr(partner, name)) for name in FIELDS})
    return partner


@transaction.atomic
def change(partner: Partner, *, by: User, **fields: Any) -> Partner:
    """Locks the partner. Raises NotAllowed, InvalidParameter, NothingToDo."""
    _check_right(by)
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    before = {name: _plain(getattr(partner, name)) for name in _known(fields)}
    for name, value in fields.items():
        setattr(partner, name, value)
    check(partner)
    after = {name: _plain(getattr(partner, name)) for name in before}
    changed = [name for name in before if before[name] != after[name]]
    if not changed:
        raise NothingToDo("It says that already.")
    partner.save(update_fields=changed)
    details = {name: {"before": before[name], "after": after[name]} for name in changed}
    _enter("change-partner", partner, by, "Changed.", details)
    return partner


@transaction.atomic
def rotate_key(partner: Partner, *, by: User) -> str:
    """The text of the new key, given here and never again; the old one is refused from the next request on.

    Raises NotAllowed.
    """
    _check_right(by)
    text = "".join(secrets.choice(_ALPHABET) for _ in range(PREFIX_LENGTH + SECRET_LENGTH))
    partner.prefix, partner.digest = text[:PREFIX_LENGTH], digest(text)
    partner.save(update_fields=["prefix", "digest"])
    _enter("rotate-partner-key", partner, by, "A new key.", {"prefix": partner.prefix})
    return text


@transaction.atomic
def disable(partner: Partner, *, reason: str, by: User) -> None:
    """Its key opens nothing from the next request on. Transfers of a policy zone end at the nameserver, not here.

    Raises NotAllowed, ReasonMissing, NothingToDo.
    """
    _check_right(by)
    if not reason.strip():
        raise ReasonMissing
    if not Partner.objects.filter(pk=partner.pk, is_enabled=True).update(is_enabled=False):
        raise NothingToDo
    _enter("disable-partner", partner, by, reason.strip(), {})


def recognise(text: str, address: Address) -> Partner:
    """The active partner whose key it is, used from a network of theirs; its use is remembered. Raises WrongPartnerKey."""
    partner = Partner.objects.active().filter(digest=digest(text)).first()
    if partner is None:
        raise WrongPartnerKey
    if partner.networks and not any(address in ip_network(each) for each in partner.networks):
        raise WrongPartnerKey(f"It may not be used from {address}.")
    now = timezone.now()
    if partner.used_at is None or now - partner.used_at > USED_EVERY:
        stale = Q(used_at=None) | Q(used_at__lte=now - USED_EVERY)
        Partner.objects.filter(stale, pk=partner.pk).update(used_at=now)
    return partner


def check(partner: Partner) -> None:
    """Normalises its networks. Raises InvalidParameter."""
    if not partner.name.strip() or not partner.contact.strip():
        raise InvalidParameter("a partner has a name and a contact.")
    if partner.tlp not in Partner.Tlp.values:
        raise InvalidParameter(f"{partner.tlp} is no level of the Traffic Light Protocol that is shared.")
    if not 0 <= partner.delay_minutes <= MOST_DELAY.total_seconds() / 60:
        raise InvalidParameter(f"the delay is {MOST_DELAY.days} days at most.")
    try:
        partner.networks = [str(each) for each in keys.parse_networks(partner.networks)]
    except InvalidNetwork as error:
        raise InvalidParameter(str(error)) from error
    if Partner.objects.exclude(pk=partner.pk).filter(name=partner.name).exists():
        raise InvalidParameter(f"there is a partner {partner.name} already.")


def digest(text: str) -> bytes:
    """What is stored of a key. Blanks that came along when it was copied do not count."""
    return hashlib.sha256(text.strip().encode()).digest()


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(fields) - set(FIELDS)):
        raise InvalidParameter(f"a partner has no {unknown[0]}.")
    return fields


def _check_right(by: User) -> None:
    if not by.has_perm("abuse.change_settings"):
        raise NotAllowed("it takes the right to change settings.")


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else value


def _enter(action: str, partner: Partner, by: User, reason: str, details: dict[str, Any]) -> None:
    ledger.append(actor=by, action=action, object=f"partner {partner.name}", reason=reason, details=details)
