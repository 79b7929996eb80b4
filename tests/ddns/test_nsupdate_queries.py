"""Queries at the listener: where a zone begins for everybody, a key's own hostnames for the key, nothing else."""

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ddns import keys
from ddns.nsupdate.apexes import Apexes
from tests.ddns.nsupdate_client import ZONE, Client, client


@pytest.fixture
def apexes(bind, domain) -> Apexes:
    """As a real primary says."""
    domain.zone.primary.host, domain.zone.primary.port = bind.host, bind.port
    domain.zone.primary.save()
    apexes = Apexes()
    apexes.refresh()
    return apexes


@pytest.fixture
def anybody(apexes) -> Client:
    return Client(apexes=apexes)


@pytest.fixture
def router(alice, home, apexes) -> Client:
    router = client(keys.create(alice, label="router")[0])
    router.apexes = apexes
    update = router.update()
    update.add("home", 60, "A", "203.0.113.7")
    update.add("_acme-challenge.home", 60, "TXT", "value")
    assert router.send(update) == dns.rcode.NOERROR
    return router


def types(section) -> list[str]:
    return [f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)}" for rrset in section]


@pytest.mark.parametrize("flags", [0, dns.flags.RD])
@pytest.mark.parametrize("rdtype", ["SOA", "NS"])
def test_the_apex_is_answered_with_authority(anybody, rdtype, flags):
    answer = anybody.ask(anybody.query(ZONE, rdtype, flags=flags))

    assert (answer.rcode(), types(answer.answer)) == (dns.rcode.NOERROR, [f"{ZONE}. {rdtype}"])
    assert answer.flags & dns.flags.AA
    assert not answer.flags & dns.flags.RA


@pytest.mark.parametrize("name", ["home.ddns.test", "_acme-challenge.home.ddns.test", "absent.ddns.test"])
def test_a_name_below_tells_where_its_zone_begins(anybody, name):
    answer = anybody.ask(anybody.query(name, "SOA"))

    assert (answer.rcode(), types(answer.answer), types(answer.authority)) == (
        dns.rcode.NOERROR,
        [],
        [f"{ZONE}. SOA"],
    )
    assert answer.flags & dns.flags.AA


@pytest.mark.parametrize(
    ("name", "rdtype"), [("example.com", "SOA"), ("test", "SOA"), (".", "NS"), ("home.ddns.test", "A"), (ZONE, "ANY")]
)
def test_everything_else_is_refused(anybody, home, name, rdtype):
    answer = anybody.ask(anybody.query(name, rdtype))

    assert (answer.rcode(), answer.answer, answer.authority) == (dns.rcode.REFUSED, [], [])


def test_transfers_are_refused(router):
    answer = router.ask(router.query(ZONE, "AXFR"))

    assert (answer.rcode(), answer.answer) == (dns.rcode.REFUSED, [])


def test_without_a_key_no_question_reaches_the_database(anybody, home):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for name, rdtype in ((ZONE, "SOA"), ("home.ddns.test", "NS"), ("home.ddns.test", "A"), ("example.com", "A")):
            anybody.ask(anybody.query(name, rdtype))

    assert not queries.captured_queries


@pytest.mark.parametrize(
    ("name", "rdtype", "rdata"),
    [
        ("home.ddns.test", "A", ["203.0.113.7"]),
        ("home.ddns.test", "AAAA", []),
        ("_acme-challenge.home.ddns.test", "TXT", ['"value"']),
        ("www.home.ddns.test", "A", []),
    ],
)
def test_a_key_is_told_what_its_hostnames_shall_answer(router, name, rdtype, rdata):
    answer = router.ask(router.query(name, rdtype))

    assert answer.rcode() == dns.rcode.NOERROR
    assert [each.to_text() for rrset in answer.answer for each in rrset] == rdata
    assert answer.flags & dns.flags.AA


def test_a_key_is_told_nothing_of_somebody_elses(router, foreign):
    assert router.ask(router.query("bob.ddns.test", "A")).rcode() == dns.rcode.REFUSED


def test_a_key_is_told_nothing_elsewhere_than_it_may_be_used(alice, home, apexes):
    router = client(keys.create(alice, label="router", networks=["192.0.2.0/24"])[0])
    router.apexes = apexes

    assert router.ask(router.query("home.ddns.test", "A")).rcode() == dns.rcode.REFUSED


def test_a_signed_question_for_the_apex_is_answered(router):
    assert types(router.ask(router.query(ZONE, "SOA")).answer) == [f"{ZONE}. SOA"]


def test_over_udp_an_answer_is_no_longer_than_the_client_takes(router):
    update = router.update()
    for number in range(5):
        update.add("_acme-challenge.home", 60, "TXT", f"{number}" * 250)
    assert router.send(update) == dns.rcode.NOERROR
    question = router.query("_acme-challenge.home.ddns.test", "TXT", use_edns=False)

    answer = router.ask(question, is_tcp=False)

    assert answer.flags & dns.flags.TC
    assert len(router.exchange(question.to_wire(), is_tcp=False)) <= 512
    assert len(router.ask(question).answer[0]) == 6


def test_a_domain_stays_known_while_its_primary_is_away(anybody, apexes, bind):
    bind.stop()

    apexes.refresh()

    assert types(anybody.ask(anybody.query(ZONE, "SOA")).answer) == [f"{ZONE}. SOA"]


def test_a_domain_whose_primary_was_never_heard_is_a_failure_of_ours(domain):
    apexes = Apexes()
    apexes.refresh()
    anybody = Client(apexes=apexes)

    assert anybody.ask(anybody.query(ZONE, "SOA")).rcode() == dns.rcode.SERVFAIL
