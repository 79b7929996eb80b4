"""Sightings: what partners send back about names that we share with them, and the false positives that a person settles."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from abuse import ledger, messages, shared_feeds
from abuse.errors import InvalidParameter, NotAllowed, NothingToDo, ReasonMissing
from abuse.intake import moments, text
from abuse.models import Case, Category, Message, Partner, SharedName, Sighting, Suspension
from ddns.models import User
from dnsupdate import alarms
from dnsupdate.errors import InvalidName
from dnsupdate.models import Alarm
from dnsupdate.names import normalise

# At once. A partner that has more to say sends counts, or several.
MOST = 1000
MOST_SEEN = 2**31 - 1
MAX_NOTE, MAX_ID = 1000, 100
_DISAGREE = ("disagree", "strongly-disagree")
_SEEN, _FALSE = Sighting.Kind.SEEN, Sighting.Kind.FALSE_POSITIVE

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One sighting as it was sent: of a name, or of an indicator of ours."""

    position: int
    kind: Sighting.Kind
    name: str = ""
    indicator: str = ""
    count: int = 1
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    note: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one of them was not taken, by its place from 0."""

    position: int
    detail: str


@dataclass(frozen=True, slots=True)
class Received:
    """What became of what was sent at once. repeated_count had come before."""

    accepted_count: int
    repeated_count: int
    problems: Sequence[Problem]


def read(document: Any) -> tuple[list[Said], list[Problem]]:
    """A STIX 2.1 bundle, one object of it, or {"sightings": [...]}. Raises InvalidParameter."""
    found = _objects(document)
    if len(found) > MOST:
        raise InvalidParameter(f"{len(found)} at once; {MOST} are the most. Send them in parts.")
    said: list[Said] = []
    problems: list[Problem] = []
    is_stix = "sightings" not in document
    for position, each in enumerate(found):
        try:
            said += _of_stix(position, each) if is_stix else [_of_json(position, each)]
        except InvalidParameter as error:
            problems.append(Problem(position, str(error)))
    return said, problems


@transaction.atomic
def receive(partner: Partner, said: Sequence[Said], *, now: datetime) -> Received:
    """Stores those that are about names that the partner sees; a false positive opens an alarm, and is noted on the case.

    What is not shared with the partner is unknown to it, be it ours or not.
    """
    by_name, by_indicator = _known(partner, said, now)
    rows, problems = [], []
    for each in said:
        hostname = by_indicator.get(each.indicator) if each.indicator else by_name.get(each.name)
        if hostname is None:
            problems.append(Problem(each.position, "This is no name that is, or was, shared with you."))
        else:
            rows.append(_row(partner, hostname, each, now))
    ids = {row.external_id for row in rows if row.external_id}
    there = set(Sighting.objects.filter(partner=partner, external_id__in=ids).values_list("external_id", flat=True))
    fresh = list({row.external_id or id(row): row for row in rows if row.external_id not in there}.values())
    # Those that came by another request at this moment are not written twice.
    Sighting.objects.bulk_create(fresh, ignore_conflicts=True)
    wrong = [row for row in fresh if row.kind == _FALSE]
    _note_on_cases(partner, wrong)
    if wrong:
        watch()
    return Received(len(fresh), len(rows) - len(fresh), problems)


@transaction.atomic
def settle(sighting: Sighting, *, reason: str, by: User) -> Sighting:
    """Somebody has looked at it; whether the name comes back is decided where it was suspended. Locks the sighting.

    Raises NotAllowed, ReasonMissing, NothingToDo.
    """
    if not by.has_perm("abuse.decide_case"):
        raise NotAllowed("it takes the right to decide cases.")
    if not reason.strip():
        raise ReasonMissing
    sighting = (
        Sighting.objects.select_for_update(of=("self",)).select_related("hostname", "partner").get(pk=sighting.pk)
    )
    if sighting.kind != _FALSE or sighting.settled_at is not None:
        raise NothingToDo
    sighting.settled_by, sighting.settled_at, sighting.settlement = by, timezone.now(), reason.strip()
    sighting.save(update_fields=["settled_by", "settled_at", "settlement"])
    ledger.append(
        actor=by,
        action="settle-sighting",
        object=f"hostname {sighting.hostname.name}",
        reason=reason.strip(),
        details={"sighting": sighting.pk, "partner": sighting.partner.name, "account": sighting.hostname.account_id},
    )
    watch()
    return sighting


def watch() -> None:
    """An alarm as long as false positives wait; its text changes with the oldest, so that a flood is one mail."""
    oldest = Sighting.objects.filter(kind=_FALSE, settled_at=None).order_by("received_at").first()
    if oldest is None:
        alarms.close(Alarm.Kind.SIGHTING)
        return
    alarms.open(
        Alarm.Kind.SIGHTING,
        f"Partners say that names which we share are innocent; the oldest such word is of {oldest.received_at:%Y-%m-%d %H:%M} "
        "UTC. Look at the sightings on the desk, and undo the suspensions that were mistakes.",
    )


def case_of(sighting: Sighting) -> Case | None:
    """On which its name was suspended, where it was on a case; never a restricted one, which is for named people."""
    on_cases = Suspension.objects.in_force().filter(decision__case__route=Category.Route.SUSPECT)
    found = on_cases.filter(hostname=sighting.hostname_id)
    row = found.select_related("decision__case").order_by("-pk").first()
    return None if row is None or row.decision is None else row.decision.case


def _objects(document: Any) -> list[Object]:
    listed = document
    if isinstance(document, dict):
        listed = document.get("sightings", document.get("objects", [document] if "type" in document else None))
    if not isinstance(document, dict) or not isinstance(listed, list) or not listed:
        raise InvalidParameter("a STIX 2.1 bundle with sightings, or an object with the array “sightings”.")
    return [each if isinstance(each, dict) else {} for each in listed]


def _of_json(position: int, each: Object) -> Said:
    if unknown := sorted(set(each) - {"name", "kind", "count", "first_seen", "last_seen", "note", "id"}):
        raise InvalidParameter(f"a sighting has no {unknown[0][:60]}.")
    kind = each.get("kind", _SEEN.value)
    if kind not in Sighting.Kind.values:
        raise InvalidParameter(f"kind is one of {', '.join(Sighting.Kind.values)}.")
    return Said(
        position=position,
        kind=Sighting.Kind(kind),
        name=_name(each.get("name")),
        count=_count(each.get("count", 1)),
        first_seen_at=moments.read(each.get("first_seen")),
        last_seen_at=moments.read(each.get("last_seen")),
        note=text.line(each.get("note"), MAX_NOTE),
        external_id=text.line(each.get("id"), MAX_ID),
    )


def _of_stix(position: int, each: Object) -> Iterator[Said]:
    """Sightings (§5.2) and disagreeing opinions (§4.14); identities, indicators and markings are passed over."""
    match each.get("type"):
        case "sighting":
            yield Said(
                position=position,
                kind=_SEEN,
                indicator=text.line(each.get("sighting_of_ref"), MAX_ID),
                count=_count(each.get("count", 1)),
                first_seen_at=moments.read(each.get("first_seen")),
                last_seen_at=moments.read(each.get("last_seen")),
                note=text.line(each.get("description"), MAX_NOTE),
                external_id=text.line(each.get("id"), MAX_ID),
            )
        case "opinion" if each.get("opinion") in _DISAGREE:
            refs = each.get("object_refs")
            for ref in refs if isinstance(refs, list) else []:
                yield Said(
                    position=position,
                    kind=_FALSE,
                    indicator=text.line(ref, MAX_ID),
                    note=text.line(each.get("explanation"), MAX_NOTE),
                    # One opinion may be about several.
                    external_id=f"{text.line(each.get('id'), 45)} {text.line(ref, 50)}",
                )
        case "opinion":
            raise InvalidParameter("an opinion counts where it disagrees.")
        case "identity" | "indicator" | "marking-definition" | "observed-data":
            return
        case _:
            raise InvalidParameter("sightings and opinions are read.")


def _name(value: Any) -> str:
    try:
        return normalise(text.line(value, 300))
    except InvalidName as error:
        raise InvalidParameter(str(error)) from error


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST_SEEN:
        raise InvalidParameter("count is a number from 1 on; what was not seen need not be sent.")
    return value


def _known(partner: Partner, said: Sequence[Said], now: datetime) -> tuple[dict[str, int], dict[str, int]]:
    """The hostnames that the partner sees, by name and by indicator."""
    found = shared_feeds.visible(partner, now)
    names = {each.name for each in said if each.name}
    by_name = dict(found.filter(hostname__name__in=names).order_by("pk").values_list("hostname__name", "hostname"))
    if not any(each.indicator for each in said):
        return by_name, {}
    # Ids are made of the rows' numbers, and nothing but a number leads back to its row.
    rows = SharedName.objects.filter(pk__in=found.values("pk")).values_list("pk", "hostname")
    return by_name, {shared_feeds.indicator_id(pk): hostname for pk, hostname in rows}


def _row(partner: Partner, hostname: int, said: Said, now: datetime) -> Sighting:
    return Sighting(
        partner=partner,
        hostname_id=hostname,
        kind=said.kind,
        count=said.count,
        first_seen_at=said.first_seen_at,
        last_seen_at=said.last_seen_at,
        note=said.note,
        external_id=said.external_id,
        received_at=now,
    )


def _note_on_cases(partner: Partner, wrong: Sequence[Sighting]) -> None:
    for row in wrong:
        case = case_of(row)
        if case is not None:
            words = f"The partner {partner.name} says that this name is innocent. {row.note}".strip()
            messages.say(case, side=Message.Side.NOTE, text=words, author=None, is_ours=True)
