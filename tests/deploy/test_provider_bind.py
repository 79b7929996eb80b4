"""The provider's BIND, started by its own script: keys old and new, zones by the catalog, both looked after."""

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update
import dns.zone
import pytest

from deploy.local.binaries import SYSTEM_DIRECTORIES
from deploy.local.deadline import wait_for
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import Process
from deploy.local.tsig import TsigKey
from deploy.local.users import give, unprivileged
from deploy.local.zones import serial
from tests.left_out import require

pytestmark = pytest.mark.servers
SCRIPTS = Path(__file__).resolve().parents[2] / "deploy" / "provider" / "bind"
CATALOG = "catalog.invalid"
SOON = timedelta(seconds=20)
ANSWER_SECONDS = 5
NEW, OLD, TRANSFER = (TsigKey.generate(name) for name in ("publisher-2", "publisher", "transfer"))


class Provided:
    """What the container runs, in directories of the test's own."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.user = directory, unprivileged("bind", "named")
        for path in (directory, directory / "zones", directory / "run", directory / "scripts"):
            path.mkdir(mode=0o700)
            give(path, self.user)
        for script in SCRIPTS.iterdir():
            # Copies, which the server's user can reach.
            copy = directory / "scripts" / script.name
            copy.write_text(script.read_text())
            copy.chmod(0o755)
        self.zones, self.port = directory / "zones", free_port()
        self.environment = {
            "PATH": os.pathsep.join([str(directory / "scripts"), os.environ["PATH"], *SYSTEM_DIRECTORIES]),
            "ZONES": str(self.zones),
            "RUN": str(directory / "run"),
            "PORT": str(self.port),
            "CONTROL_PORT": str(free_port()),
            "PATIENCE": "1",
            "DDNS_NAMESERVERS": "ns1.first.test=192.0.2.53,ns1.first.test=2001:db8::53,ns2.example.net",
            "DDNS_PUBLISHER_KEY": str(NEW),
            "DDNS_TRANSFER_KEY": str(TRANSFER),
            "DDNS_SECONDARY_ADDRESS": f"{LOOPBACK}@{free_port()}",
        }
        self.process: Process | None = None

    def start(self, **environment: str) -> None:
        environment = {**self.environment, **environment}
        log = self.directory / "start.log"
        argv = [self.directory / "scripts" / "start"]
        self.process = Process("start", argv, log=log, env=environment, cwd=self.directory, user=self.user)
        self.process.start()
        self.process.wait_until(lambda: serial(self.port, CATALOG) is not None, SOON)

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()

    def run(self, script: str) -> subprocess.CompletedProcess:
        user = {"user": self.user.pw_uid, "group": self.user.pw_gid} if self.user else {}
        argv = [self.directory / "scripts" / script]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=False, **user)

    def update(self, apex: str, *records: tuple, key: TsigKey = NEW) -> str:
        update = dns.update.UpdateMessage(apex, keyring=dns.tsig.Key(key.name, key.secret, key.algorithm))
        for record in records:
            update.replace(*record)
        try:
            answer = dns.query.tcp(update, LOOPBACK, port=self.port, timeout=ANSWER_SECONDS)
        except dns.tsig.PeerError as error:
            return type(error).__name__
        return dns.rcode.to_text(answer.rcode())

    def enter(self, zone: str) -> None:
        member = (f"{secrets.token_hex(8)}.zones", 0, "PTR", f"{zone}.")
        assert self.update(CATALOG, member, ("version", 0, "TXT", '"2"')) == "NOERROR"

    def wait_for(self, zone: str) -> None:
        wait_for(lambda: serial(self.port, zone) is not None, SOON, zone)


@pytest.fixture
def provided(servers) -> Iterator[Provided]:
    for program, package in (("named", "bind9"), ("dig", "bind9-dnsutils")):
        require(program, package)
    provided = Provided(servers.directory / f"provided-{secrets.token_hex(4)}")
    yield provided
    provided.stop()


def test_a_zone_that_the_catalog_names_is_served_with_the_nameservers_of_the_settings(provided):
    provided.start()
    provided.enter("first.test")
    provided.wait_for("first.test")
    key = dns.tsig.Key(TRANSFER.name, TRANSFER.secret, TRANSFER.algorithm)
    query, zone = dns.message.make_query("first.test", "AXFR"), dns.zone.Zone("first.test")
    query.use_tsig(key)
    dns.query.inbound_xfr(LOOPBACK, zone, query, port=provided.port, lifetime=ANSWER_SECONDS)
    assert {rdata.to_text() for rdata in zone.find_rdataset("@", "NS")} == {"ns1", "ns2.example.net."}
    assert zone.find_rdataset("ns1", "AAAA")[0].to_text() == "2001:db8::53"
    assert zone.find_rdataset("@", "SOA")[0].minimum == 60
    assert provided.update("first.test", ("home", 60, "A", "192.0.2.1")) == "NOERROR"


def changes(provided: Provided, apex: str, *keys: TsigKey) -> list[str]:
    return [provided.update(apex, ("probe", 60, "TXT", key.name), key=key) for key in keys]


def test_old_and_new_key_are_accepted_while_one_is_rotated_and_the_new_alone_afterwards(provided):
    provided.start(DDNS_PUBLISHER_KEY_OLD=str(OLD))
    provided.enter("first.test")
    provided.wait_for("first.test")
    for apex in (CATALOG, "first.test"):
        assert changes(provided, apex, OLD, NEW, TRANSFER) == ["NOERROR", "NOERROR", "REFUSED"]
    provided.stop()
    provided.start()
    provided.wait_for("first.test")
    for apex in (CATALOG, "first.test"):
        assert changes(provided, apex, OLD, NEW) == ["PeerBadKey", "NOERROR"]


def has_keys(provided: Provided, apex: str) -> bool:
    query = dns.message.make_query(apex, "DNSKEY", flags=0)
    answer = dns.query.tcp(query, LOOPBACK, port=provided.port, timeout=ANSWER_SECONDS)
    return any(rrset.rdtype == dns.rdatatype.DNSKEY for rrset in answer.answer)


def test_zones_are_signed_where_the_settings_say_so_and_the_catalog_is_not(provided):
    provided.start(DDNS_DNSSEC="on")
    provided.enter("first.test")
    provided.wait_for("first.test")
    wait_for(lambda: has_keys(provided, "first.test"), SOON, "the keys of first.test")
    assert not has_keys(provided, CATALOG)
    assert provided.update("first.test", ("home", 60, "A", "192.0.2.1")) == "NOERROR"
    provided.stop()
    provided.start(DDNS_DNSSEC="on")
    provided.wait_for("first.test")
    assert has_keys(provided, "first.test")


def test_a_zone_that_was_signed_is_led_out_of_it(provided):
    provided.start(DDNS_DNSSEC="on")
    provided.enter("first.test")
    provided.wait_for("first.test")
    wait_for(lambda: has_keys(provided, "first.test"), SOON, "the keys of first.test")
    provided.stop()
    provided.start()
    provided.wait_for("first.test")
    assert "dnssec-policy insecure" in (provided.zones / "members.conf").read_text()
    assert provided.update("first.test", ("home", 60, "A", "192.0.2.1")) == "NOERROR"


def test_two_keys_of_one_name_are_refused_with_the_reason(provided):
    provided.environment["DDNS_PUBLISHER_KEY_OLD"] = str(TsigKey.generate(NEW.name))
    (provided.directory / "run" / "rndc.secret").write_text("c2VjcmV0")
    (provided.directory / "run" / "rndc.secret").chmod(0o644)
    done = provided.run("configure")
    assert done.returncode == 2
    assert "need different names" in done.stderr


def test_zones_from_before_the_catalog_are_served_until_it_names_others(provided):
    """As after an upgrade: zone files are there and no list of members."""
    for zone in ("first.test", "second.test"):
        path = provided.zones / f"{zone}.zone"
        path.write_text(
            "@ 60 IN SOA ns.example.net. hostmaster.example.net. 7 3600 600 1209600 60\n@ 60 IN NS ns.example.net.\n"
        )
        give(path, provided.user)
    provided.start()
    for zone in ("first.test", "second.test"):
        provided.wait_for(zone)
    provided.enter("first.test")
    wait_for(lambda: serial(provided.port, "second.test") is None, SOON, "the end of second.test")
    assert serial(provided.port, "first.test") == 7


def test_health_says_so_when_keep_zones_is_gone_for_good(provided):
    provided.start()
    wait_for(lambda: provided.run("alive").returncode == 0, SOON, "health")
    for pid in provided.process.family()[1:]:
        os.kill(pid, signal.SIGKILL)
    os.utime(provided.directory / "run" / "kept", (0, 0))
    done = provided.run("alive")
    assert done.returncode == 1
    assert "keep-zones was last here" in done.stdout


def test_keep_zones_is_started_again_when_it_is_killed(provided):
    provided.start()
    _named, _supervisor, keeper, *_ = provided.process.family()
    assert "keep-zones" in Path(f"/proc/{keeper}/cmdline").read_text()
    os.kill(keeper, signal.SIGKILL)
    provided.enter("first.test")
    provided.wait_for("first.test")
    assert "keep-zones ended" in provided.process.said()
