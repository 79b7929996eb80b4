"""Hold and suspend: one hostname frozen or out of DNS, and exactly as it was when it is undone."""

from abuse import suspensions
from abuse.actions.act import Act, Effect, Parameters, Touched, hostname_of
from abuse.errors import AlreadyLifted
from abuse.models import Case, Decision, Report, Suspension
from ddns.models import Hostname, User
from ddns.models.hostnames import HostnameQuerySet
from dnsupdate.zone_settings import NEGATIVE_TTL

UNDONE = "The decision was undone."


def the_hostname(case: Case) -> HostnameQuerySet:
    return Hostname.objects.filter(pk=hostname_of(case).pk)


def uncover(decision: Decision, by: User | None) -> None:
    """Ends what covers the hostname by this decision."""
    reason = decision.undo_reason or (suspensions.ENDED if by is None else UNDONE)
    try:
        suspensions.uncover(decision.suspension, reason=reason, by=by)
    except AlreadyLifted:
        # Then there is nothing left to undo, which is what was wanted.
        return


def _touch_hold(case: Case, parameters: Parameters) -> Touched:
    return Touched(
        hostnames=the_hostname(case),
        sentences=[
            f"{case.name} goes on answering what it answers now. Updates, records and options are refused until it ends.",
            "Devices are told “abuse” and stop trying.",
        ],
        undo_seconds=0,
    )


def _touch_suspend(case: Case, parameters: Parameters) -> Touched:
    return Touched(
        hostnames=the_hostname(case),
        sentences=[
            f"{case.name} leaves DNS (NXDOMAIN) with its wildcard and everything below it.",
            "Devices are told “abuse” and stop trying. Addresses, records and keys stay stored.",
            "No other name of the account is touched, nor the log-in.",
        ],
        undo_seconds=NEGATIVE_TTL[-1],
    )


def _hold(decision: Decision) -> Effect:
    return _cover(decision, Suspension.Kind.HELD)


def _suspend(decision: Decision) -> Effect:
    return _cover(decision, Suspension.Kind.SUSPENDED)


def _cover(decision: Decision, kind: Suspension.Kind) -> Effect:
    suspension = suspensions.cover(
        hostname_of(decision.case),
        kind,
        reason=decision.reason,
        by=decision.decided_by,
        ends_at=decision.ends_at,
        decision=decision,
    )
    return {"suspension": suspension.pk}


HOLD = Act(
    permission="decide_case",
    touch=_touch_hold,
    do=_hold,
    undo=uncover,
    outcome=Report.Outcome.UPHELD,
    is_in_dns=True,
)
SUSPEND = Act(
    permission="decide_case",
    touch=_touch_suspend,
    do=_suspend,
    undo=uncover,
    outcome=Report.Outcome.UPHELD,
    is_in_dns=True,
)
