"""Publishing to zones that their primary signs: rows arrive, the denials stay whole, the signer's records stay its own."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dns.query
import dns.rcode
import dns.tsig
import dns.update
import dns.zone
import pytest

from deploy.local.bind import Bind
from deploy.local.deadline import wait_for
from deploy.local.knot import Knot
from deploy.local.server import Server
from deploy.local.signing import Denial
from deploy.local.zones import serial
from dnsupdate import messages, outbox, verify, zones
from dnsupdate.messages import Change
from dnsupdate.models import Publication, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.primary import Primary
from dnsupdate.validation import Keys
from dnsupdate.verify import Difference, Kind
from tests.dnsupdate.real_zones import (
    a,
    answers,
    by_hand,
    dirty_names,
    drain,
    send_by_hand,
    send_octets,
    zone_row,
)
from tests.dnsupdate.signed_zones import SIGNER_IDS, SIGNERS, keys_of, verdict_on
from tests.left_out import require

pytestmark = pytest.mark.servers

PATIENCE = timedelta(seconds=20)


@pytest.fixture(params=SIGNERS, ids=SIGNER_IDS)
def signer(request: pytest.FixtureRequest) -> tuple[Server, Denial]:
    server, denial = request.param
    return request.getfixturevalue(server), denial


@pytest.fixture
def primary(signer) -> Server:
    return signer[0]


@pytest.fixture
def zone(committed_db, signer) -> Iterator[Zone]:
    """Gone after the test: Knot 3.2 does not load a signed zone again in which it has refused a record (semantic check)."""
    server, denial = signer
    apex = f"s{secrets.token_hex(4)}.test"
    server.add_zone(apex, denial)
    yield zone_row(server, apex)
    if apex in server.zones:
        server.remove_zone(apex)


@pytest.fixture
def keys(primary: Server, zone: Zone) -> Keys:
    return keys_of(primary, zone.name)


def assert_whole(server: Server, apex: str, tmp_path: Path) -> None:
    """BIND's own verifier: every RRset signed, every name in the chain, no name in it that is gone."""
    key = dns.tsig.Key(server.key.name, server.key.secret, server.key.algorithm)
    transfer = dns.query.xfr(
        server.host, apex, port=server.port, keyring={key.name: key}, keyname=key.name, relativize=False
    )
    zone = dns.zone.from_xfr(transfer, relativize=False)
    zone.to_file(str(tmp_path / "zone"), relativize=False)
    argv = [require("dnssec-verify", "bind9-utils"), "-z", "-o", apex, tmp_path / "zone"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_names_are_added_changed_and_withdrawn(primary: Server, zone: Zone, keys: Keys, tmp_path: Path):
    apex = zone.name
    alice, bob, wildcard, carol = f"alice.{apex}", f"bob.{apex}", f"*.bob.{apex}", f"carol.{apex}"
    outbox.publish(zone, {alice: a("192.0.2.1"), bob: a("192.0.2.2"), wildcard: a("192.0.2.2"), carol: a("192.0.2.3")})
    drain(zone)
    outbox.publish(zone, {alice: a("192.0.2.4"), bob: {"AAAA": {"ttl": 60, "rdata": ["2001:db8::1"]}}})
    outbox.publish(zone, {carol: {}}, Urgency.WITHDRAWAL)
    drain(zone)

    assert dirty_names(zone) == set()
    assert answers(primary, alice) == {"192.0.2.4"}
    for name in (alice, f"x.bob.{apex}", bob):
        assert verdict_on(primary, keys, name) == "NOERROR valid"
    assert verdict_on(primary, keys, carol) == "NXDOMAIN valid"
    assert verify.compare(zone).differences == []
    assert_whole(primary, apex, tmp_path)

    outbox.publish(zone, {name: {} for name in (alice, bob, wildcard)}, Urgency.WITHDRAWAL)
    drain(zone)
    for name in (alice, bob, f"x.bob.{apex}", carol):
        assert verdict_on(primary, keys, name) == "NXDOMAIN valid"
    assert_whole(primary, apex, tmp_path)


def test_a_thousand_names_are_published_and_most_of_them_withdrawn(
    primary: Server, zone: Zone, keys: Keys, tmp_path: Path
):
    names = [f"host-{number}.{zone.name}" for number in range(1000)]
    outbox.publish(zone, {name: a(f"192.0.2.{number % 250}") for number, name in enumerate(names)})
    drain(zone)
    assert dirty_names(zone) == set()
    assert verdict_on(primary, keys, names[500]) == "NOERROR valid"
    comparison = verify.compare(zone)
    assert (comparison.name_count, comparison.differences) == (1000, [])
    outbox.publish(zone, {name: {} for name in names[10:]}, Urgency.WITHDRAWAL)
    drain(zone)
    assert {verdict_on(primary, keys, name) for name in names[10::90]} == {"NXDOMAIN valid"}
    assert {verdict_on(primary, keys, name) for name in names[:10]} == {"NOERROR valid"}
    assert verify.compare(zone).differences == []
    assert_whole(primary, zone.name, tmp_path)


def test_one_refused_name_among_a_thousand_is_set_aside_and_the_others_are_signed(
    primary: Server, zone: Zone, keys: Keys
):
    names = [f"host-{number}.{zone.name}" for number in range(999)]
    mallory = f"mallory.{zone.name}"
    axfr = {"AXFR": {"ttl": 60, "rdata": ["\\# 1 00"]}}
    outbox.publish(zone, {name: a("192.0.2.1") for name in names} | {mallory: axfr})
    drain(zone)
    assert dirty_names(zone) == {mallory}
    assert Publication.objects.exclude(refusal="").get().name == mallory
    assert {verdict_on(primary, keys, name) for name in names[::111]} == {"NOERROR valid"}
    assert verdict_on(primary, keys, mallory) == "NXDOMAIN valid"


def test_messages_that_delete_all_at_a_name_leave_the_signer_its_records(primary: Server, zone: Zone, tmp_path: Path):
    """Every message says so, at names that hold NSEC and RRSIG records too."""
    name = f"alice.{zone.name}"
    for rrsets in (a("192.0.2.1"), a("192.0.2.2"), {}, {}, a("192.0.2.3")):
        outbox.publish(zone, {name: rrsets})
        drain(zone)
        assert_whole(primary, zone.name, tmp_path)


def test_a_zone_is_signed_while_it_is_updated(committed_db, signer, fresh_zone, tmp_path: Path):
    """An operator adds the policy to a zone with a thousand names."""
    server, denial = signer
    zone = zone_row(server, fresh_zone(server))
    outbox.publish(zone, {f"host-{number}.{zone.name}": a("192.0.2.1") for number in range(1000)})
    drain(zone)
    server.sign_zone(zone.name, denial)
    outbox.publish(zone, {f"host-{number}.{zone.name}": {} for number in range(0, 1000, 2)}, Urgency.WITHDRAWAL)
    drain(zone)
    keys = keys_of(server, zone.name)
    names = [f"host-{number}.{zone.name}" for number in (0, 1)]
    expected = ["NXDOMAIN valid", "NOERROR valid"]
    wait_for(lambda: [verdict_on(server, keys, name) for name in names] == expected, PATIENCE, "the signatures")
    comparison = verify.compare(zone)
    assert (comparison.name_count, comparison.differences) == (1000, [])
    assert_whole(server, zone.name, tmp_path)


# --- Order ------------------------------------------------------------------------------------------------------


def test_a_message_held_back_while_newer_state_was_published_changes_nothing(primary: Server, zone: Zone, keys: Keys):
    name = f"alice.{zone.name}"
    stalled = Primary(zone.name, zone.primary.host, zone.primary.port, zone.primary.key.for_messages())
    stalled.learn_fence()
    stalled.send([Change(1, name, 1, a("192.0.2.1"))])
    late = messages.build(
        zone.name,
        [Change(1, name, 2, a("192.0.2.66"))],
        stalled.key,
        message_id=1,
        fence=stalled._fence,
        next_fence="stalled-1",
        now=int(time.time()),
    )
    stalled.close()
    outbox.publish(zone, {name: {}}, Urgency.WITHDRAWAL)
    drain(zone)
    assert send_octets(primary, late.wire).rcode() == dns.rcode.NXRRSET
    assert verdict_on(primary, keys, name) == "NXDOMAIN valid"
    zones.check(zone)


# --- Comparing --------------------------------------------------------------------------------------------------


def test_a_planted_difference_is_found_among_the_signers_records_and_repaired(
    primary: Server, zone: Zone, keys: Keys, tmp_path: Path
):
    apex = zone.name
    outbox.publish(zone, {f"alice.{apex}": a("192.0.2.1"), f"bob.{apex}": a("192.0.2.2"), f"gone.{apex}": {}})
    drain(zone)
    assert verify.compare(zone).differences == []
    update = by_hand(primary, apex)
    update.replace("alice", 60, "A", "192.0.2.66")
    update.delete("bob")
    update.add("mallory", 60, "A", "192.0.2.66")
    update.add("gone", 60, "A", "192.0.2.66")
    send_by_hand(primary, update)
    found = verify.compare(zone).differences
    assert sorted(found, key=lambda each: each.name) == [
        Difference(f"alice.{apex}", Kind.DIFFERENT),
        Difference(f"bob.{apex}", Kind.MISSING),
        Difference(f"gone.{apex}", Kind.NOT_WITHDRAWN),
        Difference(f"mallory.{apex}", Kind.EXTRA),
    ]
    assert verify.repair(zone, found) == []
    drain(zone)
    assert verify.compare(zone).differences == []
    assert verdict_on(primary, keys, f"mallory.{apex}") == "NXDOMAIN valid"
    assert_whole(primary, apex, tmp_path)


def test_the_longest_ttl_of_a_domain_is_published_as_it_is(zone: Zone):
    """BIND cuts a TTL above its policy's max-zone-ttl without a word, and the zone would differ for ever."""
    outbox.publish(zone, {f"alice.{zone.name}": a("192.0.2.1", ttl=86400)})
    drain(zone)
    assert verify.compare(zone).differences == []


# --- Secondaries ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("denial", list(Denial))
def test_a_secondary_denies_a_withdrawn_name_with_the_primarys_signatures(
    committed_db, servers, tsig_key, denial: Denial, tmp_path: Path
):
    apex = f"s{secrets.token_hex(4)}.test"
    knot = Knot(servers.directory / f"knot-{apex}", zones=[apex], key=tsig_key, primary=("127.0.0.1", 0))
    bind = Bind(
        servers.directory / f"bind-{apex}",
        zones=[apex],
        key=tsig_key,
        secondaries=[(knot.host, knot.port)],
        signed={apex: denial},
    )
    knot.primary = (bind.host, bind.port)
    with bind, knot:
        zone = zone_row(bind, apex)
        keys = keys_of(bind, apex)
        alice, bob = f"alice.{apex}", f"bob.{apex}"
        outbox.publish(zone, {alice: a("192.0.2.1"), bob: a("192.0.2.2"), f"*.bob.{apex}": a("192.0.2.2")})
        drain(zone)
        outbox.publish(zone, {alice: {}}, Urgency.WITHDRAWAL)
        drain(zone)
        wait_for(lambda: serial(knot.port, apex) == serial(bind.port, apex), PATIENCE, "the secondary's zone")
        for server in (bind, knot):
            assert verdict_on(server, keys, alice) == "NXDOMAIN valid"
            assert verdict_on(server, keys, bob) == "NOERROR valid"
            assert verdict_on(server, keys, f"x.bob.{apex}") == "NOERROR valid"
            assert verdict_on(server, keys, bob, "TXT") == "NOERROR valid"
        assert_whole(knot, apex, tmp_path)
