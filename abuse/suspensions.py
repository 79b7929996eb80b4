"""Suspensions: a hostname out of DNS within seconds, and exactly as it was when the last one is lifted."""

from django.db import transaction
from django.utils import timezone

from abuse import ledger
from abuse.errors import AlreadyLifted, AlreadySuspended, ReasonMissing
from abuse.models import Suspension
from ddns import hostnames, notifications
from ddns.models import Hostname, User
from ddns.models.notifications import Kind


@transaction.atomic
def suspend(hostname: Hostname, *, reason: str, by: User) -> Suspension:
    """Suspension, restriction, urgent withdrawal and ledger entry in one transaction.

    Several suspensions may cover one hostname. Locks the hostname. Raises ReasonMissing, HostnameReleased, and
    AlreadySuspended for the same decision sent twice.
    """
    reason = _required(reason)
    hostname = hostnames.lock(hostname)
    if Suspension.objects.in_force().filter(hostname=hostname, decided_by=by, reason=reason).exists():
        raise AlreadySuspended
    is_first = not Suspension.objects.in_force().filter(hostname=hostname).exists()
    suspension = Suspension.objects.create(hostname=hostname, reason=reason, decided_by=by, decided_at=timezone.now())
    hostnames.suspend(hostname)
    if is_first:
        # That it is so, and not why: further ones change nothing for the customer.
        notifications.tell(hostname.account, Kind.SUSPENDED, hostname=hostname)
    ledger.append(
        actor=by,
        action="suspend",
        object=f"hostname {hostname.name}",
        reason=reason,
        details={"suspension": suspension.pk, "account": hostname.account_id},
    )
    return suspension


@transaction.atomic
def lift(suspension: Suspension, *, reason: str, by: User) -> Suspension:
    """Ends the suspension; if it was the last one, the name answers again what its records say.

    Locks the hostname. Raises ReasonMissing and AlreadyLifted.
    """
    reason = _required(reason)
    hostname = hostnames.lock(suspension.hostname)
    suspension = Suspension.objects.select_for_update().get(pk=suspension.pk)
    if not suspension.is_in_force:
        raise AlreadyLifted
    suspension.lifted_by, suspension.lifted_at, suspension.lift_reason = by, timezone.now(), reason
    suspension.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    if not Suspension.objects.in_force().filter(hostname=hostname).exists():
        hostnames.reinstate(hostname)
        notifications.tell(hostname.account, Kind.LIFTED, hostname=hostname)
    ledger.append(
        actor=by,
        action="lift",
        object=f"hostname {hostname.name}",
        reason=reason,
        details={"suspension": suspension.pk, "account": hostname.account_id},
    )
    return suspension


def _required(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing
    return reason.strip()
