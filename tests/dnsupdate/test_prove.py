"""Proof: what every nameserver answers, beside what the rows say; only a good answer proves anything."""

from datetime import timedelta
from io import StringIO

import dns.message
import dns.rdatatype
import pytest
from django.core.management import CommandError, call_command

from deploy.local.deadline import wait_for
from deploy.local.zones import serial
from dnsupdate import outbox, proofs, propagation
from dnsupdate.errors import InvalidName
from dnsupdate.models import Proof, Publication, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.propagation import Summary
from dnsupdate.rrsets import RRsets
from tests.dnsupdate.hostile_server import HostileServer, answer
from tests.dnsupdate.real_zones import a, by_hand, drain, send_by_hand, zone_row
from tests.dnsupdate.secondaries import SOON, Cluster, sign

NAMES = ("alice", "bob")


def publish(zone: Zone, wanted: dict[str, RRsets], urgency: Urgency = Urgency.ORDINARY) -> None:
    outbox.publish(zone, {f"{label}.{zone.name}": rrsets for label, rrsets in wanted.items()}, urgency)
    drain(zone)


def prove(zone: Zone, *labels: str, **options) -> Summary:
    return propagation.prove(zone, [f"{label}.{zone.name}" for label in labels], **options)


def verdicts(zone: Zone, label: str) -> dict[str, str]:
    """By the server's name, of the last run; the primary's as such."""
    found: dict[str, str] = {}
    for proof in Proof.objects.of(zone, f"{label}.{zone.name}").select_related("nameserver"):
        name = "primary" if proof.nameserver_id == zone.primary_id else proof.nameserver.name
        found.setdefault(name, proof.verdict)
    return found


@pytest.fixture
def single(primary, zone: Zone) -> Zone:
    """A zone at each of the three kinds of nameservers in turn, that has no secondary."""
    return zone


# --- All servers -------------------------------------------------------------------------------------------------


def test_withdrawn_names_are_proven_at_every_server(cluster: Cluster, followed_zone: Zone):
    publish(followed_zone, {label: a("192.0.2.1") for label in NAMES})
    publish(followed_zone, {label: {} for label in NAMES}, Urgency.WITHDRAWAL)
    cluster.wait_for_serials(followed_zone)
    summary = prove(followed_zone, *NAMES)
    assert summary.is_match
    assert summary.are_all_nothing
    assert [server.name_count for server in summary.servers] == [2, 2, 2]
    rows = Proof.objects.filter(zone=followed_zone)
    assert rows.count() == 6
    assert {(row.rcode, row.is_match, row.is_nothing, row.revision, row.error) for row in rows} == {
        ("NXDOMAIN", True, True, 2, "")
    }
    assert {row.serial for row in rows} == {summary.servers[0].serial}
    assert summary.servers[0].serial is not None


def test_a_stale_secondary_is_no_match_and_says_what_it_answers(cluster: Cluster, followed_zone: Zone):
    publish(followed_zone, {"alice": a("192.0.2.1")})
    cluster.wait_for_serials(followed_zone)
    with cluster.transfers_refused():
        publish(followed_zone, {"alice": {}}, Urgency.WITHDRAWAL)
        summary = prove(followed_zone, "alice")
        assert not summary.is_match
        assert not summary.are_all_nothing
        stale = "A: NOERROR instead of NXDOMAIN"
        assert verdicts(followed_zone, "alice") == {"primary": "as it shall", "knot": stale, "bind": stale}
        proof = Proof.objects.get(nameserver__name="knot")
        assert proof.answer == a("192.0.2.1")
        assert proof.serial < summary.servers[0].serial
    publish(followed_zone, {"bob": a("192.0.2.2")})
    cluster.wait_for_serials(followed_zone)
    assert prove(followed_zone, "alice", "bob").is_match


@pytest.mark.parametrize("hurt", ["stop", "freeze"])
def test_a_dead_secondary_proves_nothing(cluster: Cluster, followed_zone: Zone, hurt: str):
    getattr(cluster.knot, hurt)()
    summary = prove(followed_zone, *NAMES)
    by_name = {server.nameserver.name: server for server in summary.servers}
    assert (by_name["knot"].match_count, by_name["knot"].nothing_count, by_name["knot"].serial) == (0, 0, None)
    assert by_name["bind"].is_match
    assert not summary.are_all_nothing
    assert verdicts(followed_zone, "alice")["knot"].startswith("no proof: does not answer")
    cluster.knot.thaw() if hurt == "freeze" else cluster.knot.start()
    wait_for(lambda: prove(followed_zone, "alice").is_match, SOON, "the secondary")


def test_no_names_prove_nothing(single: Zone):
    summary = prove(single)
    assert [server.name_count for server in summary.servers] == [0]
    assert (summary.is_match, summary.are_all_nothing) == (False, False)


def test_a_server_that_does_not_serve_the_zone_proves_nothing(cluster: Cluster, followed_zone: Zone):
    cluster.knot.remove_zone(followed_zone.name)
    assert not prove(followed_zone, "alice").is_match
    assert verdicts(followed_zone, "alice")["knot"] == "no proof: A: REFUSED"
    assert not Proof.objects.get(nameserver__name="knot").is_nothing


def test_a_malformed_answer_about_one_name_costs_no_other_its_proof(quiet_zone: Zone):
    """An address of three octets."""

    def script(query: bytes, source: tuple[str, int]) -> list[bytes]:
        if b"\5alice" in query:
            return [answer(query).replace(b"\0\4\xc0\0\2\1", b"\0\3\xc0\0\2")]
        return [query[:2] + b"\x84\3" + query[4:]]

    with HostileServer(script) as server:
        quiet_zone.primary.host, quiet_zone.primary.port = "127.0.0.1", server.port
        prove(quiet_zone, *NAMES, validate=lambda question: "")
    assert verdicts(quiet_zone, "alice")["primary"].startswith("no proof: A: The answer is malformed")
    assert verdicts(quiet_zone, "bob") == {"primary": "as it shall"}


# --- What a name shall answer ---------------------------------------------------------------------------------------

CASES = {
    "an address": ({"alice": a("192.0.2.1", "192.0.2.2")}, "alice"),
    "two families": ({"alice": a("192.0.2.1") | {"AAAA": {"ttl": 60, "rdata": ["2001:DB8:0::1"]}}}, "alice"),
    "text": ({"alice": {"TXT": {"ttl": 60, "rdata": ['"one" "two"', '"three"']}}}, "alice"),
    "mail, with names in capitals": ({"alice": {"MX": {"ttl": 60, "rdata": ["10 Mail.Example."]}}}, "alice"),
    "an alias": ({"alice": {"CNAME": {"ttl": 60, "rdata": ["bob.example."]}}}, "alice"),
    "an alias within the zone": (
        {"alice": {"CNAME": {"ttl": 60, "rdata": ["bob.{apex}."]}}, "bob": a("192.0.2.2")},
        "alice",
    ),
    "nothing, never published": ({}, "nobody"),
    "nothing, with a name below": ({"www.alice": a("192.0.2.1")}, "alice"),
    "nothing, with names far below": ({"x.y.z.alice": a("192.0.2.1")}, "alice"),
    "nothing, with a wildcard below": ({"alice": {}, "*.alice": a("192.0.2.1")}, "alice"),
    "a wildcard's answer": ({"*.alice": a("192.0.2.1")}, "www.alice"),
    "a wildcard's answer, far below": ({"*.alice": a("192.0.2.1")}, "a.b.c.alice"),
    "a withdrawn name under a wildcard": ({"*.alice": a("192.0.2.1"), "www.alice": {}}, "www.alice"),
    "a name that a wildcard does not speak for": (
        {"*.alice": a("192.0.2.1"), "www.alice": a("192.0.2.2")},
        "www.alice",
    ),
    "a name below one that a wildcard does not speak for": (
        {"*.alice": a("192.0.2.1"), "www.alice": a("192.0.2.2")},
        "x.www.alice",
    ),
    "a name beside one that exists only by what is below it": (
        {"*.alice": a("192.0.2.1"), "deep.www.alice": a("192.0.2.2")},
        "x.www.alice",
    ),
    "the wildcard itself": ({"*.alice": a("192.0.2.1")}, "*.alice"),
    "the wildcard itself, withdrawn": ({"*.alice": {}, "alice": a("192.0.2.1")}, "*.alice"),
    "a name under a withdrawn wildcard": ({"*.alice": {}, "alice": a("192.0.2.1")}, "www.alice"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_rows_say_matches_what_servers_answer(single: Zone, case: str):
    wanted, label = CASES[case]
    publish(single, {name: _within(single, rrsets) for name, rrsets in wanted.items()})
    assert prove(single, label).servers[0].differences == {}


def _within(zone: Zone, rrsets: RRsets) -> RRsets:
    return {
        type_name: {"ttl": rrset["ttl"], "rdata": [text.replace("{apex}", zone.name) for text in rrset["rdata"]]}
        for type_name, rrset in rrsets.items()
    }


EDITS = {
    "an address added": (lambda edit: edit.add("alice", 60, "A", "192.0.2.66"), "A: other records than the row's"),
    "an address replaced": (
        lambda edit: edit.replace("alice", 60, "A", "192.0.2.66"),
        "A: other records than the row's",
    ),
    "another TTL": (lambda edit: edit.replace("alice", 3600, "A", "192.0.2.1"), "A: TTL 3600 instead of 60"),
    "another type": (lambda edit: edit.add("alice", 60, "AAAA", "2001:db8::66"), "AAAA: answered, and shall not be"),
    "text added": (lambda edit: edit.add("alice", 60, "TXT", "x"), "TXT: answered, and shall not be"),
    "the name deleted": (lambda edit: edit.delete("alice"), "A: NXDOMAIN instead of NOERROR"),
    "the addresses deleted": (
        lambda edit: (edit.delete("alice", "A"), edit.add("x.alice", 60, "A", "192.0.2.66")),
        "A: missing",
    ),
    "an alias": (
        lambda edit: (edit.delete("alice", "A"), edit.add("alice", 60, "CNAME", "x.example.")),
        "A: other records than the row's",
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_an_edit_by_hand_is_seen(single: Zone, primary, case: str):
    edit, expected = EDITS[case]
    publish(single, {"alice": a("192.0.2.1")})
    update = by_hand(primary, single.name)
    edit(update)
    send_by_hand(primary, update)
    assert prove(single, "alice").servers[0].differences == {f"alice.{single.name}": expected}


def test_a_wildcard_by_hand_is_seen_at_a_withdrawn_name(single: Zone, primary):
    publish(single, {"alice": {}})
    update = by_hand(primary, single.name)
    update.add("*", 60, "A", "192.0.2.66")
    send_by_hand(primary, update)
    summary = prove(single, "alice")
    assert summary.servers[0].differences == {f"alice.{single.name}": "A: NOERROR instead of NXDOMAIN"}
    assert not summary.are_all_nothing


def test_records_at_a_withdrawn_name_are_seen_whatever_stands_below_it(single: Zone, primary):
    publish(single, {"alice": {}, "x.y.alice": a("192.0.2.1")})
    update = by_hand(primary, single.name)
    update.add("alice", 60, "A", "192.0.2.66")
    send_by_hand(primary, update)
    summary = prove(single, "alice")
    assert summary.servers[0].nothing_count == 0
    assert not summary.is_match


def test_a_name_that_a_wildcard_speaks_for_is_a_match_and_not_nothing(single: Zone):
    publish(single, {"*.alice": a("192.0.2.1"), "www.alice": {}})
    summary = prove(single, "www.alice")
    assert (summary.is_match, summary.are_all_nothing) == (True, False)


def test_an_answer_too_long_for_a_datagram_is_asked_for_over_tcp(single: Zone):
    long = {"TXT": {"ttl": 60, "rdata": [f'"{number:03d} {"x" * 200}"' for number in range(15)]}}
    publish(single, {"alice": long})
    assert prove(single, "alice").is_match
    (proof,) = Proof.objects.all()
    assert sorted(proof.answer["TXT"]["rdata"]) == long["TXT"]["rdata"]


def test_many_more_names_than_are_under_way_at_once_are_all_proven(single: Zone, monkeypatch):
    monkeypatch.setattr(propagation, "CHUNK", 150)
    labels = [f"n{number}" for number in range(400)]
    publish(single, {label: a(f"192.0.2.{number % 250}") for number, label in enumerate(labels)})
    summary = prove(single, *labels)
    assert (summary.is_match, summary.servers[0].match_count) == (True, 400)
    assert Proof.objects.filter(is_match=True).count() == 400


# --- Revisions, time, queries ---------------------------------------------------------------------------------------


def test_a_change_that_is_not_published_yet_is_no_match(bind, committed_db, fresh_zone):
    zone = zone_row(bind, fresh_zone(bind))
    publish(zone, {"alice": a("192.0.2.1")})
    outbox.publish(zone, {f"alice.{zone.name}": {}})
    assert not prove(zone, "alice").is_match
    (proof,) = Proof.objects.all()
    assert (proof.revision, proof.answer, proof.is_match) == (2, a("192.0.2.1"), False)
    drain(zone)
    assert prove(zone, "alice").is_match


def test_a_name_that_changes_meanwhile_is_proven_at_the_revision_that_was_read(
    bind, committed_db, fresh_zone, monkeypatch
):
    zone = zone_row(bind, fresh_zone(bind))
    publish(zone, {"alice": a("192.0.2.1")})
    ask = proofs.Questioning.ask

    def ask_and_be_overtaken(questioning, inquiry) -> None:
        ask(questioning, inquiry)
        publish(zone, {"alice": a("192.0.2.2")})

    monkeypatch.setattr(proofs.Questioning, "ask", ask_and_be_overtaken)
    assert prove(zone, "alice").is_match
    (proof,) = Proof.objects.all()
    assert (proof.revision, proof.answer) == (1, a("192.0.2.1"))
    assert Publication.objects.get(name=f"alice.{zone.name}").revision == 2


def test_what_is_not_answered_within_the_time_is_stored_as_that(bind, committed_db, fresh_zone, monkeypatch):
    zone = zone_row(bind, fresh_zone(bind))
    ask = proofs.Questioning.ask

    def freeze_and_ask(questioning, inquiry) -> None:
        bind.freeze()
        # Its threads stop one after the other.
        wait_for(lambda: serial(bind.port, zone.name) is None, SOON, "the freeze")
        ask(questioning, inquiry)

    monkeypatch.setattr(proofs.Questioning, "ask", freeze_and_ask)
    summary = prove(zone, *NAMES, within=timedelta(seconds=2))
    assert summary.servers[0].match_count == 0
    assert {proof.error for proof in Proof.objects.all()} == {"no proof: A: not answered in time"}
    assert not any(proof.is_nothing for proof in Proof.objects.all())


@pytest.mark.parametrize("count", [1, 100])
def test_proving_costs_the_same_queries_for_many_names(
    bind, committed_db, fresh_zone, django_assert_num_queries, count
):
    zone = zone_row(bind, fresh_zone(bind))
    labels = [f"n{number}" for number in range(count)]
    publish(zone, {label: a("192.0.2.1") for label in labels})
    zone = Zone.objects.select_related("primary").get(pk=zone.pk)
    # The secondaries, the key, whether it shall be signed, the rows; the proofs are copied, which counts as none.
    with django_assert_num_queries(5):
        assert prove(zone, *labels).is_match


@pytest.mark.parametrize("name", ["Alice.{apex}", "alice.other.test", "{apex}", "a b.{apex}"])
def test_what_is_no_name_of_the_zone_is_refused(quiet_zone: Zone, name: str):
    with pytest.raises(InvalidName):
        propagation.prove(quiet_zone, [name.format(apex=quiet_zone.name)])


def test_a_validation_that_fails_makes_an_answer_no_proof(bind, committed_db, fresh_zone):
    zone = zone_row(bind, fresh_zone(bind))
    publish(zone, {"alice": a("192.0.2.1"), "bob": a("192.0.2.2")})
    seen = []

    def validate(question) -> str:
        seen.append((question.name, question.type_name, bool(question.reply.wire)))
        return "the signature is bogus" if question.name.startswith("alice.") else ""

    summary = prove(zone, *NAMES, validate=validate)
    assert summary.servers[0].differences == {f"alice.{zone.name}": "no proof: A: the signature is bogus"}
    assert (f"bob.{zone.name}", "TXT", True) in seen


def test_signatures_in_the_answers_of_a_signed_zone_are_no_difference(bind, committed_db, fresh_zone):
    zone = zone_row(bind, fresh_zone(bind))
    publish(zone, {"alice": a("192.0.2.1"), "*.bob": a("192.0.2.2")})
    sign(bind, zone.name)
    signed = set()

    def validate(question) -> str:
        message = dns.message.from_wire(question.reply.wire)
        if any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in (*message.answer, *message.authority)):
            signed.add((question.name, question.type_name))
        return ""

    names = [f"{label}.{zone.name}" for label in ("alice", "bob", "www.bob", "nobody")]
    assert propagation.prove(zone, names, validate=validate).servers[0].differences == {}
    assert signed == {(name, type_name) for name in names for type_name in ("A", "AAAA", "TXT")}


def test_proofs_are_kept_for_their_retention_and_then_purged(bind, committed_db, fresh_zone, monkeypatch):
    monkeypatch.setattr(proofs, "CHUNK", 2)
    zone = zone_row(bind, fresh_zone(bind))
    prove(zone, "a", "b", "c", "d", "e")
    kept = Proof.objects.order_by("pk").last()
    Proof.objects.exclude(pk=kept.pk).update(asked_at=kept.asked_at - timedelta(days=401))
    assert proofs.purge(kept.asked_at - timedelta(days=400)) == 4
    assert Proof.objects.get() == kept


# --- manage.py prove -----------------------------------------------------------------------------------------------


def run(*arguments: str, **options) -> str:
    out = StringIO()
    try:
        call_command("prove", *arguments, stdout=out, **options)
    except CommandError as error:
        raise CommandError(f"{out.getvalue()}{error}") from error
    return out.getvalue()


def test_the_command_says_what_every_server_answers(cluster: Cluster, followed_zone: Zone):
    publish(followed_zone, {"alice": a("192.0.2.1"), "bob": {}})
    cluster.wait_for_serials(followed_zone)
    said = run(f"Alice.{followed_zone.name}.", f"bob.{followed_zone.name}")
    assert f"alice.{followed_zone.name} at knot: A 192.0.2.1 (TTL 60): as it shall" in said
    assert f"bob.{followed_zone.name} at bind: NXDOMAIN: as it shall" in said
    assert said.count("2 of 2 names as they shall be, 1 answer nothing.") == 3


def test_the_command_fails_where_a_server_differs(bind, committed_db, fresh_zone):
    zone = zone_row(bind, fresh_zone(bind))
    outbox.publish(zone, {f"alice.{zone.name}": a("192.0.2.1")})
    with pytest.raises(CommandError, match="NXDOMAIN: A: NXDOMAIN instead of NOERROR") as failure:
        run(f"alice.{zone.name}")
    assert "Not every server answers what the rows say." in str(failure.value)


def test_the_command_proves_all_that_was_withdrawn(bind, committed_db, fresh_zone):
    zone = zone_row(bind, fresh_zone(bind))
    publish(zone, {"alice": a("192.0.2.1"), "bob": a("192.0.2.2"), "carol": a("192.0.2.3")})
    publish(zone, {"alice": {}, "bob": {}})
    said = run(zone=zone.name, all_withdrawn=True)
    assert "2 of 2 names as they shall be, 2 answer nothing." in said
    assert "carol" not in said


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ([], {}, "Give names"),
        (["alice.ddns.example"], {"all_withdrawn": True}, "Give names"),
        ([], {"all_withdrawn": True}, "Give names"),
        (["alice.other.test"], {}, "in none of the zones"),
        (["a b"], {}, "Not a usable name"),
        ([], {"zone": "other.test", "all_withdrawn": True}, "There is no zone"),
        ([], {"zone": "ddns.example", "all_withdrawn": True}, "nothing to prove"),
    ],
)
def test_the_command_says_what_it_cannot_do(quiet_zone: Zone, arguments, options, message):
    with pytest.raises(CommandError, match=message):
        run(*arguments, **options)
