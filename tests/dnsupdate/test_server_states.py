"""Server states: who is dead, who is stale, who is merely a moment late, and who is told."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from deploy.local.deadline import wait_for
from deploy.local.zones import serial as serial_of
from dnsupdate import inquiry as inquiries
from dnsupdate import nameservers, outbox, serials, server_states, tasks, turns
from dnsupdate.models import Alarm, ServerState, Zone
from dnsupdate.models.server_states import SILENT_AFTER, STALE_AFTER
from tests.dnsupdate.real_zones import a, drain, zone_row
from tests.dnsupdate.secondaries import SOON, Cluster

State = ServerState.State
LONG_AGO = timedelta(hours=1)


@pytest.fixture
def impatient_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries of a fifth of a second."""
    monkeypatch.setattr(inquiries, "TRY", timedelta(milliseconds=200))


def look(zone: Zone) -> dict[str, ServerState]:
    """One look; the states by the servers' names, the primary's as such."""
    server_states.watch()
    return {
        "primary" if state.nameserver_id == zone.primary_id else state.nameserver.name: state
        for state in ServerState.objects.filter(zone=zone).select_related("nameserver")
    }


def change(zone: Zone, address: str = "192.0.2.1") -> None:
    outbox.publish(zone, {f"alice.{zone.name}": a(address)})
    drain(zone)


def age(zone: Zone) -> None:
    """As if what is known were an hour old."""
    for state in ServerState.objects.filter(zone=zone):
        state.asked_at -= LONG_AGO
        if state.answered_at:
            state.answered_at -= LONG_AGO
        if state.behind_since:
            state.behind_since -= LONG_AGO
        state.save()


def open_alarms(zone: Zone) -> dict[str, str]:
    alarms = Alarm.objects.open().filter(kind=Alarm.Kind.SERVER, zone=zone).select_related("nameserver")
    return {alarm.nameserver.name: alarm.text for alarm in alarms}


# --- In step ----------------------------------------------------------------------------------------------------


def test_servers_that_follow_are_current(cluster: Cluster, followed_zone: Zone):
    change(followed_zone)
    cluster.wait_for_serials(followed_zone)
    states = look(followed_zone)
    assert set(states) == {"primary", "knot", "bind"}
    assert {state.state for state in states.values()} == {State.CURRENT}
    assert {state.lag for state in states.values()} == {timedelta(0)}
    assert {state.serial for state in states.values()} == {serial_of(cluster.primary.port, followed_zone.name)}
    assert open_alarms(followed_zone) == {}


def test_a_secondary_that_has_what_the_primary_had_at_the_look_before_is_not_behind(
    cluster: Cluster, followed_zone: Zone
):
    """As under steady change, where the primary is ahead at every look."""
    cluster.wait_for_serials(followed_zone)
    look(followed_zone)
    with cluster.transfers_refused():
        change(followed_zone)
        states = look(followed_zone)
    assert states["primary"].serial > states["knot"].serial
    assert (states["knot"].state, states["knot"].lag) == (State.CURRENT, timedelta(0))


def test_a_primary_that_changes_all_the_time_makes_nobody_stale(cluster: Cluster, followed_zone: Zone):
    cluster.wait_for_serials(followed_zone)
    for number in range(6):
        look(followed_zone)
        # An hour between two looks: whoever were counted as behind would be stale.
        age(followed_zone)
        cluster.wait_for_serials(followed_zone)
        change(followed_zone, f"192.0.2.{number}")
    assert {state.state for state in look(followed_zone).values()} == {State.CURRENT}
    assert not Alarm.objects.filter(zone=followed_zone).exists()


def test_a_zone_of_no_secondaries_has_the_primary_alone(committed_db, primary, fresh_zone):
    zone = zone_row(primary, fresh_zone(primary))
    states = look(zone)
    assert {name: state.state for name, state in states.items()} == {"primary": State.CURRENT}


# --- Behind and stale -----------------------------------------------------------------------------------------------


def test_a_cut_off_secondary_is_behind_then_stale_then_back(cluster: Cluster, followed_zone: Zone):
    cluster.wait_for_serials(followed_zone)
    look(followed_zone)
    with cluster.transfers_refused():
        change(followed_zone)
        look(followed_zone)
        states = look(followed_zone)
        assert (states["knot"].state, states["bind"].state) == (State.BEHIND, State.BEHIND)
        assert states["knot"].awaited_serial == states["primary"].serial
        assert open_alarms(followed_zone) == {}
        age(followed_zone)
        states = look(followed_zone)
        assert states["knot"].state == State.STALE
        assert states["knot"].lag >= LONG_AGO
        told = open_alarms(followed_zone)
        assert set(told) == {"knot", "bind"}
        assert "does not follow" in told["knot"]
        change(followed_zone, "192.0.2.2")
        look(followed_zone)
        assert open_alarms(followed_zone) == told
    change(followed_zone, "192.0.2.3")
    cluster.wait_for_serials(followed_zone)
    states = look(followed_zone)
    assert (states["knot"].state, states["knot"].lag, states["knot"].awaited_serial) == (
        State.CURRENT,
        timedelta(0),
        None,
    )
    assert open_alarms(followed_zone) == {}
    assert Alarm.objects.filter(zone=followed_zone).count() == 2


def test_a_secondary_that_is_late_again_and_again_is_not_stale(cluster: Cluster, followed_zone: Zone):
    """What it lacked has come: what it lacks now is newer, and counts from then."""
    cluster.wait_for_serials(followed_zone)
    look(followed_zone)
    with cluster.transfers_refused():
        change(followed_zone)
        look(followed_zone)
        look(followed_zone)
        age(followed_zone)
    change(followed_zone, "192.0.2.2")
    cluster.wait_for_serials(followed_zone)
    with cluster.transfers_refused():
        ServerState.objects.filter(zone=followed_zone, nameserver=followed_zone.primary).update(
            serial=serial_of(cluster.primary.port, followed_zone.name) + 1, answered_at=datetime.now(UTC)
        )
        states = look(followed_zone)
    assert states["knot"].state == State.BEHIND
    assert states["knot"].lag < STALE_AFTER


def test_a_primary_that_went_back_leaves_its_secondaries_ahead(cluster: Cluster, followed_zone: Zone):
    cluster.primary.rndc("sync", "-clean", followed_zone.name)
    file = cluster.primary.directory / f"{followed_zone.name}.zone"
    old = file.read_text()
    change(followed_zone)
    cluster.wait_for_serials(followed_zone)
    look(followed_zone)
    cluster.primary.stop()
    file.write_text(old)
    file.with_name(f"{file.name}.jnl").unlink(missing_ok=True)
    cluster.primary.start()
    assert serial_of(cluster.primary.port, followed_zone.name) < serial_of(cluster.knot.port, followed_zone.name)
    states = look(followed_zone)
    assert states["knot"].state in (State.BEHIND, State.CURRENT)
    age(followed_zone)
    states = look(followed_zone)
    assert states["knot"].state == State.STALE
    assert "newer serial" in open_alarms(followed_zone)["knot"]
    # As the alarm says.
    cluster.knot.knotc("zone-retransfer", followed_zone.name)
    cluster.bind.rndc("retransfer", followed_zone.name)
    cluster.wait_for_serials(followed_zone)
    look(followed_zone)
    assert look(followed_zone)["knot"].state == State.CURRENT
    assert open_alarms(followed_zone) == {}


# --- Dead ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hurt", ["stop", "freeze"])
def test_a_dead_secondary_is_reported_as_such_and_is_well_when_it_is_back(
    cluster: Cluster, followed_zone: Zone, impatient_watch, hurt: str
):
    cluster.wait_for_serials(followed_zone)
    look(followed_zone)
    getattr(cluster.knot, hurt)()
    states = look(followed_zone)
    assert (states["knot"].state, states["knot"].lag) == (State.SILENT, None)
    assert states["bind"].state == State.CURRENT
    assert open_alarms(followed_zone) == {}
    age(followed_zone)
    states = look(followed_zone)
    assert states["knot"].state == State.DEAD
    assert states["knot"].asked_at - states["knot"].answered_at > SILENT_AFTER
    told = open_alarms(followed_zone)
    assert set(told) == {"knot"}
    assert "does not answer" in told["knot"]
    look(followed_zone)
    assert open_alarms(followed_zone) == told
    cluster.knot.thaw() if hurt == "freeze" else cluster.knot.start()
    wait_for(lambda: look(followed_zone)["knot"].state == State.CURRENT, SOON)
    assert open_alarms(followed_zone) == {}


def test_a_dead_primary_is_reported_as_such(committed_db, bind, fresh_zone, impatient_watch):
    zone = zone_row(bind, fresh_zone(bind))
    look(zone)
    bind.stop()
    age(zone)
    assert look(zone)["primary"].state == State.DEAD
    assert "Changes of the zone wait." in open_alarms(zone)[zone.primary.name]


def test_a_server_that_does_not_serve_the_zone_is_reported(cluster: Cluster, followed_zone: Zone):
    look(followed_zone)
    cluster.knot.remove_zone(followed_zone.name)
    age(followed_zone)
    states = look(followed_zone)
    assert states["knot"].state == State.DEAD
    assert "REFUSED" in states["knot"].error
    assert "REFUSED" in open_alarms(followed_zone)["knot"]


def test_a_server_that_has_never_answered_is_reported_at_the_second_look(quiet_zone: Zone, impatient_watch):
    assert look(quiet_zone)["primary"].state == State.SILENT
    assert open_alarms(quiet_zone) == {}
    assert look(quiet_zone)["primary"].state == State.DEAD
    assert " ever" in open_alarms(quiet_zone)["nowhere"]


def test_a_server_without_an_address_is_reported(quiet_zone: Zone):
    quiet_zone.primary.host = "ns..example"
    quiet_zone.primary.save()
    assert "ns..example has no address" in look(quiet_zone)["primary"].error


def test_a_secondary_that_is_none_any_more_is_forgotten_with_its_alarm(quiet_zone: Zone, impatient_watch, bind):
    zone = quiet_zone
    old = zone.primary
    look(zone)
    look(zone)
    assert set(open_alarms(zone)) == {old.name}
    other = zone_row(bind, "ddns.test").primary
    zone.primary = other
    zone.save(update_fields=["primary"])
    assert set(look(zone)) == {"primary"}
    assert ServerState.objects.filter(nameserver=old).count() == 0
    assert old.name not in open_alarms(zone)


# --- The watch itself ------------------------------------------------------------------------------------------------


def test_a_process_that_was_stopped_amid_a_look_stores_nothing(quiet_zone: Zone, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server_states, "LONGEST_ASKING", timedelta(seconds=-1))
    server_states.watch()
    assert ServerState.objects.count() == 0


def test_names_that_take_long_to_resolve_do_not_blind_the_watch(quiet_zone: Zone, monkeypatch: pytest.MonkeyPatch):
    now = [1000.0]
    resolve_all = nameservers.resolve_all

    def resolve_late(servers):
        now[0] += 3600
        return resolve_all(servers)

    monkeypatch.setattr(server_states, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(nameservers, "resolve_all", resolve_late)
    assert look(quiet_zone)["primary"].error


def test_the_turn_is_as_long_as_resolving_and_asking_together():
    assert server_states.LONGEST_LOOK >= nameservers.RESOLVE_WITHIN + server_states.LONGEST_ASKING


def test_the_cost_in_queries_does_not_grow_with_the_zones(
    committed_db, bind, fresh_zone, django_assert_num_queries, django_assert_max_num_queries
):
    zone_row(bind, fresh_zone(bind))
    server_states.watch()
    with django_assert_max_num_queries(9) as first:
        server_states.watch()
    for _ in range(3):
        zone_row(bind, fresh_zone(bind))
    with django_assert_num_queries(len(first)):
        server_states.watch()
    assert ServerState.objects.count() == 4


def test_the_task_watches(committed_db, bind, fresh_zone):
    zone = zone_row(bind, fresh_zone(bind))
    tasks.watch_servers()
    assert ServerState.objects.get().zone == zone
    tasks.watch_servers()
    assert ServerState.objects.get().asked_count == 2


def test_two_tasks_do_not_watch_at_once(quiet_zone: Zone):
    with turns.take("watch-servers", timedelta(seconds=30)) as is_ours:
        assert is_ours
        tasks.watch_servers()
    assert ServerState.objects.count() == 0


@pytest.mark.servers
def test_only_one_has_the_turn_and_it_comes_back():
    with turns.take("x", timedelta(seconds=30)) as first:
        with turns.take("x", timedelta(seconds=30)) as second:
            assert (first, second) == (True, False)
        with turns.take("x", timedelta(seconds=30)) as third:
            assert not third
    with turns.take("x", timedelta(seconds=30)) as fourth:
        assert fourth


@pytest.mark.servers
def test_a_turn_ends_by_itself_and_who_was_late_does_not_end_anothers():
    late = turns.take("x", timedelta(milliseconds=20))
    assert late.__enter__()
    with ExitStack() as stack:
        wait_for(lambda: stack.enter_context(turns.take("x", timedelta(seconds=30))), SOON, "the turn")
        late.__exit__(None, None, None)
        with turns.take("x", timedelta(seconds=30)) as third:
            assert not third


def test_without_the_broker_everybody_has_the_turn(broker):
    broker.kill()
    with turns.take("x", timedelta(seconds=30)) as is_ours:
        assert is_ours


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (1, 1, False),
        (1, 2, True),
        (2, 1, False),
        (2**32 - 1, 0, True),
        (0, 2**32 - 1, False),
        (1, 2**31, True),
        (0, 2**31, True),
        (0, 2**31 + 1, False),
    ],
)
def test_serials_are_compared_as_they_wrap_around(first: int, second: int, expected: bool):
    """RFC 1982 §3.2."""
    assert serials.is_before(first, second) == expected
