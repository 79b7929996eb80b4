"""Suspensions, diversions and holds: what covers a hostname, of which the strongest is in force, each lifted exactly."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from abuse import ledger
from abuse.errors import AlreadyLifted, AlreadySuspended, DecidedOnCase, DecidedOnOrder, ReasonMissing
from abuse.models import Decision, Suspension
from ddns import hostnames, notifications
from ddns.models import Hostname, Restriction, User
from ddns.models.notifications import Kind
from dnsupdate.models.pending import Urgency
from dnsupdate.rrsets import RRsets

logger = logging.getLogger(__name__)

# From the weakest: what is out of DNS answers nothing, whatever else was decided; a diversion answers instead of what stood.
STRENGTH = {Suspension.Kind.HELD: 0, Suspension.Kind.DIVERTED: 1, Suspension.Kind.SUSPENDED: 2}
# In one run of the periodic task; the next is there soon.
CHUNK = 100
ENDED = "It ended, as was decided with it."


@transaction.atomic
def suspend(hostname: Hostname, *, reason: str, by: User, ends_at: datetime | None = None) -> Suspension:
    """By name, without a case: suspension, restriction, urgent withdrawal and ledger entry in one transaction.

    Several suspensions may cover one hostname. Locks the hostname. Raises ReasonMissing, HostnameReleased, OwnAccount,
    StaffAccount unless a superuser decides, InfrastructureName, AlreadySuspended for the same decision sent twice, and
    NeedsSecondPerson where it is to be decided on a case.
    """
    # What is counted there are actions, and those of them that suspend call this module.
    from abuse import by_name

    reason = _required(reason)
    hostname = hostnames.lock(hostname)
    by_name.check_holder(hostname.account, by)
    by_name.check_hostname(hostname)
    if Suspension.objects.in_force().filter(hostname=hostname, decided_by=by, reason=reason).exists():
        raise AlreadySuspended
    by_name.check_limits(Hostname.objects.filter(pk=hostname.pk), action=Decision.Action.SUSPEND, by=by)
    is_first = not Suspension.objects.in_force().filter(hostname=hostname).exists()
    suspension = cover(hostname, Suspension.Kind.SUSPENDED, reason=reason, by=by, ends_at=ends_at)
    if is_first:
        # That it is so, and not why: further ones change nothing for the customer.
        notifications.tell(hostname.account, Kind.SUSPENDED, hostname=hostname)
    _enter("suspend", suspension, reason, by)
    return suspension


@transaction.atomic
def lift(suspension: Suspension, *, reason: str, by: User) -> Suspension:
    """Ends what was decided by name; if nothing else covers it, the name answers again what its records say.

    Locks the hostname. Raises ReasonMissing, AlreadyLifted, OwnAccount, StaffAccount unless a superuser decides, and
    DecidedOnCase or DecidedOnOrder where that is to be undone instead.
    """
    from abuse import by_name

    reason = _required(reason)
    by_name.check_holder(suspension.hostname.account, by)
    if suspension.decision is not None:
        raise DecidedOnCase(f"Undo it on case {suspension.decision.case_id}.")
    if suspension.order_item_id is not None:
        raise DecidedOnOrder
    suspension = uncover(suspension, reason=reason, by=by)
    _tell_if_free(suspension.hostname)
    _enter("lift", suspension, reason, by)
    return suspension


@transaction.atomic
def cover(
    hostname: Hostname,
    kind: Suspension.Kind,
    *,
    reason: str,
    by: User | None,
    answer: RRsets | None = None,
    ends_at: datetime | None = None,
    decision: Decision | None = None,
) -> Suspension:
    """One more that covers the hostname; the strongest is in force. Neither tells the customer nor enters it in the ledger.

    answer is what a diversion answers. Locks the hostname. Raises HostnameReleased.
    """
    hostname = hostnames.lock(hostname)
    if kind == Suspension.Kind.HELD:
        # What stood before anything covered it: under a restriction nothing of it changes.
        answer = hostnames.owners_rrsets(hostname)
    suspension = Suspension.objects.create(
        hostname=hostname,
        kind=kind,
        answer=answer or {},
        reason=reason,
        decided_by=by,
        decided_at=timezone.now(),
        ends_at=ends_at,
        decision=decision,
    )
    _impose_strongest(hostname, Urgency.WITHDRAWAL)
    return suspension


@transaction.atomic
def uncover(suspension: Suspension, *, reason: str, by: User | None) -> Suspension:
    """Ends it: the next strongest that covers the hostname is in force then, or none. Neither tells nor enters it.

    Locks the hostname. Raises AlreadyLifted.
    """
    hostname = hostnames.lock(suspension.hostname)
    suspension = Suspension.objects.select_for_update(of=("self",)).select_related("hostname").get(pk=suspension.pk)
    if not suspension.is_in_force:
        raise AlreadyLifted
    suspension.lifted_by, suspension.lifted_at, suspension.lift_reason = by, timezone.now(), reason
    suspension.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    _impose_strongest(hostname, Urgency.ORDINARY)
    return suspension


def strongest(hostname: Hostname) -> Suspension | None:
    """The one that is in force of those that cover the hostname; of two alike the later."""
    covering = Suspension.objects.in_force().filter(hostname=hostname)
    return max(covering, key=lambda each: (STRENGTH[Suspension.Kind(each.kind)], each.pk), default=None)


def end_due(now: datetime) -> int:
    """Lifts what was decided by name until now; gives how many. Each is a transaction; may be stopped and run again."""
    due = Suspension.objects.in_force().filter(decision=None, order_item=None, ends_at__lte=now).order_by("ends_at")
    return sum(_end_one(suspension) for suspension in due.select_related("hostname")[:CHUNK])


def _end_one(suspension: Suspension) -> bool:
    try:
        return _end(suspension)
    except Exception:
        # Else those behind it would never end, nor the orders that are looked at after them.
        logger.exception("Suspension %d could not be ended.", suspension.pk)
        return False


@transaction.atomic
def _end(suspension: Suspension) -> bool:
    try:
        suspension = uncover(suspension, reason=ENDED, by=None)
    except AlreadyLifted:
        return False
    _tell_if_free(suspension.hostname)
    _enter("lift", suspension, ENDED, None)
    return True


def _impose_strongest(hostname: Hostname, urgency: Urgency) -> None:
    found = strongest(hostname)
    if found is None:
        hostnames.impose(hostname, None)
    else:
        hostnames.impose(hostname, Restriction.Kind(found.kind), found.answer, urgency)


def _tell_if_free(hostname: Hostname) -> None:
    if strongest(hostname) is None:
        notifications.tell(hostname.account, Kind.LIFTED, hostname=hostname)


def _enter(action: str, suspension: Suspension, reason: str, by: User | None) -> None:
    hostname = suspension.hostname
    ledger.append(
        actor=by,
        action=action,
        object=f"hostname {hostname.name}",
        reason=reason,
        details={"suspension": suspension.pk, "account": hostname.account_id},
    )


def _required(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing
    return reason.strip()
