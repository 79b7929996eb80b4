"""Delegations: watched from outside, changed only by what the parent says, and taken over only by somebody who says so."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from dnsupdate import nameservers, observations, pictures
from dnsupdate.delegation_alarms import settle
from dnsupdate.errors import NothingObserved, ObservationMoved
from dnsupdate.models import Delegation, DelegationChange, Nameserver, Zone
from dnsupdate.observations import Observation, Subject
from dnsupdate.pictures import Picture, Verdict
from dnsupdate.questions import Server

logger = logging.getLogger(__name__)

State = Delegation.State
# Some hundred questions are on their way at a time, and what was seen is stored before the next zones are looked at.
ZONES_AT_ONCE = 16
# So long must the delegation be as expected again until a change is over: a server that lies now and then tells once.
CALM = timedelta(minutes=10)
# A parent's servers hardly ever change; those that are known are asked even while the resolver is away.
PARENT_LIFETIME = timedelta(hours=1)
# Of changes that are not over: a parent that says something new at every look must not fill the database.
MAX_OPEN_CHANGES = 50
FIRST = "the first look: it names our nameservers"


def watch(zones: Iterable[Zone]) -> list[Delegation]:
    """Looks at the delegation of each zone and stores what was seen; those that could not be looked at are logged.

    Network first, then a short transaction per zone, in which the delegation's row is locked and its alarm settled.
    """
    watched = []
    for chunk in _chunks(list(zones)):
        delegations = _rows(chunk)
        seen = observations.look([_subject(delegation) for delegation in delegations])
        for delegation, observation in zip(delegations, seen, strict=True):
            if observation is not None and (recorded := _try_to_record(delegation, observation)) is not None:
                watched.append(recorded)
    return watched


def _try_to_record(delegation: Delegation, observation: Observation) -> Delegation | None:
    """One zone, whatever is wrong with it, must not blind us for the others."""
    try:
        return record(delegation, observation)
    except Exception:
        logger.exception("what was seen of the delegation of %s could not be stored", delegation.zone)
        return None


@transaction.atomic
def record(delegation: Delegation, observation: Observation) -> Delegation:
    """Stores what was seen; a look that began before the one that is stored changes nothing."""
    delegation = _locked(delegation.zone)
    if delegation.checked_at is not None and observation.started_at <= delegation.checked_at:
        return delegation
    _keep(delegation, observation)
    expected = delegation.expected_picture
    verdict, picture = pictures.judge(expected, observation.shown(expected))
    if picture is None:
        _move(delegation, State.UNKNOWN)
    else:
        delegation.observed, delegation.observed_at = picture.to_json(), observation.started_at
        if delegation.expected is None:
            _first(delegation, observation, picture)
        elif verdict == Verdict.AS_EXPECTED:
            _as_expected(delegation, observation, picture)
        else:
            _changed(delegation, observation, picture)
    delegation.save()
    settle(delegation, observation.started_at)
    return delegation


@transaction.atomic
def accept(zone: Zone, *, by: str, seen: str | None = None) -> Delegation:
    """Takes over what was observed last, at the parent and at the registry: the change was ours. Ends its alarm.

    by: who says so, for the record. seen: Delegation.seen of what they looked at. Raises NothingObserved, ObservationMoved.
    """
    delegation = _locked(zone)
    if delegation.observed is None:
        raise NothingObserved
    if seen is not None and seen != delegation.seen:
        raise ObservationMoved
    now = timezone.now()
    picture = Picture.from_json(delegation.observed)
    if delegation.expected != delegation.observed and not _open_change_to(delegation, picture):
        _add_change(delegation, picture, [], now)
    changes = delegation.changes.open()
    accepted = changes.filter(now=delegation.observed) | changes.filter(source=DelegationChange.Source.REGISTRY)
    accepted.update(ended_at=now, outcome="accepted", accepted_by=by)
    changes.update(ended_at=now, outcome="replaced by what was accepted")
    _take_over(delegation, picture, by)
    delegation.save()
    logger.warning("the delegation of %s as it is now was accepted by %s", zone, by)
    settle(delegation, now)
    return delegation


def _take_over(delegation: Delegation, picture: Picture, by: str) -> None:
    delegation.expected, delegation.accepted_at, delegation.accepted_by = picture.to_json(), timezone.now(), by
    delegation.expected_registry_status = delegation.registry_status
    delegation.expected_expires_at = delegation.expires_at
    delegation.calm_since = delegation.dissent_since = None
    _move(delegation, State.EXPECTED if picture.is_delegated else State.GONE)


def _first(delegation: Delegation, observation: Observation, picture: Picture) -> None:
    """Until somebody has accepted one, every look is the first."""
    if not picture.is_delegated:
        _move(delegation, State.GONE)
    elif not set(picture.ns) <= observation.own_names:
        _move(delegation, State.OFFERED)
    else:
        change = _add_change(delegation, picture, _evidence(observation), observation.started_at)
        change.ended_at, change.outcome, change.accepted_by = observation.started_at, "accepted", FIRST
        change.save(update_fields=["ended_at", "outcome", "accepted_by"])
        _take_over(delegation, picture, FIRST)


def _as_expected(delegation: Delegation, observation: Observation, picture: Picture) -> None:
    _move(delegation, State.EXPECTED if picture.is_delegated else State.GONE)
    if all(each in (None, picture) for each in observation.shown(picture)):
        delegation.dissent_since = None
    else:
        delegation.dissent_since = delegation.dissent_since or observation.started_at
    changes = delegation.changes.open().filter(source=DelegationChange.Source.PARENT)
    delegation.calm_since = (delegation.calm_since or observation.started_at) if changes.exists() else None
    if delegation.calm_since and observation.started_at - delegation.calm_since >= CALM:
        changes.update(ended_at=observation.started_at, outcome="undone: as expected again")
        delegation.calm_since = None


def _changed(delegation: Delegation, observation: Observation, picture: Picture) -> None:
    _move(delegation, State.CHANGED if picture.is_delegated else State.GONE)
    delegation.calm_since = delegation.dissent_since = None
    if _open_change_to(delegation, picture) or delegation.changes.open().count() >= MAX_OPEN_CHANGES:
        return
    _add_change(delegation, picture, _evidence(observation), observation.started_at)


def _open_change_to(delegation: Delegation, picture: Picture) -> bool:
    return delegation.changes.open().filter(now=picture.to_json()).exists()


def _add_change(delegation: Delegation, picture: Picture, evidence: list[dict], at) -> DelegationChange:
    was = delegation.expected_picture or Picture()
    words = pictures.differences(was, picture)
    saying = [each["server"] for each in evidence if each["picture"] == picture.to_json()]
    if saying:
        parent = f"the parent zone {delegation.parent}" if delegation.parent else "the parent zone"
        words.append(f"Seen at {len(saying)} of {len(evidence)} servers of {parent}: {', '.join(saying)}.")
    return delegation.changes.create(
        source=DelegationChange.Source.PARENT,
        was=was.to_json(),
        now=picture.to_json(),
        words="\n".join(words),
        evidence=evidence,
        seen_at=at,
    )


def _keep(delegation: Delegation, observation: Observation) -> None:
    """What each server said, for the page."""
    delegation.checked_at, delegation.failure = observation.started_at, observation.failure
    if observation.is_found:
        delegation.parent, delegation.parent_found_at = observation.parent, observation.started_at
        delegation.parent_servers = [asdict(server) for server in observation.servers]
    delegation.answers = [{**each, "evidence": ""} for each in _evidence(observation)]
    delegation.apexes = [
        {"role": each.role, "server": str(each.server), "serial": each.serial, "ns": each.ns, "failure": each.failure}
        for each in observation.apexes
    ]


def _evidence(observation: Observation) -> list[dict]:
    return [
        {
            "server": str(answer.server),
            "picture": answer.picture.to_json() if answer.picture is not None else None,
            "said": answer.said,
            "evidence": answer.evidence,
        }
        for answer in observation.answers
    ]


def _move(delegation: Delegation, state: State) -> None:
    if delegation.state != state:
        delegation.state, delegation.state_since = state, delegation.checked_at or timezone.now()


def _locked(zone: Zone) -> Delegation:
    return Delegation.objects.select_for_update(of=("self",)).select_related("zone").get(zone=zone)


def _rows(zones: Sequence[Zone]) -> list[Delegation]:
    """With everything that a look needs, in a constant number of queries; made where there is none yet."""
    Delegation.objects.bulk_create([Delegation(zone_id=zone.pk) for zone in zones], ignore_conflicts=True)
    rows = Delegation.objects.filter(zone__in=zones).select_related("zone__primary")
    return list(rows.prefetch_related("zone__secondaries"))


def _subject(delegation: Delegation) -> Subject:
    zone = delegation.zone
    listed = [_server(server) for server in (zone.primary, *zone.secondaries.all())]
    if delegation.parent_override.strip():
        places = map(nameservers.parse_address, delegation.parent_override.split())
        return Subject(zone.name, delegation.parent, [Server(host, host, port) for host, port in places], False, listed)
    known = [Server(**server) for server in delegation.parent_servers]
    is_old = delegation.parent_found_at is None or timezone.now() - delegation.parent_found_at >= PARENT_LIFETIME
    return Subject(zone.name, delegation.parent, known, is_old or delegation.state == State.UNKNOWN, listed)


def _server(server: Nameserver) -> Server:
    return Server(server.name, server.host, server.port)


def _chunks(zones: Sequence[Zone]) -> Iterable[Sequence[Zone]]:
    return (zones[start : start + ZONES_AT_ONCE] for start in range(0, len(zones), ZONES_AT_ONCE))
