"""Reserve the label: nobody registers it in any domain, and what stood about it before comes back when it is undone."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from abuse.actions import layers
from abuse.actions.act import Act, Effect, Parameters, Touched, check_known, clean
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision
from ddns import hostnames
from ddns.models import Domain, Hostname, ReservedName, User
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise_host_label


def _parse(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, datetime | None]:
    check_known(given, "label")
    try:
        label = normalise_host_label(clean(str(given.get("label") or case.name.partition(".")[0])))
    except InvalidName as error:
        raise InvalidParameter(f"label: {error}") from error
    if hostnames.is_kept(label):
        raise InvalidParameter(f"{label} is the platform's own already.")
    return {"label": label}, ends_at


def _touch(case: Case, parameters: Parameters) -> Touched:
    label = parameters["label"]
    everywhere = [f"{label}.{name}" for name in Domain.objects.values_list("name", flat=True)]
    held = Hostname.objects.unreleased().filter(name__in=everywhere).exclude(pk=case.hostname_id or 0).order_by("name")
    names = list(held.values_list("name", flat=True)[:50])
    stay = f" Held by others and not touched: {', '.join(names)}." if names else ""
    return Touched(met=names, sentences=[f"Nobody can register {label}, in any of {len(everywhere)} domains.{stay}"])


def _do(decision: Decision) -> Effect:
    label = decision.parameters["label"]
    layers.lock(f"label {label}")
    standing = layers.others(decision, label=label)
    before = layers.base_of(standing, _stored(label))
    _store(label, _strongest(before, [*standing, decision]))
    return {"label": label, "before": before}


def _undo(decision: Decision, by: User | None) -> None:
    label, before = decision.effect["label"], decision.effect["before"]
    layers.lock(f"label {label}")
    standing = layers.others(decision, label=label)
    if _stored(label) != _strongest(before, [*standing, decision]):
        # An operator has written it since: theirs is the last word.
        return
    _store(label, _strongest(before, standing))


def _strongest(before: Effect | None, standing: Iterable[Decision]) -> Effect | None:
    """What lasts longest, and of what lasts equally long the earlier."""
    rows = [before] if before else []
    rows += [
        {"reason": f"abuse case {each.case_id}", "until": each.ends_at and each.ends_at.isoformat()}
        for each in standing
    ]
    # For good is the longest.
    return max(rows, key=lambda row: (row["until"] is None, row["until"] or ""), default=None)


def _stored(label: str) -> Effect | None:
    row = ReservedName.objects.filter(name=label).first()
    return {"reason": row.reason, "until": row.until and row.until.isoformat()} if row else None


def _store(label: str, row: Effect | None) -> None:
    if row is None:
        ReservedName.objects.filter(name=label).delete()
        return
    until = row["until"] and datetime.fromisoformat(row["until"])
    ReservedName.objects.update_or_create(name=label, defaults={"reason": row["reason"], "until": until})


RESERVE_LABEL = Act(permission="decide_gravely", parse=_parse, touch=_touch, do=_do, undo=_undo, is_beside_case=True)
