"""The parent's servers: who of them is believed where they do not agree, do not answer, or serve the zone themselves."""

from datetime import timedelta

import pytest

from tests.dnsupdate.parent_zone import PARENT, SEIZED, Family
from tests.dnsupdate.real_zones import by_hand, send_by_hand
from tests.dnsupdate.watched_delegations import (
    State,
    alarm,
    later,
    watched_family,  # noqa: F401 - the fixture watched
)

pytestmark = pytest.mark.servers


def test_one_frozen_server_of_the_parent_does_not_hide_a_seizure(watched: Family):
    watched.delegate(*SEIZED)
    watched.copy.freeze()
    delegation = watched.watch()
    assert delegation.state == State.CHANGED
    assert "No answer within" in delegation.answers[1]["said"]
    assert "at 1 of 2 servers" in alarm(watched).text


def test_one_frozen_server_of_the_parent_is_no_change(watched: Family):
    watched.copy.freeze()
    assert watched.watch().state == State.EXPECTED
    assert alarm(watched) is None


def test_a_parent_that_is_down_is_not_seized_and_alarms_after_an_hour(watched: Family):
    watched.registry.kill()
    watched.copy.kill()
    delegation = watched.watch()
    assert delegation.state == State.UNKNOWN
    assert delegation.observed == delegation.expected
    assert alarm(watched) is None
    later(watched, state_since=timedelta(hours=2))
    watched.watch()
    text = alarm(watched).text
    assert "could not be checked since" in text
    assert "seizure looks like" not in text
    watched.watch()
    assert alarm(watched).text == text


def test_a_parent_that_is_back_ends_the_alarm(watched: Family, servers):
    watched.registry.kill()
    watched.copy.kill()
    watched.watch()
    later(watched, state_since=timedelta(hours=2))
    watched.watch()
    assert alarm(watched)
    servers.heal()
    assert watched.watch().state == State.EXPECTED
    assert alarm(watched) is None


def test_a_parent_that_falls_silent_does_not_end_the_alarm(watched: Family):
    watched.delegate(*SEIZED)
    watched.watch()
    told = alarm(watched).text
    watched.registry.kill()
    watched.copy.kill()
    assert watched.watch().state == State.UNKNOWN
    assert alarm(watched).text == told


@pytest.fixture
def liar(family: Family, knot, tsig_key) -> int:
    """The port of a server that has a parent zone of its own, in which the zone is seized."""
    if PARENT not in knot.zones:
        knot.add_zone(PARENT)
    update = by_hand(knot, PARENT)
    update.replace(f"{family.apex}.", 60, "NS", *(f"{name}." for name in SEIZED))
    send_by_hand(knot, update)
    return knot.port


def test_one_lying_server_of_three_raises_no_alarm_and_is_shown(watched: Family, liar: int):
    watched.ask_at(watched.registry, watched.copy, liar)
    delegation = watched.watch()
    assert delegation.state == State.EXPECTED
    assert delegation.answers[2]["picture"]["ns"] == SEIZED
    assert alarm(watched) is None


def test_a_server_that_lies_for_an_hour_raises_an_alarm(watched: Family, liar: int):
    watched.ask_at(watched.registry, watched.copy, liar)
    watched.watch()
    later(watched, dissent_since=timedelta(hours=2))
    watched.watch()
    assert "Some of the parent's servers" in alarm(watched).text
    watched.ask_at(watched.registry, watched.copy)
    watched.watch()
    assert alarm(watched) is None


def test_a_liar_is_not_believed_while_the_others_are_silent(watched: Family, liar: int):
    watched.ask_at(watched.registry, watched.copy, liar)
    watched.registry.freeze()
    watched.copy.freeze()
    assert watched.watch().state == State.UNKNOWN
    assert alarm(watched) is None


def test_of_two_servers_one_is_enough_for_an_alarm(watched: Family, liar: int):
    watched.ask_at(watched.registry, liar)
    assert watched.watch().state == State.CHANGED
    assert "at 1 of 2 servers" in alarm(watched).text


def test_a_server_that_is_not_the_parents_says_nothing(watched: Family, knot):
    watched.ask_at(watched.registry, watched.copy, knot)
    knot.remove_zone(PARENT) if PARENT in knot.zones else None
    delegation = watched.watch()
    assert delegation.state == State.EXPECTED
    assert delegation.answers[2]["said"] == "It says REFUSED."


def test_a_parent_that_serves_the_zone_itself_is_heard_where_there_is_no_other(family: Family):
    """Parent and zone at the same server: its own NS RRset stands for the referral that nobody gets."""
    family.registry.add_zone(family.apex)
    try:
        family.ask_at(family.registry)
        delegation = family.watch()
        assert delegation.answers[0]["said"] == "It serves the zone itself."
        assert (delegation.state, delegation.observed["ns"]) == (State.EXPECTED, [f"ns.{family.apex}"])
        family.delegate("ns1.example.net")
        family.ask_at(family.registry, family.copy)
        assert family.watch().observed["ns"] == ["ns1.example.net"]
    finally:
        family.registry.remove_zone(family.apex)


def test_a_parent_that_serves_another_zone_in_the_place_of_ours_is_heard(watched: Family):
    """As a registry may do with a seized domain: the server gives no referral, and a stale one still does."""
    watched.registry.add_zone(watched.apex)
    try:
        update = by_hand(watched.registry, watched.apex)
        update.add(f"{watched.apex}.", 60, "NS", f"{SEIZED[0]}.")
        send_by_hand(watched.registry, update)
        delegation = watched.watch()
        assert delegation.answers[0]["said"] == "It serves the zone itself."
        assert (delegation.state, delegation.observed["ns"]) == (
            State.CHANGED,
            sorted([f"ns.{watched.apex}", SEIZED[0]]),
        )
        assert SEIZED[0] in alarm(watched).text
    finally:
        watched.registry.remove_zone(watched.apex)


def test_a_parent_that_serves_our_zone_as_our_servers_do_is_no_change(watched: Family):
    """Whose NS RRset has one more than the delegation."""
    watched.registry.add_zone(watched.apex)
    try:
        for server in (watched.registry, watched.child):
            update = by_hand(server, watched.apex)
            update.add(f"{watched.apex}.", 60, "NS", "ns2.example.net.")
            send_by_hand(server, update)
        assert watched.watch().state == State.EXPECTED
        assert alarm(watched) is None
    finally:
        watched.registry.remove_zone(watched.apex)


def test_a_parent_that_serves_the_zone_itself_takes_no_glue_away(family: Family):
    """It is heard while the one that refers does not answer, and shows none."""
    family.registry.add_zone(family.apex)
    try:
        assert family.watch().observed["glue"] == {f"ns.{family.apex}": ["127.0.0.1"]}
        family.copy.freeze()
        assert family.watch().state == State.EXPECTED
        assert alarm(family) is None
    finally:
        family.registry.remove_zone(family.apex)
