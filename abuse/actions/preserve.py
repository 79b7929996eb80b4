"""Preserve: nothing of an account is deleted before a time, whoever asks; never shortened, and undone to what stood."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from abuse.actions import layers
from abuse.actions.act import Act, Effect, Parameters, Touched, check_known
from abuse.errors import InfrastructureName, InvalidParameter
from abuse.models import Case, Decision
from ddns.models import User

# 18 USC 2703(f) asks for 90 days and 90 more, REPORT Act for a year, e-Evidence for 60 days and 30 more.
LONGEST = timedelta(days=365)
USUAL = timedelta(days=90)


def _parse(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, datetime]:
    check_known(given)
    now = timezone.now()
    until = ends_at or now + USUAL
    if until > now + LONGEST:
        raise InvalidParameter(f"it lasts {LONGEST.days} days at most. Preserve it again before that where it must.")
    return {}, until


def _touch(case: Case, parameters: Parameters) -> Touched:
    if case.account is None:
        raise InfrastructureName(f"{case.name}.")
    until = case.account.preserve_until
    stands = f" It is preserved until {until:%Y-%m-%d} already." if until else ""
    return Touched(
        sentences=[
            f"Nothing of {case.account} is deleted until it ends: history of addresses, keys, the account itself.{stands}",
            "The customer notices nothing, and nothing is handed out: that is another decision.",
        ]
    )


def _do(decision: Decision) -> Effect:
    if decision.case.account is None:
        raise InfrastructureName(f"{decision.case.name}.")
    account = _lock(decision.case.account.pk)
    standing = layers.others(decision, account=account.pk)
    before = layers.base_of(standing, {"until": account.preserve_until and account.preserve_until.isoformat()})
    _store(account, _latest(before, [*standing, decision]))
    return {"account": account.pk, "before": before}


def _undo(decision: Decision, by: User | None) -> None:
    account = _lock(decision.effect["account"])
    standing = layers.others(decision, account=account.pk)
    before = decision.effect["before"]
    if account.preserve_until != _latest(before, [*standing, decision]):
        # Somebody has written it since by name: theirs is the last word.
        return
    _store(account, _latest(before, standing))


def _latest(before: Effect | None, standing: Iterable[Decision]) -> datetime | None:
    until = before["until"] if before else None
    times = [datetime.fromisoformat(until)] if until else []
    times += [each.ends_at for each in standing if each.ends_at is not None]
    return max(times, default=None)


def _store(account: User, until: datetime | None) -> None:
    account.preserve_until = until
    account.save(update_fields=["preserve_until"])


def _lock(pk: int) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=pk)


PRESERVE = Act(
    permission="preserve_account", parse=_parse, touch=_touch, do=_do, undo=_undo, must_end=True, is_beside_case=True
)
