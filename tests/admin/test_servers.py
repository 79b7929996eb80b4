"""The desk's pages about nameservers: which has what, and what was proven. Nobody writes there."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from ddns.models import User
from dnsupdate import alarms
from dnsupdate.models import Alarm, Nameserver, Proof, ServerState, Zone
from tests.people import logged_in

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STATES = "/admin/dnsupdate/serverstate/"
PROOFS = "/admin/dnsupdate/proof/"


@pytest.fixture
def desk(root) -> Client:
    return logged_in(root)


@pytest.fixture
def states(zone: Zone) -> dict[str, ServerState]:
    """Of five servers, in the order of the alphabet; and the primary."""
    facts = {
        "a-current": {"serial": 7, "answered_at": NOW},
        "b-behind": {"serial": 6, "answered_at": NOW, "behind_since": NOW - timedelta(seconds=10)},
        "c-stale": {"serial": 5, "answered_at": NOW, "behind_since": NOW - timedelta(hours=1)},
        "d-silent": {"serial": 7, "answered_at": NOW - timedelta(seconds=10), "error": "does not answer"},
        "e-dead": {"serial": 4, "answered_at": NOW - timedelta(hours=2), "error": "does not answer"},
    }
    return {name: _state(zone, name, **fact) for name, fact in facts.items()}


def _state(zone: Zone, name: str, **fact) -> ServerState:
    server = Nameserver.objects.create(name=name, host="192.0.2.53", port=53)
    zone.secondaries.add(server)
    return ServerState.objects.create(zone=zone, nameserver=server, asked_at=NOW, asked_count=9, **fact)


@pytest.fixture
def proof(zone: Zone) -> Proof:
    return Proof.objects.create(
        zone=zone,
        name="home.ddns.test",
        revision=3,
        nameserver=zone.primary,
        answer={"A": {"ttl": 60, "rdata": ["203.0.113.7"]}},
        rcode="NOERROR",
        serial=7,
        asked_at=NOW,
        is_match=False,
        error="A: NOERROR instead of NXDOMAIN",
    )


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def test_dead_and_stale_servers_come_first(desk, states):
    html = desk.get(STATES).content.decode()
    order = sorted(states, key=lambda name: html.index(f">{name} (192.0.2.53:53)<"))
    assert order == ["e-dead", "d-silent", "c-stale", "b-behind", "a-current"]


def test_every_server_is_shown_with_its_state_and_lag(desk, states):
    text = text_of(desk.get(STATES))
    for expected in ("dead", "no answer", "stale", "behind", "current", "3600 s", "10 s", "0 s", "does not answer"):
        assert expected in text


def test_the_zones_page_shows_its_servers(desk, zone, states):
    text = text_of(desk.get(f"/admin/dnsupdate/zone/{zone.pk}/change/"))
    for expected in ("e-dead", "stale", "3600 s", "None were found at the last check."):
        assert expected in text


def test_the_zones_page_shows_unsafe_settings(desk, zone):
    alarms.open(Alarm.Kind.SETTINGS, "The SOA minimum of ddns.test is 86400.", zone=zone)
    assert "The SOA minimum of ddns.test is 86400." in text_of(desk.get(f"/admin/dnsupdate/zone/{zone.pk}/change/"))
    alarms.close(Alarm.Kind.SETTINGS, zone=zone)
    assert "is 86400" not in text_of(desk.get(f"/admin/dnsupdate/zone/{zone.pk}/change/"))


def test_a_zones_secondaries_can_be_changed_and_its_primary_cannot(desk, zone, states):
    """A primary is tried out before it is one, by add_domain."""
    keep, primary = Nameserver.objects.get(name="a-current"), zone.primary
    page = f"/admin/dnsupdate/zone/{zone.pk}/change/"
    inline = {"server_states-TOTAL_FORMS": 0, "server_states-INITIAL_FORMS": 0}
    answer = desk.post(page, {"primary": keep.pk, "secondaries": [keep.pk], **inline})
    assert answer.status_code == 302
    zone.refresh_from_db()
    assert (zone.primary, list(zone.secondaries.all())) == (primary, [keep])
    assert ServerState.objects.count() == 5


def test_proofs_are_found_by_the_whole_name(desk, proof):
    for term in ("home.ddns.test", "Home.DDNS.test. "):
        assert "203.0.113.7" in text_of(desk.get(PROOFS, {"q": term}))
    for term in ("home", "a b"):
        assert "203.0.113.7" not in text_of(desk.get(PROOFS, {"q": term}))


def test_a_proofs_page_says_what_was_answered(desk, proof):
    text = text_of(desk.get(f"{PROOFS}{proof.pk}/change/"))
    for expected in ("home.ddns.test", "203.0.113.7", "A: NOERROR instead of NXDOMAIN", "no"):
        assert expected in text


@pytest.mark.parametrize("page", [STATES, PROOFS])
def test_lists_cost_a_constant_number_of_queries(
    desk, zone, states, proof, page, django_assert_num_queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12) as first:
        desk.get(page)
    for number in range(5):
        _state(zone, f"f-{number}", serial=1, answered_at=NOW)
        Proof.objects.create(
            zone=zone, name=f"n{number}.ddns.test", revision=1, nameserver=zone.primary, asked_at=NOW, is_match=True
        )
    with django_assert_num_queries(len(first)):
        desk.get(page)


@pytest.mark.parametrize("verb", ["add/", "{pk}/delete/"])
@pytest.mark.parametrize("page", [STATES, PROOFS])
def test_nobody_writes_there(desk, states, proof, page: str, verb: str):
    pk = proof.pk if page == PROOFS else states["a-current"].pk
    assert desk.get(page + verb.format(pk=pk)).status_code == 403
    assert desk.post(page + verb.format(pk=pk), {"post": "yes"}).status_code == 403
    assert (ServerState.objects.count(), Proof.objects.count()) == (5, 1)


@pytest.mark.parametrize("page", [STATES, PROOFS])
def test_what_is_posted_changes_nothing(desk, states, proof, page: str):
    pk = proof.pk if page == PROOFS else states["a-current"].pk
    answer = desk.post(f"{page}{pk}/change/", {"error": "", "is_match": "on", "serial": 1})
    assert answer.status_code == 403
    proof.refresh_from_db()
    assert not proof.is_match


@pytest.mark.parametrize("page", [STATES, PROOFS])
def test_stranger_customer_and_unentitled_staff_see_nothing(client, alice, clerk, states, proof, page: str):
    pk = proof.pk if page == PROOFS else states["a-current"].pk
    for address in (page, f"{page}{pk}/change/"):
        assert client.get(address, follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
        for person in (alice, clerk):
            assert logged_in(person).get(address, follow=True).status_code == 403


@pytest.mark.parametrize(("page", "codename"), [(STATES, "view_serverstate"), (PROOFS, "view_proof")])
def test_who_may_see_them_sees_them(clerk: User, states, proof, page: str, codename: str):
    clerk.user_permissions.add(Permission.objects.get(codename=codename))
    person = User.objects.get(pk=clerk.pk)
    pk = proof.pk if page == PROOFS else states["a-current"].pk
    assert logged_in(person).get(page).status_code == 200
    assert logged_in(person).get(f"{page}{pk}/change/").status_code == 200
