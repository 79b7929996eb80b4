"""Targets of diversion: where names may be sent, each change in the ledger."""

from collections.abc import Iterable
from ipaddress import ip_address

from django.db import transaction
from django.db.models import Count, Q

from abuse import ledger
from abuse.errors import InvalidParameter, NotAllowed
from abuse.models import Decision, DiversionTarget
from ddns import addresses
from ddns.models import User
from dnsupdate.models import Nameserver

MAX_ADDRESSES = 8
MAX_TTL_SECONDS = 3600


def check(target: DiversionTarget) -> None:
    """Raises InvalidParameter: names that answer such addresses would harm whoever asks for them, or us."""
    found = [ip_address(each) for each in target.addresses or []]
    if not 0 < len(found) <= MAX_ADDRESSES:
        raise InvalidParameter(f"a target has from 1 to {MAX_ADDRESSES} addresses.")
    if wrong := [each for each in found if not addresses.is_publishable(each)]:
        raise InvalidParameter(f"{wrong[0]} is one that the Internet does not route.")
    if not 0 < target.ttl <= MAX_TTL_SECONDS:
        raise InvalidParameter(f"its TTL is from 1 to {MAX_TTL_SECONDS} seconds: as long as an undoing takes.")
    if own := _nameservers_among(str(each) for each in found):
        raise InvalidParameter(f"{own} is a nameserver of ours: what is diverted must not reach it.")


@transaction.atomic
def store(target: DiversionTarget, *, by: User) -> DiversionTarget:
    """A new one, or changed; names that were diverted before go on answering what it was. Raises InvalidParameter, NotAllowed."""
    if not by.has_perm("abuse.change_settings"):
        raise NotAllowed("it takes the right to change settings.")
    check(target)
    target.save()
    ledger.append(
        actor=by,
        action="change-diversion",
        object=f"diversion {target.name}",
        reason="settings",
        details={
            "target": target.pk,
            "kind": target.kind,
            "addresses": [str(each) for each in target.addresses],
            "ttl": target.ttl,
            "valid_until": target.valid_until and target.valid_until.isoformat(),
            "is_enabled": target.is_enabled,
        },
    )
    return target


def counts() -> dict[int, int]:
    """How many names are diverted to each target now."""
    in_force = Decision.objects.in_force().filter(Q(action=Decision.Action.DIVERT)).order_by()
    return dict(in_force.values_list("parameters__target").annotate(Count("pk")))


def _nameservers_among(texts: Iterable[str]) -> str:
    return Nameserver.objects.filter(host__in=list(texts)).values_list("host", flat=True).first() or ""
