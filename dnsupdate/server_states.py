"""Server states: asks every authoritative server for every zone's serial, and says who is dead or stale."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dnsupdate import alarms, nameservers
from dnsupdate.inquiry import Inquiry, Question
from dnsupdate.models import Alarm, Nameserver, ServerState, Zone
from dnsupdate.serials import is_before

# Three tries of a second each, and a round more where there are very many zones.
DEADLINE = timedelta(seconds=6)
# A process that was stopped while it asked knows nothing about the servers by it.
LONGEST_ASKING = DEADLINE + timedelta(seconds=4)
# The turn: names that hang take their time before anybody is asked, and blind us for no server.
LONGEST_LOOK = nameservers.RESOLVE_WITHIN + LONGEST_ASKING

Pair = tuple[int, int]


def watch() -> None:
    """Asks for the SOA of every zone at every server of it, all at once; stores the answers, opens and closes alarms.

    A secondary is behind while it lacks the serial that the primary had at the look before: it may be late by as much as
    lies between two looks, and a primary that changes all the time makes nobody stale. One that is ahead of its primary
    for a whole look is behind too: the primary went back. Not inside a transaction: this waits for the network.
    """
    zones = list(Zone.objects.delegated().select_related("primary").prefetch_related("secondaries").order_by("pk"))
    servers = {server.pk: server for zone in zones for server in _servers_of(zone)}
    addresses, errors = nameservers.resolve_all(servers.values())
    started_at = time.monotonic()
    before = {(state.zone_id, state.nameserver_id): state for state in ServerState.objects.all()}
    questions = _ask(zones, addresses, errors)
    if time.monotonic() - started_at > LONGEST_ASKING.total_seconds():
        return
    states = [state for zone in zones for state in _judge(zone, questions, before)]
    _store(states, before)
    _tell(states, {zone.pk: zone for zone in zones}, servers)


def _servers_of(zone: Zone) -> list[Nameserver]:
    """The primary first, each once."""
    return list({server.pk: server for server in (zone.primary, *zone.secondaries.all())}.values())


def _ask(zones: Sequence[Zone], addresses: dict[int, tuple[str, int]], errors: dict[int, str]) -> dict[Pair, Question]:
    questions: dict[Pair, Question] = {}
    for zone in zones:
        for server in _servers_of(zone):
            question = questions[zone.pk, server.pk] = Question(server.pk, zone.name, "SOA")
            question.error = errors.get(server.pk, "")
    with Inquiry(addresses, within=DEADLINE) as inquiry:
        inquiry.ask(question for question in questions.values() if not question.error)
    return questions


def _judge(zone: Zone, questions: dict[Pair, Question], before: dict[Pair, ServerState]) -> list[ServerState]:
    states = [
        _next_state(zone, server, questions[zone.pk, server.pk], before.get((zone.pk, server.pk)))
        for server in _servers_of(zone)
    ]
    primary, *secondaries = states
    reference = before.get((zone.pk, zone.primary_id))
    for state in secondaries:
        _measure(state, before.get((zone.pk, state.nameserver_id)), primary, reference)
    return states


def _next_state(zone: Zone, server: Nameserver, question: Question, last: ServerState | None) -> ServerState:
    """What was asked and answered, beside what is kept of the answers before."""
    now = datetime.now(UTC)
    state = ServerState(
        zone=zone,
        nameserver=server,
        asked_at=now,
        error=_error(question),
        serial=last.serial if last else None,
        answered_at=last.answered_at if last else None,
        behind_since=last.behind_since if last else None,
        awaited_serial=last.awaited_serial if last else None,
        asked_count=last.asked_count + 1 if last else 1,
    )
    if not state.error and question.reply is not None:
        state.serial, state.answered_at = question.reply.serial, now
    return state


def _error(question: Question) -> str:
    reply = question.reply
    if reply is None:
        return question.error
    if reply.rcode != "NOERROR":
        return f"answers {reply.rcode}: it does not serve the zone, or not to us"
    if not reply.is_authoritative:
        return "answers without authority: the zone has expired there, or was never transferred"
    return "" if reply.serial is not None and reply.records else "answers without a SOA record"


def _measure(state: ServerState, last: ServerState | None, primary: ServerState, reference: ServerState | None) -> None:
    """Whether a secondary that has answered lacks what the primary has, and since when."""
    if state.error or state.serial is None:
        return
    if state.awaited_serial is not None and not is_before(state.serial, state.awaited_serial):
        # What it lacked has come; it may lack something newer.
        state.behind_since = state.awaited_serial = None
    if reference is not None and reference.serial is not None and is_before(state.serial, reference.serial):
        if state.awaited_serial is None:
            state.behind_since = state.behind_since or reference.answered_at
            state.awaited_serial = reference.serial
    elif last is not None and _is_ahead(last, primary):
        state.behind_since = state.behind_since or state.asked_at
    elif state.awaited_serial is None:
        state.behind_since = None


def _is_ahead(last: ServerState, primary: ServerState) -> bool:
    """Whether the secondary had, a look ago, what the primary has not: it will never transfer from such a primary."""
    return (
        not primary.error
        and primary.serial is not None
        and last.serial is not None
        and is_before(primary.serial, last.serial)
    )


def _store(states: Sequence[ServerState], before: dict[Pair, ServerState]) -> None:
    ServerState.objects.bulk_create(
        states,
        update_conflicts=True,
        unique_fields=["zone", "nameserver"],
        update_fields=[
            "serial",
            "asked_at",
            "answered_at",
            "error",
            "behind_since",
            "awaited_serial",
            "asked_count",
        ],
        batch_size=1000,
    )
    present = {(state.zone_id, state.nameserver_id) for state in states}
    gone = [state.pk for pair, state in before.items() if pair not in present]
    ServerState.objects.filter(pk__in=gone).delete()


def _tell(states: Sequence[ServerState], zones: dict[int, Zone], servers: dict[int, Nameserver]) -> None:
    by_pair = {(state.zone_id, state.nameserver_id): state for state in states}
    told: dict[Pair, str] = {}
    for alarm in Alarm.objects.open().filter(kind=Alarm.Kind.SERVER).select_related("zone", "nameserver"):
        if alarm.zone_id is None or alarm.nameserver_id is None:
            continue
        pair = (alarm.zone_id, alarm.nameserver_id)
        told[pair] = alarm.text
        # One that is merely silent for less long than before is not back.
        if pair not in by_pair or not (by_pair[pair].error or by_pair[pair].is_bad):
            alarms.close(Alarm.Kind.SERVER, zone=alarm.zone, nameserver=alarm.nameserver)
    for pair, state in by_pair.items():
        if state.is_bad:
            zone, server = zones[pair[0]], servers[pair[1]]
            if (text := _text(zone, server, state)) != told.get(pair):
                alarms.open(Alarm.Kind.SERVER, text, zone=zone, nameserver=server)


def _text(zone: Zone, server: Nameserver, state: ServerState) -> str:
    """The same as long as the same is wrong."""
    if state.error:
        since = f"since {state.answered_at:%Y-%m-%d %H:%M:%S} UTC" if state.answered_at else "ever"
        meanwhile = (
            "Changes of the zone wait."
            if server.pk == zone.primary_id
            else "Resolvers that ask it wait, and ask another one then."
        )
        return (
            f"{server} has given no good answer for {zone} {since}: it {state.error}. {meanwhile} Is it running, and does "
            "its configuration name the zone and, at a secondary, the primary?"
        )
    if state.awaited_serial is None:
        return (
            f"{server} has a newer serial of {zone} than the primary, which must have gone back: it will take nothing from "
            "there. Is the primary an old copy? `manage.py verify_zone` compares it with the rows; then let the secondary "
            f"transfer the zone anew (Knot: `knotc zone-retransfer {zone}`, BIND: `rndc retransfer {zone}`)."
        )
    return (
        f"{server} does not follow: it lacks what the primary of {zone} has had for more than a minute. Withdrawn names "
        "still answer there. Does NOTIFY reach it, and may it transfer: address, port, TSIG key, clock?"
    )
