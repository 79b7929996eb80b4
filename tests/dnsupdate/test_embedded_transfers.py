"""Zones transferred from the embedded nameserver, with TSIG, in one message or many."""

import re
import subprocess

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.xfr
import dns.zone
import pytest

from tests.left_out import require

from .embedded_server import (  # noqa: F401
    APEX,
    DEADLINE_SECONDS,
    KEY,
    KEY_LINE,
    Files,
    ask,
    files,
    handler,
    new_update,
    running,
    texts,
)

NAME_COUNT = 5_500
NAMES_PER_MESSAGE = 500


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A running server with more than 5,000 names."""
    with running(Files(tmp_path_factory.mktemp("filled"))) as nameserver:
        for start in range(0, NAME_COUNT, NAMES_PER_MESSAGE):
            update = new_update()
            for number in range(start, start + NAMES_PER_MESSAGE):
                update.add(f"host-{number}", 60, "A", f"192.0.2.{number % 256}")
                update.add(f"host-{number}", 60, "AAAA", f"2001:db8::{number:x}")
            assert nameserver.tcp(update).rcode() == dns.rcode.NOERROR
        yield nameserver


def axfr_query(key: dns.tsig.Key | None = KEY, apex: str = APEX, rdtype: str = "AXFR") -> dns.message.Message:
    query = dns.message.make_query(apex, rdtype)
    if key:
        query.use_tsig(key)
    return query


def test_large_zone_arrives_whole_over_many_signed_messages(filled):
    zone = dns.zone.Zone(APEX)

    dns.query.inbound_xfr(filled.host, zone, axfr_query(), port=filled.port, timeout=DEADLINE_SECONDS, lifetime=60)

    assert len(zone.nodes) == NAME_COUNT + 2
    assert zone.get_rdataset("host-5499", "AAAA")[0].to_text() == "2001:db8::157b"
    assert zone.get_rdataset("@", "SOA")[0].serial == filled.serial()


def test_every_message_of_a_transfer_is_signed_and_fits(handler):  # noqa: F811
    update = new_update()
    for number in range(1_000):
        update.add(f"host-{number}", 60, "TXT", "x" * 40)
    ask(handler, update)
    query = axfr_query()

    wires = list(handler.answer(query.to_wire(), is_tcp=True))

    assert len(wires) > 3
    assert max(map(len, wires)) < 20_000
    context, first = None, True
    for wire in wires:
        message = dns.message.from_wire(
            wire, keyring=KEY, request_mac=query.mac if first else b"", xfr=True, tsig_ctx=context, multi=True
        )
        assert message.had_tsig
        context, first = message.tsig_ctx, False


def test_dig_transfers_and_verifies_the_zone(filled, tmp_path):
    dig = require("dig", "bind9-dnsutils")
    _, algorithm, secret = KEY_LINE.split()
    key_file = tmp_path / "key"
    key_file.write_text(f'key "alice-key.example" {{ algorithm {algorithm}; secret "{secret}"; }};\n')

    run = subprocess.run(
        [dig, f"@{filled.host}", "-p", str(filled.port), "-k", key_file, "axfr", APEX, "+time=20", "+tries=1"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert len(re.findall(r"^host-\d+\.dyn\.example\.\s+60\s+IN\s+A\s", run.stdout, re.M)) == NAME_COUNT
    assert "XFR size:" in run.stdout
    assert "verify" not in run.stdout + run.stderr, "a bad signature is reported so"


def test_record_that_no_transfer_could_carry_is_refused(handler):  # noqa: F811
    update = new_update()
    update.add("big", 60, dns.rdata.GenericRdata(1, 65280, b"x" * 64_000))
    assert ask(handler, update).rcode() == dns.rcode.NOERROR
    update = new_update()
    update.add("bigger", 60, dns.rdata.GenericRdata(1, 65280, b"x" * 64_001))
    assert ask(handler, update).rcode() == dns.rcode.REFUSED

    wires = list(handler.answer(axfr_query().to_wire(), is_tcp=True))

    assert sum(b"x" * 64_000 in wire for wire in wires) == 1
    assert max(map(len, wires)) <= 65_535


def test_zone_changed_during_a_transfer_arrives_as_it_was(handler):  # noqa: F811
    update = new_update()
    for number in range(1_000):
        update.add(f"host-{number}", 60, "TXT", "x" * 40)
    ask(handler, update)
    query = axfr_query()
    wires = iter(handler.answer(query.to_wire(), is_tcp=True))
    first = next(wires)

    removal = new_update()
    removal.delete("host-999")
    ask(handler, removal)

    assert b"host-999" in b"".join([first, *wires])


@pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
def test_unsigned_transfer_is_refused(handler, rdtype):  # noqa: F811
    response = ask(handler, axfr_query(key=None, rdtype=rdtype))

    assert response.rcode() == dns.rcode.REFUSED
    assert not response.answer


@pytest.mark.parametrize("apex", ["example.com", "host.dyn.example", "example"])
def test_transfer_of_a_zone_not_served_is_notauth(handler, apex):  # noqa: F811
    assert ask(handler, axfr_query(apex=apex)).rcode() == dns.rcode.NOTAUTH


def test_axfr_over_udp_is_malformed(handler):  # noqa: F811
    assert ask(handler, axfr_query(), is_tcp=False).rcode() == dns.rcode.FORMERR


def test_wrong_key_gets_no_transfer(filled):
    mallory = dns.tsig.Key(KEY.name, b"another secret", KEY.algorithm)

    with pytest.raises((dns.xfr.TransferError, dns.tsig.PeerBadSignature)):
        dns.query.inbound_xfr(filled.host, dns.zone.Zone(APEX), axfr_query(mallory), port=filled.port)


def ixfr_query(serial: int) -> dns.message.Message:
    query = axfr_query(rdtype="IXFR")
    soa = f"ns1.{APEX}. hostmaster.{APEX}. {serial} 3600 600 604800 60"
    query.authority.append(dns.rrset.from_text(f"{APEX}.", 60, "IN", "SOA", soa))
    return query


def test_ixfr_of_a_current_zone_is_its_soa_alone(handler):  # noqa: F811
    serial = ask(handler, dns.message.make_query(APEX, "SOA")).answer[0][0].serial

    for known in (serial, serial + 1):
        response = ask(handler, ixfr_query(known))
        assert [rrset.rdtype for rrset in response.answer] == [dns.rdatatype.SOA]


def test_ixfr_of_an_older_zone_is_the_whole_zone(filled):
    zone = dns.zone.Zone(APEX)
    with zone.writer() as writer:
        soa = f"ns1 hostmaster {filled.serial() - 1} 3600 600 604800 60"
        writer.replace("@", 60, dns.rdata.from_text("IN", "SOA", soa))
    query, _ = dns.xfr.make_query(zone, keyring=KEY)

    dns.query.inbound_xfr(filled.host, zone, query, port=filled.port, timeout=DEADLINE_SECONDS, lifetime=60)

    assert len(zone.nodes) == NAME_COUNT + 2


def test_ixfr_over_udp_is_the_soa_alone(handler):  # noqa: F811
    response = ask(handler, ixfr_query(1), is_tcp=False)

    assert [rrset.rdtype for rrset in response.answer] == [dns.rdatatype.SOA]


def test_ixfr_with_a_malformed_soa_is_formerr(handler):  # noqa: F811
    query = axfr_query(rdtype="IXFR")
    query.authority.append(dns.rrset.from_rdata(f"{APEX}.", 60, dns.rdata.GenericRdata(1, dns.rdatatype.SOA, b"short")))

    assert ask(handler, query).rcode() == dns.rcode.FORMERR
