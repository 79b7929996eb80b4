"""Preserve: nothing of an account is deleted before a time, whoever asks; never shortened, and undone to what stood."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from abuse import preservations, restricted
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
    # Whoever reads it may know nothing of a sealed order.
    until = restricted.preserved_until(case.account, None)
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
    pk = decision.case.account.pk
    stored = preservations.lock([pk])
    standing = preservations.standing([pk], but_decisions=[decision.pk])
    before = preservations.base_of(standing[pk], stored[pk])
    effect: Effect = {"account": pk, "before": {"until": before and before.isoformat()}}
    standing[pk].append(preservations.Layer(pk, decision.ends_at, before))
    preservations.extend(stored, standing)
    return effect


def _undo(decision: Decision, by: User | None) -> None:
    pk = decision.effect["account"]
    stored = preservations.lock([pk])
    after = preservations.standing([pk], but_decisions=[decision.pk])
    before = {pk: [*after[pk], preservations.layer_of(decision)]}
    preservations.take_away(stored, before, after)


PRESERVE = Act(
    permission="preserve_account", parse=_parse, touch=_touch, do=_do, undo=_undo, must_end=True, is_beside_case=True
)
