"""Links, harm and corroboration: what the screen of a case shows besides its reports."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import corroboration, harm, links, suspensions
from abuse.models import Case, Stay
from ddns import hostnames, keys
from ddns.models import Hostname, HostnameContact, User
from ddns.models.hostnames import State
from tests.abuse import rows

pytestmark = pytest.mark.django_db

AGENT = "python-requests/2.31 (campaign)"


@pytest.fixture
def case(home):
    return rows.case(home)


def at_same_address(*names: Hostname) -> None:
    for hostname in names:
        Hostname.objects.filter(pk=hostname.pk).update(ipv4="198.51.100.5")
        Stay.objects.create(hostname=hostname, address="198.51.100.5", since=timezone.now())


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def reasons(case: Case) -> dict[str, list[str]]:
    return {each.hostname.name: each.reasons for each in links.of(fresh(case))}


def test_names_of_the_account_are_linked_and_strangers_are_not(case, alice, foreign, domain):
    hostnames.register(alice, domain=domain, label="cellar")

    assert reasons(case) == {"cellar.ddns.test": [links.SAME_ACCOUNT]}


def test_names_of_one_key_have_that_reason_too(case, alice, home, domain):
    cellar = hostnames.register(alice, domain=domain, label="cellar")
    keys.create(alice, label="router", hostnames=[home, cellar])

    assert reasons(case) == {"cellar.ddns.test": [links.SAME_KEY, links.SAME_ACCOUNT]}


def test_sign_ups_of_one_network_within_an_hour_are_linked(case, alice, foreign):
    User.objects.filter(pk=alice.pk).update(sign_up_network="203.0.113.0/24")
    User.objects.filter(pk=foreign.account_id).update(sign_up_network="203.0.113.0/24")
    assert reasons(case) == {"bob.ddns.test": [links.SAME_SIGN_UP]}

    User.objects.filter(pk=foreign.account_id).update(date_joined=alice.date_joined - timedelta(hours=2))
    assert reasons(case) == {}


def test_names_at_the_same_address_with_the_same_client_are_linked(case, home, foreign):
    at_same_address(home, foreign)
    for each in (home, foreign):
        HostnameContact.objects.create(hostname=each, at=timezone.now(), agent=AGENT, protocol="dyndns2")

    assert reasons(case) == {"bob.ddns.test": [links.SAME_ADDRESS, links.SAME_CLIENT]}


def test_numbered_siblings_are_linked_across_accounts(alice, bob, domain):
    first = hostnames.register(alice, domain=domain, label="camera1")
    hostnames.register(bob, domain=domain, label="camera-22")
    hostnames.register(bob, domain=domain, label="cameras")

    assert reasons(rows.case(first)) == {"camera-22.ddns.test": [links.SAME_STEM]}


def test_suspended_names_come_first_and_are_counted(case, alice, domain, oscar):
    names = [hostnames.register(alice, domain=domain, label=each) for each in ("attic", "zoo")]
    suspensions.suspend(names[1], reason="malware", by=oscar)
    found = links.of(fresh(case))

    assert [(each.hostname.name, each.is_suspended, each.state) for each in found] == [
        ("zoo.ddns.test", True, State.SUSPENDED),
        ("attic.ddns.test", False, State.LIVE),
    ]
    assert found.totals == (links.Total(links.SAME_ACCOUNT, 2, 1),)


def test_many_names_are_cut_and_counted(case, alice, domain, monkeypatch):
    monkeypatch.setattr(links, "MOST_SHOWN", 2)
    for number in range(4):
        hostnames.register(alice, domain=domain, label=f"x{number}")
    found = links.of(fresh(case))

    assert len(found) == 2
    assert found.totals[0].count == 4


def test_queries_do_not_grow_with_names(case, home, alice, domain, foreign, django_assert_num_queries):
    at_same_address(home, foreign)
    with CaptureQueriesContext(connection) as before:
        links.of(fresh(case))
    others = [hostnames.register(alice, domain=domain, label=f"x{number}") for number in range(4)]
    at_same_address(*others)

    with django_assert_num_queries(len(before)):
        found = links.of(fresh(case))
        assert all(each.state for each in found)


def test_case_without_a_holder_has_no_links_and_grave_harm(case):
    case.hostname = None

    assert links.of(case) == []
    assert harm.of(case).is_grave
    assert harm.of(case).sentences == ("It is the platform's own name: everybody's names depend on it.",)


def test_harm_says_who_relies_on_the_name(case, home, alice):
    hostnames.configure(home, wildcard=True)
    User.objects.filter(pk=alice.pk).update(plan="pro")
    HostnameContact.objects.create(hostname=home, at=timezone.now(), agent="", protocol="dyndns2")
    found = harm.of(fresh(case))

    assert found.is_grave
    assert found.sentences[:2] == ("The account pays for its plan.", "Every name below it answers too (wildcard).")
    assert "It is in use: its device was heard a minute ago." in found.sentences


def test_corroboration_counts_voices_and_names_what_is_to_be_wary_of(case):
    rows.report(case)
    rows.report(case, reporter=rows.reporter("feed:urlhaus", kind="feed"), details={"confidence": 0.8})
    found = corroboration.of(case)

    assert found.sentences[0] == "One independent voice in one report."
    assert [each.address for each in found.warnings] == ["203.0.113.7", "2001:db8::7"]
    assert "203.0.113.7 is of a kind to be wary of: reserved." in found.sentences
    assert any(each.startswith("urlhaus has listed it since") for each in found.sentences)


def test_those_whom_nobody_has_proven_are_one_voice(case):
    rows.report(case)
    for number in range(2):
        rows.report(case, reporter=rows.reporter(f"claimed:org:example{number}.net"))

    assert corroboration.of(case).sentences[:2] == (
        "Two independent voices in three reports.",
        "Two reporters have not proven who they are: they count once.",
    )


def test_one_other_name_stays_as_it_is(case, alice, domain):
    hostnames.register(alice, domain=domain, label="attic")

    assert "The account holds one other name, which stays as it is." in harm.of(fresh(case)).sentences
