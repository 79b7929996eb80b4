"""Lock the account: log-in, keys and names end at once, and come back as they were when it is undone."""

from abuse.actions import layers
from abuse.actions.act import Act, Effect, Parameters, Touched, hostname_of
from abuse.errors import InfrastructureName, NothingToDo
from abuse.models import Case, Decision, LedgerEntry, Report
from ddns import accounts
from ddns.models import Hostname, User
from dnsupdate.zone_settings import NEGATIVE_TTL


def _holder(case: Case) -> User:
    if case.account is None:
        raise InfrastructureName(f"{case.name}.")
    return case.account


def _touch(case: Case, parameters: Parameters) -> Touched:
    account = _holder(case)
    names = Hostname.objects.held_by(account)
    others = names.exclude(pk=hostname_of(case).pk).count()
    return Touched(
        hostnames=names,
        sentences=[
            f"All names of {account} leave DNS within seconds, {others} besides {case.name}: look at each of them.",
            "Its keys stop working, and every browser is logged out: nobody can log in.",
            "Nothing is deleted: undoing brings back names and keys as they are. Sessions begin anew.",
        ],
        undo_seconds=NEGATIVE_TTL[-1],
    )


def _do(decision: Decision) -> Effect:
    account = User.objects.select_for_update(no_key=True).get(pk=_holder(decision.case).pk)
    if not account.is_active:
        raise NothingToDo
    count = accounts.deactivate(account)
    accounts.end_sessions(account)
    return {"account": account.pk, "hostnames": count}


def _undo(decision: Decision, by: User | None) -> None:
    account = User.objects.select_for_update(no_key=True).get(pk=decision.effect["account"])
    # Somebody else may have decided since, on a case or by name; and what its owner has closed is reopened by them.
    by_name = LedgerEntry.objects.filter(
        object=f"account {account.email}", action="deactivate", at__gt=decision.done_at
    )
    is_locked_besides = bool(layers.others(decision, account=account.pk)) or by_name.exists()
    if not account.is_active and account.closed_at is None and not is_locked_besides:
        accounts.reactivate(account)


LOCK_ACCOUNT = Act(
    permission="decide_gravely",
    touch=_touch,
    do=_do,
    undo=_undo,
    outcome=Report.Outcome.UPHELD,
    is_in_dns=True,
    is_of_account=True,
)
