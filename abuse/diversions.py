"""Targets of diversion: where names may be sent, each change in the ledger; names leave DNS when a target is no more.

Whoever gets the addresses of a sinkhole that was given up would get what its victims send.
"""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from abuse import ledger, messages, suspensions
from abuse.errors import InvalidParameter, NotAllowed
from abuse.models import DiversionTarget, Message, Suspension
from abuse.models.suspensions import SuspensionQuerySet
from ddns import addresses, notifications
from ddns.models import User
from ddns.models.notifications import Kind
from dnsupdate import alarms
from dnsupdate.models import Alarm, Nameserver

logger = logging.getLogger(__name__)

MAX_ADDRESSES = 8
MAX_TTL_SECONDS = 3600
# Before an agreement ends: enough to renew it, or to find another partner.
WARNED_BEFORE = timedelta(days=14)
# In one run of the periodic task; the next is there within the minute.
CHUNK = 200


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
    """A new one, or changed; names that were diverted before go on answering what it was, unless it is no more: see watch.

    Raises InvalidParameter, NotAllowed.
    """
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
    return dict(_diverted().order_by().values_list("decision__parameters__target").annotate(Count("pk")))


def watch() -> int:
    """Warns of agreements that end soon, and suspends names whose target is no more; gives how many. May run twice."""
    now = timezone.now()
    _warn(now)
    over = list(DiversionTarget.objects.over(now).values_list("pk", flat=True))
    due = _diverted(over).select_related("hostname__account", "decision__case").order_by("pk")
    return sum(_fall_back_one(each) for each in due[:CHUNK]) if over else 0


def _diverted(targets: Collection[int] | None = None) -> SuspensionQuerySet:
    """Diversions in force; to these targets, or to any."""
    found = Suspension.objects.in_force().filter(kind=Suspension.Kind.DIVERTED)
    return found if targets is None else found.filter(decision__parameters__target__in=list(targets))


def _warn(now: datetime) -> None:
    ending = DiversionTarget.objects.filter(is_enabled=True, valid_until__gt=now, valid_until__lte=now + WARNED_BEFORE)
    used = counts()
    told = [
        f"{target} at {target.valid_until:%Y-%m-%d %H:%M} UTC ({used[target.pk]} names)"
        for target in ending.order_by("valid_until", "pk")
        if used.get(target.pk)
    ]
    if told:
        alarms.open(
            Alarm.Kind.DIVERSION,
            f"Agreements about diverted names end: {', '.join(told)}. Renew them, or divert the names elsewhere: what is "
            "diverted there then is suspended.",
        )
    else:
        alarms.close(Alarm.Kind.DIVERSION)


def _fall_back_one(suspension: Suspension) -> bool:
    try:
        return _fall_back(suspension)
    except Exception:
        # Else those behind it would be diverted for ever.
        logger.exception("The diversion of %s could not be ended.", suspension.hostname)
        return False


@transaction.atomic
def _fall_back(suspension: Suspension) -> bool:
    decision, hostname = suspension.decision, suspension.hostname
    if decision is None:
        return False
    # A change of the target waits: what is renewed at this moment stays.
    target = DiversionTarget.objects.select_for_update(no_key=True).get(pk=decision.parameters["target"])
    is_over = not target.is_enabled or (target.valid_until is not None and target.valid_until <= timezone.now())
    if not is_over or not suspensions.suspend_instead(suspension):
        return False
    why = "was switched off" if not target.is_enabled else f"ended at {target.valid_until:%Y-%m-%d %H:%M} UTC"
    reason = f"The target “{target}” {why}: suspended instead of diverted."
    ledger.append(
        actor=None,
        action="suspend-instead",
        object=f"hostname {hostname.name}",
        reason=reason,
        details={
            "case": decision.case_id,
            "decision": decision.pk,
            "suspension": suspension.pk,
            "target": target.pk,
            "account": hostname.account_id,
        },
    )
    messages.say(decision.case, side=Message.Side.NOTE, text=reason, author=None, is_ours=True)
    if not decision.withheld:
        notifications.tell(hostname.account, Kind.SUSPENDED, hostname=hostname)
    return True


def _nameservers_among(texts: Iterable[str]) -> str:
    return Nameserver.objects.filter(host__in=list(texts)).values_list("host", flat=True).first() or ""
