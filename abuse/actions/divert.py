"""Divert: one hostname answers a partner's sinkhole or our notice page, and exactly what it did when it is undone."""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from django.utils import timezone

from abuse import diversions, suspensions
from abuse.actions.act import Act, Effect, Parameters, Touched, check_known, hostname_of, text_of
from abuse.actions.restrict import the_hostname, uncover
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision, DiversionTarget, Report, Suspension
from dnsupdate.rrsets import RRsets

# What speaks to such a name is no browser: it would talk to a web server of ours, and never show a page (facts §4.2).
NOT_FOR_PEOPLE = ("content/malware", "infrastructure/botnet", "reputation/threat_intelligence")


def answer_of(target: DiversionTarget) -> RRsets:
    """What a name answers that is diverted there."""
    rrsets: RRsets = {}
    for text in target.addresses:
        address = ip_address(text)
        rrset = rrsets.setdefault("A" if address.version == 4 else "AAAA", {"ttl": target.ttl, "rdata": []})
        rrset["rdata"].append(str(address))
    return rrsets


def _parse(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, datetime | None]:
    check_known(given, "target", "text")
    target = _target(given)
    if target.kind == DiversionTarget.Kind.NOTICE:
        _check_is_for_people(case)
    text = text_of(given, "text", is_required=False)
    return {"target": target.pk, **({"text": text} if text else {})}, ends_at


def _target(parameters: Mapping[str, Any]) -> DiversionTarget:
    """Raises InvalidParameter."""
    try:
        target = DiversionTarget.objects.get(pk=int(parameters["target"]))
    except (DiversionTarget.DoesNotExist, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InvalidParameter("target is one of the targets of diversion.") from error
    if why := target.why_over(timezone.now()):
        raise InvalidParameter(f"the target {target} {why}.")
    return target


def _check_is_for_people(case: Case) -> None:
    kinds = {case.category_id, *case.reports.counted().values_list("category", flat=True)}
    if found := sorted(kinds.intersection(NOT_FOR_PEOPLE)):
        raise InvalidParameter(
            f"a notice page is for people, and this case is about {found[0]}: victims' malware would talk to our page. "
            "Suspend it, or divert it to a sinkhole."
        )


def _touch(case: Case, parameters: Parameters) -> Touched:
    target = _target(parameters)
    diversions.check_capacity(target, 1)
    addresses = ", ".join(target.addresses)
    return Touched(
        hostnames=the_hostname(case),
        met=[f"{target.pk} {addresses} {target.ttl}"],
        sentences=[
            f"{case.name} and its wildcard answer {addresses} ({target.get_kind_display()}: {target}) instead of what is stored.",
            "What it answers besides addresses, and everything with records below it, leaves DNS.",
            "Devices are told “abuse” and stop trying. Addresses, records and keys stay stored.",
            *_of_agreement(case, target),
        ],
        undo_seconds=target.ttl,
    )


def _of_agreement(case: Case, target: DiversionTarget) -> list[str]:
    if target.valid_until is None:
        return []
    until = f"{target.valid_until:%Y-%m-%d %H:%M} UTC"
    return [f"The agreement ends at {until}: from then on {case.name} is suspended instead, until that is undone."]


def _do(decision: Decision) -> Effect:
    target = _target(decision.parameters)
    diversions.check_capacity(target, 1)
    suspension = suspensions.cover(
        hostname_of(decision.case),
        Suspension.Kind.DIVERTED,
        answer=answer_of(target),
        reason=decision.reason,
        by=decision.decided_by,
        ends_at=decision.ends_at,
        decision=decision,
    )
    return {"suspension": suspension.pk}


DIVERT = Act(
    permission="decide_gravely",
    parse=_parse,
    touch=_touch,
    do=_do,
    undo=uncover,
    outcome=Report.Outcome.UPHELD,
    second_look="Traffic of people goes to somebody else.",
    is_in_dns=True,
)
