"""The private nameservers, as others use them: updates, zones added at run time, crashes, secondaries."""

import contextlib
import os
import secrets
import stat
from datetime import timedelta
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update
import pytest

from deploy.local import binaries
from deploy.local.bind import Bind
from deploy.local.deadline import wait_for
from deploy.local.errors import BinaryMissing, DirectoryUnusable
from deploy.local.knot import Knot
from deploy.local.ports import free_port
from deploy.local.tsig import TsigKey
from deploy.local.zones import serial

pytestmark = pytest.mark.servers
SOON = timedelta(seconds=10)
SECONDS_TO_ANSWER = 2
ADDRESS = "203.0.113.7"


def update(server, apex: str, label: str, address: str = ADDRESS) -> str:
    """Send one signed UPDATE; the rcode as text."""
    ring = dns.tsigkeyring.from_text({server.key.name: (server.key.algorithm, server.key.secret)})
    message = dns.update.UpdateMessage(apex, keyring=ring)
    message.replace(label, 60, "A", address)
    answer = dns.query.tcp(message, server.host, port=server.port, timeout=SECONDS_TO_ANSWER)
    return dns.rcode.to_text(answer.rcode())


def addresses(server, name: str) -> list[str]:
    answer = dns.query.udp(dns.message.make_query(name, "A"), server.host, port=server.port, timeout=SECONDS_TO_ANSWER)
    return [rdata.address for rrset in answer.answer for rdata in rrset]


@pytest.fixture
def directory(servers) -> Path:
    """A directory that the servers' own users can reach: pytest's are closed to them."""
    return servers.directory / secrets.token_hex(4)


def test_update_with_the_key_is_answered_at_once(primary, fresh_zone):
    apex = fresh_zone(primary)
    assert update(primary, apex, "alice") == "NOERROR"
    assert addresses(primary, f"alice.{apex}") == [ADDRESS]


def test_update_with_another_secret_is_refused(primary):
    mallory = TsigKey.generate(primary.key.name)
    primary_seen_by_mallory = type("Seen", (), {"host": primary.host, "port": primary.port, "key": mallory})
    with pytest.raises(dns.tsig.PeerBadSignature):
        update(primary_seen_by_mallory, "ddns.test", "alice")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_acknowledged_update_survives(primary, fresh_zone, end):
    apex = fresh_zone(primary)
    update(primary, apex, "alice")
    getattr(primary, end)()
    primary.start()
    assert addresses(primary, f"alice.{apex}") == [ADDRESS]


def test_frozen_server_answers_nothing_until_it_thaws(primary):
    primary.freeze()
    assert serial(primary.port, "ddns.test") is None
    primary.thaw()
    assert wait_for(lambda: serial(primary.port, "ddns.test"), SOON)


def test_added_zone_stays_over_a_restart(primary, fresh_zone):
    apex = fresh_zone(primary)
    primary.stop()
    primary.start()
    assert serial(primary.port, apex) is not None


@pytest.mark.parametrize("name", ["bind", "knot"])
def test_removed_zone_comes_back_empty(request, fresh_zone, name):
    primary = request.getfixturevalue(name)
    apex = fresh_zone(primary)
    update(primary, apex, "alice")
    primary.remove_zone(apex)
    assert serial(primary.port, apex) is None
    primary.add_zone(apex)
    assert addresses(primary, f"alice.{apex}") == []


@pytest.mark.parametrize("name", ["bind", "knot"])
def test_frozen_zone_takes_no_update_until_it_thaws(request, fresh_zone, name):
    primary = request.getfixturevalue(name)
    apex = fresh_zone(primary)
    primary.freeze_zone(apex)
    with contextlib.suppress(dns.exception.Timeout):  # Knot 3.4 lets it wait
        assert update(primary, apex, "alice") == "REFUSED"
    assert addresses(primary, f"alice.{apex}") == []
    primary.thaw_zone(apex)
    assert update(primary, apex, "alice") == "NOERROR"


@pytest.mark.parametrize("kind", [Bind, Knot])
def test_secondary_follows_the_primary(request, directory, tsig_key, kind):
    request.getfixturevalue(kind.name)  # says it is left out where it is not installed
    request.getfixturevalue("knot")
    port = free_port()
    told = {"secondaries": [("127.0.0.1", port)]} if kind is Bind else {"notify": [("127.0.0.1", port)]}
    with kind(directory / "primary", zones=["follow.test"], key=tsig_key, **told) as primary:
        followed = ("127.0.0.1", primary.port)
        with Knot(directory / "secondary", zones=["follow.test"], key=tsig_key, primary=followed, port=port) as second:
            update(primary, "follow.test", "alice")
            wait_for(lambda: addresses(second, "alice.follow.test") == [ADDRESS], SOON)


def test_files_with_keys_are_private(bind, knot, embedded_nameserver):
    files = [bind.directory / "named.conf", bind.directory / "rndc.conf", knot.directory / "knot.conf"]
    for file in [*files, embedded_nameserver.keys_file]:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="ordinary users: only root's servers change their user")
@pytest.mark.parametrize("kind", [Bind, Knot])
def test_directory_closed_to_the_servers_user_is_named(request, tmp_path, tsig_key, kind):
    request.getfixturevalue(kind.name)
    with pytest.raises(DirectoryUnusable, match="cannot enter"):
        kind(tmp_path / "closed", key=tsig_key).start()


@pytest.mark.parametrize("kind", [Bind, Knot])
def test_missing_program_is_named(tmp_path, tsig_key, monkeypatch, kind):
    monkeypatch.setattr(binaries, "find", lambda _: None)
    with pytest.raises(BinaryMissing, match=r"named|knotd"):
        kind(tmp_path, key=tsig_key)
