"""The embedded nameserver as a process: options, files read again, connections, end."""

import signal
import socket
import struct
import subprocess
import sys
from contextlib import ExitStack

import dns.message
import dns.rcode
import dns.tsig
import pytest

from tests.left_out import require

from .embedded_server import (  # noqa: F401
    APEX,
    DEADLINE_SECONDS,
    KEY,
    KEY_LINE,
    ROOT,
    Files,
    files,
    nameserver,
    new_update,
    running,
    texts,
    wait_until,
)


def run(files: Files, *options: str) -> subprocess.CompletedProcess:  # noqa: F811
    """A start that is expected to fail."""
    command = [sys.executable, "-m", "dnsupdate.embedded", "--data", files.data, *options]
    command += ["--zones", files.zones, "--keys", files.keys]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_SECONDS)


def rcode(nameserver, name: str, rdtype: str = "SOA") -> dns.rcode.Rcode:  # noqa: F811
    return nameserver.tcp(dns.message.make_query(name, rdtype)).rcode()


def test_ready_line_counts_the_zones(files):  # noqa: F811
    files.write_zones(APEX, "example.test", "# not one", "")
    with running(files) as nameserver:  # noqa: F811
        assert nameserver.host == "127.0.0.1"
        assert rcode(nameserver, "example.test") == dns.rcode.NOERROR


def test_new_zone_has_soa_ns_and_address(nameserver):  # noqa: F811
    soa = nameserver.tcp(dns.message.make_query(APEX, "SOA")).answer[0]

    assert (soa.ttl, soa[0].minimum) == (60, 60)
    assert (soa[0].mname.to_text(), soa[0].rname.to_text()) == (f"ns1.{APEX}.", f"hostmaster.{APEX}.")
    assert nameserver.texts(APEX, "NS") == {f"ns1.{APEX}."}
    assert nameserver.texts(f"ns1.{APEX}") == {"127.0.0.1"}


def test_udp_and_tcp_answer_alike(nameserver):  # noqa: F811
    query = dns.message.make_query(f"ns1.{APEX}", "A")

    assert texts(nameserver.udp(query)) == texts(nameserver.tcp(query)) == {"127.0.0.1"}


def test_update_over_udp_is_made(nameserver):  # noqa: F811
    update = new_update()
    update.add("alice", 60, "A", "192.0.2.1")

    assert nameserver.udp(update).rcode() == dns.rcode.NOERROR
    assert nameserver.texts(f"alice.{APEX}") == {"192.0.2.1"}


def test_taken_port_is_named(files, tmp_path):  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = run(files, "--port", str(port))

    assert failed.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_port_taken_for_udp_alone_is_named(files):  # noqa: F811
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        failed = run(files, "--port", str(port))

    assert failed.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in failed.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "2001:db8::1"])
def test_public_address_needs_to_be_allowed(files, host):  # noqa: F811
    failed = run(files, "--host", host, "--port", "0")

    assert failed.returncode == 2
    assert f"{host} is not a loopback address" in failed.stderr
    assert "--allow-public" in failed.stderr


def test_allowed_public_address_is_listened_on(files):  # noqa: F811
    with running(files, "--host", "0.0.0.0", "--allow-public") as nameserver:  # noqa: F811
        assert nameserver.host == "0.0.0.0"
        nameserver.host = "127.0.0.1"
        assert rcode(nameserver, APEX) == dns.rcode.NOERROR


@pytest.mark.parametrize("missing", ["zones", "keys"])
def test_missing_file_is_named(files, missing):  # noqa: F811
    getattr(files, missing).unlink()

    failed = run(files, "--port", "0")

    assert failed.returncode == 1
    assert f"cannot read {getattr(files, missing)}" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    "line", ["../up", "a/b.example", "two names", "a..example", "x" * 64 + ".example", "é.example"]
)
def test_line_that_is_no_zone_is_named(files, line):  # noqa: F811
    files.write_zones(APEX, line)

    failed = run(files, "--port", "0")

    assert failed.returncode == 1
    assert "line 3" in failed.stderr
    assert "is not a domain name" in failed.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_with_status_0_even_with_open_connections(files, number):  # noqa: F811
    with running(files) as nameserver, socket.create_connection((nameserver.host, nameserver.port)) as idle:  # noqa: F811
        rcode(nameserver, APEX)
        nameserver.process.send_signal(number)

        assert nameserver.process.wait(DEADLINE_SECONDS) == 0
        assert idle.recv(1) == b""
        nameserver.process.stdout.close()
    log = nameserver.log.read_text()
    assert "Traceback" not in log
    assert "never retrieved" not in log


def test_zone_is_added_and_removed_at_run_time(nameserver, files):  # noqa: F811
    assert rcode(nameserver, "example.test") == dns.rcode.REFUSED

    files.write_zones(APEX, "Example.Test.")
    wait_until(lambda: rcode(nameserver, "example.test") == dns.rcode.NOERROR, "the zone was not added")
    update = new_update(zone="example.test")
    update.add("alice", 60, "A", "192.0.2.1")
    assert nameserver.tcp(update).rcode() == dns.rcode.NOERROR

    files.write_zones(APEX)
    wait_until(lambda: rcode(nameserver, "example.test") == dns.rcode.REFUSED, "the zone was not removed")

    files.write_zones("example.test")
    wait_until(lambda: rcode(nameserver, "example.test") == dns.rcode.NOERROR, "the zone did not come back")
    assert nameserver.texts("alice.example.test") == {"192.0.2.1"}


def test_unusable_zones_file_leaves_the_zones_as_they_were(nameserver, files):  # noqa: F811
    files.write_zones("example.test", "not a name")
    wait_until(lambda: "is not a domain name" in nameserver.log.read_text(), "no complaint was logged")

    assert rcode(nameserver, APEX) == dns.rcode.NOERROR
    assert rcode(nameserver, "example.test") == dns.rcode.REFUSED


def test_keys_are_read_again(nameserver, files):  # noqa: F811
    bob = dns.tsig.Key("bob-key.example", b"the secret of Bob", dns.tsig.HMAC_SHA512)

    def rcode_for(key: dns.tsig.Key) -> dns.rcode.Rcode:
        try:
            return nameserver.tcp(new_update(key)).rcode()
        except dns.tsig.PeerBadKey:
            return dns.rcode.BADKEY

    assert rcode_for(bob) == dns.rcode.BADKEY
    files.write_keys("bob-key.example hmac-sha512 dGhlIHNlY3JldCBvZiBCb2I=\n")
    wait_until(lambda: rcode_for(bob) == dns.rcode.NOERROR, "the new key was not read")
    assert rcode_for(KEY) == dns.rcode.BADKEY


def test_unusable_keys_file_leaves_the_keys_and_tells_no_secret(nameserver, files):  # noqa: F811
    secret = KEY_LINE.split()[2]
    files.write_keys(f"alice-key.example {secret} hmac-sha256\n")
    wait_until(lambda: "the algorithm must be" in nameserver.log.read_text(), "no complaint was logged")

    assert nameserver.tcp(new_update()).rcode() == dns.rcode.NOERROR
    assert secret not in nameserver.log.read_text()


def framed(message: dns.message.Message) -> bytes:
    wire = message.to_wire()
    return struct.pack("!H", len(wire)) + wire


def read_framed(stream) -> dns.message.Message:
    (length,) = struct.unpack("!H", stream.read(2))
    return dns.message.from_wire(stream.read(length))


def connect(nameserver) -> socket.socket:  # noqa: F811
    return socket.create_connection((nameserver.host, nameserver.port), timeout=DEADLINE_SECONDS)


def test_many_messages_share_one_connection(nameserver):  # noqa: F811
    queries = [dns.message.make_query(f"ns1.{APEX}", "A", id=number) for number in range(200)]
    with connect(nameserver) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"".join(map(framed, queries)))

        assert [read_framed(stream).id for _ in queries] == list(range(200))


def test_message_in_small_pieces_is_put_together(nameserver):  # noqa: F811
    with connect(nameserver) as connection, connection.makefile("rb") as stream:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(dns.message.make_query(APEX, "SOA", id=99)):
            connection.sendall(bytes([octet]))

        assert read_framed(stream).id == 99


def test_client_that_stops_sending_still_gets_its_answers(nameserver):  # noqa: F811
    with connect(nameserver) as connection, connection.makefile("rb") as stream:
        connection.sendall(framed(dns.message.make_query(APEX, "SOA", id=1)) * 50)
        connection.shutdown(socket.SHUT_WR)

        assert [read_framed(stream).id for _ in range(50)] == [1] * 50
        assert stream.read() == b""


def test_connections_beyond_the_limit_displace_the_quietest(nameserver):  # noqa: F811
    with ExitStack() as stack:
        crowd = [stack.enter_context(connect(nameserver)) for _ in range(220)]

        assert rcode(nameserver, APEX) == dns.rcode.NOERROR
        assert crowd[0].recv(1) == b""
        crowd[-1].sendall(framed(dns.message.make_query(APEX, "SOA", id=5)))
        with crowd[-1].makefile("rb") as stream:
            assert read_framed(stream).id == 5


def test_nsupdate_updates_with_prerequisites(nameserver, tmp_path):  # noqa: F811
    nsupdate = require("nsupdate", "bind9-dnsutils")
    _, algorithm, secret = KEY_LINE.split()
    key_file = tmp_path / "key"
    key_file.write_text(f'key "alice-key.example" {{ algorithm {algorithm}; secret "{secret}"; }};\n')
    script = f"server {nameserver.host} {nameserver.port}\nzone {APEX}\n"

    def send(*lines: str) -> subprocess.CompletedProcess:
        text = script + "\n".join(lines) + "\nsend\n"
        command = [nsupdate, "-k", key_file, "-t", "20"]
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)

    assert send(f"prereq nxdomain alice.{APEX}", f"update add alice.{APEX} 60 A 192.0.2.1").returncode == 0
    assert nameserver.texts(f"alice.{APEX}") == {"192.0.2.1"}
    assert "YXDOMAIN" in send(f"prereq nxdomain alice.{APEX}", f"update delete alice.{APEX}").stderr
    assert send(f"prereq yxrrset alice.{APEX} A 192.0.2.1", f"update delete alice.{APEX} A").returncode == 0
    assert nameserver.texts(f"alice.{APEX}") == set()


def test_dig_sees_nothing_odd(nameserver):  # noqa: F811
    dig = require("dig", "bind9-dnsutils")
    command = [dig, f"@{nameserver.host}", "-p", str(nameserver.port), "+norecurse", "+dnssec", f"ns1.{APEX}", "A"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert "status: NOERROR" in run.stdout
    assert "flags: qr aa;" in run.stdout
    assert "WARNING" not in run.stdout
    assert ";; Warning" not in run.stdout
