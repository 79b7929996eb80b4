"""Delegations: what a real parent zone says is seen, what changed is told in words, and only somebody makes it expected."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from dnsupdate import alarms, delegations
from dnsupdate.errors import NothingObserved, ObservationMoved
from dnsupdate.models import Delegation, DelegationChange, Nameserver, Zone
from tests.dnsupdate.parent_zone import DS, PARENT, SEIZED, Family
from tests.dnsupdate.test_alarms import Receiver
from tests.dnsupdate.watched_delegations import (
    State,
    alarm,
    later,
    watched_family,  # noqa: F401 - the fixture watched
)

pytestmark = pytest.mark.servers


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


# --- As it should be


def test_a_delegation_to_our_nameservers_is_taken_over_at_the_first_look(family: Family):
    delegation = family.watch()
    assert delegation.state == State.EXPECTED
    assert delegation.expected == {"ns": [f"ns.{family.apex}"], "glue": {f"ns.{family.apex}": ["127.0.0.1"]}, "ds": []}
    assert delegation.accepted_by == delegations.FIRST
    assert [change.outcome for change in delegation.changes.all()] == ["accepted"]
    assert alarm(family) is None


def test_every_server_of_the_parent_and_of_the_zone_is_on_record(watched: Family):
    delegation = Delegation.objects.get(zone=watched.zone)
    assert [answer["picture"] for answer in delegation.answers] == [delegation.expected] * 2
    assert [(apex["role"], apex["serial"], apex["failure"]) for apex in delegation.apexes] == [
        ("delegated", 1, ""),
        ("listed", 1, ""),
    ]
    assert all(apex["ns"] == [f"ns.{watched.apex}"] for apex in delegation.apexes)


def test_the_parent_is_found_by_the_resolver(family: Family, settings):
    """The registry is its own resolver here; it is asked for the parent's servers, and then as one of them."""
    Delegation.objects.update(parent_override="")
    settings.DELEGATION_PORT = family.registry.port
    delegation = family.watch()
    assert delegation.parent == PARENT
    assert delegation.parent_servers == [{"name": f"ns.{PARENT}", "address": "127.0.0.1", "port": family.registry.port}]
    assert delegation.observed["ns"] == [f"ns.{family.apex}"]


def test_a_resolver_that_is_away_hides_nothing(family: Family, settings, free_port):
    Delegation.objects.update(parent_override="")
    settings.DELEGATION_PORT = family.registry.port
    family.watch()
    settings.RESOLVERS = [f"127.0.0.1:{free_port}"]
    family.delegate(*SEIZED)
    later(family, parent_found_at=timedelta(hours=2))
    delegation = family.watch()
    assert delegation.state == State.CHANGED
    assert str(free_port) in delegation.failure


def test_a_delegation_to_strangers_is_offered_and_not_taken_over(family: Family):
    family.delegate(*SEIZED)
    delegation = family.watch()
    assert (delegation.state, delegation.expected) == (State.OFFERED, None)
    assert delegation.observed["ns"] == SEIZED
    assert alarm(family) is None


@pytest.mark.parametrize(("nameservers", "state"), [(SEIZED, State.OFFERED), ([], State.GONE)])
def test_a_delegation_that_nobody_accepts_raises_an_alarm_after_an_hour(family: Family, nameservers, state):
    family.delegate(*nameservers)
    family.watch()
    later(family, state_since=timedelta(minutes=58))
    family.watch()
    assert alarm(family) is None
    later(family, state_since=timedelta(minutes=2))
    assert family.watch().state == state
    text = alarm(family).text
    assert "Nobody has accepted the delegation" in text
    assert f"watch_delegation {family.apex} --accept" in text
    family.watch()
    assert alarm(family).text == text
    delegations.accept(family.zone, by="alice@example.com")
    assert alarm(family) is None


def test_a_zone_that_is_not_delegated_yet_is_taken_over_once_it_is(family: Family):
    family.delegate()
    delegation = family.watch()
    assert (delegation.state, delegation.expected) == (State.GONE, None)
    assert alarm(family) is None
    family.as_usual()
    assert family.watch().state == State.EXPECTED


# --- Changed


def test_a_seizure_raises_an_alarm_that_says_what_was_and_what_is_and_what_to_do(watched: Family):
    Delegation.objects.update(registrar="Example Registrar, +1 555 0100")
    watched.delegate(*SEIZED)
    assert watched.watch().state == State.CHANGED
    text = alarm(watched).text
    assert f"Nameservers: were ns.{watched.apex}; now {', '.join(SEIZED)}." in text
    assert f"at 2 of 2 servers of the parent zone: 127.0.0.1 port {watched.registry.port}" in text
    assert "what a seizure looks like" in text
    assert "telephone the registrar (Example Registrar, +1 555 0100)" in text
    assert f"watch_delegation {watched.apex} --accept" in text


def test_a_change_is_told_once_however_often_it_is_seen(watched: Family, settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    watched.delegate(*SEIZED)
    for _ in range(3):
        watched.watch()
    watched.copy.freeze()
    watched.watch()
    assert alarms.send_notices() == 1
    assert SEIZED[0] in mail.outbox[0].body
    assert DelegationChange.objects.open().count() == 1


def test_the_alarm_reaches_a_webhook(watched: Family, settings, receiver: Receiver):
    settings.ALARM_WEBHOOK = receiver.url
    watched.delegate(*SEIZED)
    watched.watch()
    assert alarms.send_notices() == 1
    said = json.loads(receiver.received[0][1])
    assert (said["event"], said["kind"], said["zone"]) == ("opened", "delegation", watched.apex)
    assert SEIZED[1] in said["text"]


def test_what_the_parents_servers_answered_is_kept_as_evidence(watched: Family):
    watched.delegate(*SEIZED)
    watched.watch()
    change = DelegationChange.objects.open().get()
    assert [each["picture"]["ns"] for each in change.evidence] == [SEIZED, SEIZED]
    assert all(f"{watched.apex}. 60 IN NS {SEIZED[0]}." in each["evidence"] for each in change.evidence)


def test_a_delegation_that_is_gone_raises_an_alarm(watched: Family):
    watched.delegate()
    assert watched.watch().state == State.GONE
    assert "no longer delegates" in alarm(watched).text


def test_other_glue_raises_an_alarm(watched: Family):
    watched.delegate(f"ns.{watched.apex}", glue="127.0.0.66")
    assert watched.watch().state == State.CHANGED
    assert f"Glue of ns.{watched.apex}: was 127.0.0.1; now 127.0.0.66." in alarm(watched).text


def test_ds_that_appears_and_that_vanishes_raises_an_alarm(watched: Family):
    watched.delegate(f"ns.{watched.apex}", ds=DS)
    watched.watch()
    assert f"DS: was none; now {DS}." in alarm(watched).text
    delegations.accept(watched.zone, by="alice@example.com")
    watched.as_usual()
    watched.watch()
    assert f"DS: was {DS}; now none." in alarm(watched).text


def test_a_second_change_is_told_too(watched: Family):
    watched.delegate(*SEIZED)
    watched.watch()
    watched.delegate("ns1.example.net")
    watched.watch()
    assert "now ns1.example.net." in alarm(watched).text
    assert DelegationChange.objects.open().count() == 2


# --- Over


def test_a_change_that_somebody_accepts_is_over(watched: Family):
    watched.delegate(f"ns.{watched.apex}", ds=DS)
    seen = watched.watch().seen
    delegation = delegations.accept(watched.zone, by="alice@example.com", seen=seen)
    assert (delegation.state, delegation.accepted_by) == (State.EXPECTED, "alice@example.com")
    assert delegation.expected["ds"] == [DS]
    assert alarm(watched) is None
    change = delegation.changes.first()
    assert (change.outcome, change.accepted_by) == ("accepted", "alice@example.com")
    assert watched.watch().state == State.EXPECTED


def test_nobody_accepts_what_they_have_not_looked_at(watched: Family):
    watched.delegate(f"ns.{watched.apex}", ds=DS)
    seen = watched.watch().seen
    watched.delegate(*SEIZED)
    watched.watch()
    with pytest.raises(ObservationMoved):
        delegations.accept(watched.zone, by="alice@example.com", seen=seen)
    assert alarm(watched) is not None


def test_nothing_is_accepted_that_was_never_seen(family: Family):
    with pytest.raises(NothingObserved):
        delegations.accept(family.zone, by="alice@example.com")


def test_a_change_that_is_undone_is_over_by_itself_after_a_while(watched: Family):
    watched.delegate(*SEIZED)
    watched.watch()
    watched.as_usual()
    assert watched.watch().state == State.EXPECTED
    assert alarm(watched) is not None
    later(watched, calm_since=delegations.CALM)
    watched.watch()
    assert alarm(watched) is None
    assert "undone" in watched.zone.delegation.changes.first().outcome


def test_a_delegation_that_comes_and_goes_is_told_once(watched: Family, settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    for _ in range(2):
        watched.delegate(*SEIZED)
        watched.watch()
        watched.as_usual()
        watched.watch()
    assert alarms.send_notices() == 1


def test_a_look_that_began_earlier_does_not_undo_a_later_one(watched: Family):
    stored = Delegation.objects.select_related("zone__primary").get(zone=watched.zone)
    (early,) = delegations.observations.look([delegations._subject(stored)])
    watched.delegate(*SEIZED)
    watched.watch()
    assert delegations.record(stored, early).state == State.CHANGED


# --- The zone's own servers: shown, and the alarm of others


def test_lame_and_dead_servers_of_the_zone_are_shown_and_raise_no_alarm_here(watched: Family, free_port):
    dead = Nameserver.objects.create(name="ns2", host="127.0.0.1", port=free_port)
    lame = Nameserver.objects.create(name="ns3", host="127.0.0.1", port=watched.copy.port)
    watched.zone.secondaries.add(dead, lame)
    failures = {apex["server"].split()[0]: apex["failure"] for apex in watched.watch().apexes}
    assert failures["ns2"].startswith("No answer")
    assert failures["ns3"].startswith("Lame: ")
    assert alarm(watched) is None


def test_a_delegated_server_that_lost_the_zone_is_shown_as_lame(watched: Family):
    watched.child.remove_zone(watched.apex)
    delegation = watched.watch()
    assert delegation.state == State.EXPECTED
    assert delegation.apexes[0]["failure"] == "Lame: it says REFUSED."


def test_a_nameserver_whose_address_nobody_knows_is_shown(watched: Family):
    watched.delegate(*SEIZED)
    shown = {apex["server"]: apex["failure"] for apex in watched.watch().apexes if apex["role"] == "delegated"}
    assert list(shown) == SEIZED
    assert all(failure.startswith("Its address is not known.") for failure in shown.values())


# --- By command, in bulk


def test_command_shows_what_changed_and_accepts_it(watched: Family, capsys):
    watched.delegate(f"ns.{watched.apex}", ds=DS)
    with pytest.raises(CommandError, match="not as expected"):
        call_command("watch_delegation", watched.apex)
    assert f"DS: was none; now {DS}." in capsys.readouterr().out
    call_command("watch_delegation", watched.apex, "--accept")
    assert "Accepted as ours by" in capsys.readouterr().out
    assert alarm(watched) is None


def test_command_accepts_nothing_blindly(watched: Family):
    watched.registry.kill()
    watched.copy.kill()
    with pytest.raises(CommandError, match="Nothing was accepted"):
        call_command("watch_delegation", watched.apex, "--accept")


def test_command_names_a_zone_that_is_not_there(db):
    with pytest.raises(CommandError, match=r"no zone missing\.test"):
        call_command("watch_delegation", "missing.test")


def test_what_a_look_reads_does_not_grow_with_the_zones(family: Family, django_assert_num_queries):
    for number in range(3):
        Zone.objects.create(name=f"z{number}.{PARENT}", primary=family.zone.primary)
    zones = list(Zone.objects.delegated())
    delegations._rows(zones)
    with django_assert_num_queries(5):
        for delegation in delegations._rows(zones):
            delegations._subject(delegation)


def test_a_zone_that_cannot_be_stored_does_not_blind_us_for_the_others(family: Family):
    """Its row goes while it is looked at."""
    other = Zone.objects.create(name=f"other.{PARENT}", primary=family.zone.primary)
    rows = delegations._rows([other, family.zone])
    seen = delegations.observations.look([delegations._subject(row) for row in rows])
    Delegation.objects.filter(zone=other).delete()
    stored = [delegations._try_to_record(row, observation) for row, observation in zip(rows, seen, strict=True)]
    assert {str(delegation) for delegation in stored if delegation} == {family.apex}


def test_every_zone_is_watched(family: Family):
    from dnsupdate.tasks import watch_delegations

    Zone.objects.create(name=f"other.{PARENT}", primary=family.zone.primary)
    before = timezone.now()
    watch_delegations()
    assert [row.checked_at >= before for row in Delegation.objects.all()] == [True, True]
