"""manage.py add_domain: the files it writes make real servers serve the zone, and what is wrong is said."""

import secrets
import shutil
import subprocess
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ddns.models import Domain, ReservedName
from deploy.local.bind import Bind
from deploy.local.deadline import wait_for
from deploy.local.knot import Knot
from deploy.local.server import Server
from deploy.local.signing import Denial, is_signed
from deploy.local.tsig import TsigKey as LocalKey
from deploy.local.users import give
from deploy.local.zones import serves
from dnsupdate import dnssec, outbox, verify
from dnsupdate.models import TsigKey, Zone
from tests.dnsupdate.real_zones import a, answers, by_hand, drain, send_by_hand
from tests.dnsupdate.signed_zones import verdict_on
from tests.left_out import require

APEX = "ddns.example"


@pytest.fixture
def key_file(tmp_path: Path, tsig_key: LocalKey) -> Path:
    """The key that the run's servers know."""
    path = tmp_path / "key"
    path.write_text(str(tsig_key))
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "nameserver"


def add_domain(domain: str, server: Server | str, output: Path, **options) -> str:
    """What it prints; where it fails, that and the error, in a CommandError."""
    address = server if isinstance(server, str) else f"{server.host}:{server.port}"
    out = StringIO()
    try:
        call_command("add_domain", domain, nameserver=address, output=str(output), stdout=out, no_color=True, **options)
    except CommandError as error:
        raise CommandError(f"{out.getvalue()}{error}", returncode=error.returncode) from error
    return out.getvalue()


# --- It works -------------------------------------------------------------------------------------------------


def test_a_zone_that_the_server_serves_is_on_offer_at_once(
    committed_db, primary, fresh_zone, key_file, output, tsig_key
):
    apex = fresh_zone(primary)
    said = add_domain(apex.upper(), primary, output, key_file=str(key_file), ttl=120)
    assert f"{apex}: an update works." in said
    domain = Domain.objects.select_related("zone__primary__key").get()
    assert (domain.name, domain.ttl, domain.is_open) == (apex, 120, True)
    assert (domain.zone.name, domain.zone.primary.port) == (apex, primary.port)
    assert domain.zone.primary.key.secret == tsig_key.secret


def test_running_it_again_changes_nothing_but_what_is_given(committed_db, bind, fresh_zone, key_file, output):
    apex = fresh_zone(bind)
    add_domain(apex, bind, output, key_file=str(key_file), ttl=120)
    add_domain(apex, bind, output)
    add_domain(apex, bind, output, ttl=30)
    assert (Zone.objects.count(), TsigKey.objects.count(), Domain.objects.get().ttl) == (1, 1, 30)


def test_the_key_is_read_from_standard_input(committed_db, bind, fresh_zone, tsig_key, output, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO(str(tsig_key)))
    assert "an update works" in add_domain(fresh_zone(bind), bind, output, key_file="-")


def test_nameservers_in_the_zone_are_kept_from_customers(committed_db, primary, fresh_zone, key_file, output):
    """The zone has one already; it is the operator's, as verification knows too."""
    apex = fresh_zone(primary)
    given = answers(primary, apex, "NS").pop().removesuffix(".")
    update = by_hand(primary, apex)
    update.add("@", 60, "NS", f"Dns-7.{apex}.")
    update.add("dns-7", 60, "A", "192.0.2.53")
    update.add("@", 60, "NS", "ns.example.net.")
    send_by_hand(primary, update)
    said = add_domain(apex, primary, output, key_file=str(key_file))
    assert f"reserved, as nameservers of the zone: dns-7.{apex}, {given}\n" in said
    reserved = ReservedName.objects.filter(reason="nameserver of the zone")
    assert set(reserved.values_list("name", "until")) == {(f"dns-7.{apex}", None), (given, None)}


# --- What is in use is replaced only when told to ------------------------------------------------------------------


@pytest.fixture
def in_use(committed_db, bind, fresh_zone, key_file, output) -> str:
    """A domain that follows."""
    apex = fresh_zone(bind)
    add_domain(apex, bind, output, key_file=str(key_file))
    return apex


def rows() -> list[tuple]:
    keys = TsigKey.objects.order_by("pk").values_list("name", "sealed_secret")
    return [*keys, *Zone.objects.order_by("pk").values_list("name", "primary__host", "primary__port", "primary__key")]


def test_another_key_for_a_server_with_other_zones_is_refused(in_use, bind, fresh_zone, output, key_file, tsig_key):
    before = rows()
    for name in (tsig_key.name, "other"):
        key_file.write_text(f"{name}:{tsig_key.algorithm}:{LocalKey.generate().secret}")
        with pytest.raises(CommandError, match=f"{in_use} is updated at .* with another key.*--replace"):
            add_domain(fresh_zone(bind), bind, output, key_file=str(key_file))
    assert rows() == before


def test_a_key_of_the_same_name_at_another_server_is_refused(in_use, output, key_file, tsig_key, free_port):
    before = rows()
    key_file.write_text(f"{tsig_key.name}:{tsig_key.algorithm}:{LocalKey.generate().secret}")
    with pytest.raises(CommandError, match=f"{in_use} is updated at .* with another key.*--replace"):
        add_domain(APEX, f"127.0.0.1:{free_port}", output, key_file=str(key_file))
    assert rows() == before


def test_a_key_that_does_not_work_replaces_none(in_use, bind, fresh_zone, output, key_file, tsig_key):
    before = rows()
    key_file.write_text(f"{tsig_key.name}:{tsig_key.algorithm}:{LocalKey.generate().secret}")
    for apex, replace in ((in_use, False), (fresh_zone(bind), True)):
        with pytest.raises(CommandError, match=r"Nothing was changed here: .* does not accept the TSIG key"):
            add_domain(apex, bind, output, key_file=str(key_file), replace=replace)
    assert rows() == before


def test_a_mistyped_primary_of_a_zone_in_use_is_refused(in_use, output, free_port):
    before = rows()
    with pytest.raises(CommandError, match=f"{in_use} is updated at .*--replace"):
        add_domain(in_use, f"127.0.0.1:{free_port}", output)
    with pytest.raises(CommandError, match=r"Nothing was changed here: .* does not answer"):
        add_domain(in_use, f"127.0.0.1:{free_port}", output, replace=True)
    assert rows() == before


def test_a_zone_moves_to_another_primary_when_told_to(in_use, knot, output):
    """With the key that it has."""
    knot.add_zone(in_use)
    assert "an update works" in add_domain(in_use, knot, output, replace=True)
    zone = Zone.objects.get()
    outbox.publish(zone, {f"alice.{in_use}": a("192.0.2.1")})
    drain(zone)
    assert answers(knot, f"alice.{in_use}") == {"192.0.2.1"}


# --- The files --------------------------------------------------------------------------------------------------


def write_files(output: Path, port: int, *domains: str, **options) -> None:
    """Nobody listens yet: the operator configures the server with what is written now."""
    for domain in domains:
        with pytest.raises(CommandError, match="does not work yet"):
            add_domain(domain, f"127.0.0.1:{port}", output, **options)


def test_files_with_a_secret_are_for_their_owner_alone(committed_db, free_port, output):
    output.mkdir(mode=0o755)
    older = output / f"{APEX}.bind.conf"
    older.touch(mode=0o644)
    write_files(output, free_port, APEX)
    secret = TsigKey.objects.get().secret
    secretive = [path for path in output.iterdir() if secret in path.read_text()]
    assert len(secretive) == 2
    assert {path.stat().st_mode & 0o777 for path in secretive} == {0o600}


def test_the_secret_is_never_printed(committed_db, bind, fresh_zone, key_file, output, tsig_key, free_port):
    said = add_domain(fresh_zone(bind), bind, output, key_file=str(key_file))
    with pytest.raises(CommandError) as failure:
        add_domain(APEX, f"127.0.0.1:{free_port}", output)
    for key in TsigKey.objects.all():
        assert key.secret not in said + str(failure.value)


class BindOfAnOperator(Bind):
    """Includes the written files, whatever else it has."""

    included: tuple[Path, ...] = ()

    def _write(self, name: str, text: str) -> None:
        includes = "".join(f'include "{path}";\n' for path in self.included) if name == "named.conf" else ""
        super()._write(name, text + includes)


class KnotOfAnOperator(Knot):
    included: tuple[Path, ...] = ()

    def _write(self, name: str, text: str) -> None:
        includes = "".join(f"include: {path}\n" for path in self.included) if name == "knot.conf" else ""
        super()._write(name, text + includes)


def configure(server: BindOfAnOperator | KnotOfAnOperator, output: Path) -> None:
    """As the files say: the keys once and first, then the zones; zone files into the server's directory."""
    keys = sorted(output.glob(f"*.key.{server.name}.conf"))
    policies = sorted(output.glob(f"dnssec-policy.{server.name}.conf"))
    zones = sorted(set(output.glob(f"*.{server.name}.conf")) - {*keys, *policies})
    server.directory.mkdir(mode=0o700)
    for path in [*keys, *policies, *zones, *output.glob("*.zone")]:
        shutil.copy(path, server.directory)
        give(server.directory / path.name, server.user)
    server.included = tuple(server.directory / path.name for path in [*keys, *policies, *zones])


def assert_it_takes_updates(server: Server, output: Path, *domains: str) -> None:
    wait_for(lambda: serves(server.port, domains), timedelta(seconds=20), "the zones")
    for domain in domains:
        assert f"{domain}: an update works." in add_domain(domain, server, output)
        zone = Zone.objects.get(name=domain)
        outbox.publish(zone, {f"alice.{domain}": a("192.0.2.1")})
        drain(zone)
        assert answers(server, f"alice.{domain}") == {"192.0.2.1"}
        assert verify.compare(zone).differences == []


def test_bind_serves_two_domains_from_the_files(committed_db, servers, output, free_port):
    directory = servers.directory / f"operator-{secrets.token_hex(4)}"
    server = BindOfAnOperator(directory, key=LocalKey.generate("operator"), port=free_port)
    write_files(output, free_port, APEX, "other.example")
    configure(server, output)
    with server:
        check = [require("named-checkconf", "bind9"), "-z", directory / "named.conf"]
        checked = subprocess.run(check, cwd=directory, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert_it_takes_updates(server, output, APEX, "other.example")


def test_knot_serves_two_domains_from_the_files(committed_db, servers, output, free_port):
    directory = servers.directory / f"operator-{secrets.token_hex(4)}"
    server = KnotOfAnOperator(directory, zones=["operator.example"], key=LocalKey.generate("operator"), port=free_port)
    write_files(output, free_port, APEX, "other.example")
    configure(server, output)
    with server:
        check = [require("knotc", "knot"), "-c", directory / "knot.conf", "conf-check"]
        checked = subprocess.run(check, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert_it_takes_updates(server, output, APEX, "other.example")


@pytest.mark.parametrize("kind", [BindOfAnOperator, KnotOfAnOperator])
def test_a_server_signs_a_domain_from_the_files_beside_one_that_it_does_not(
    committed_db, servers, output, free_port, kind
):
    directory = servers.directory / f"operator-{secrets.token_hex(4)}"
    server = kind(directory, zones=["operator.example"], key=LocalKey.generate("operator"), port=free_port)
    write_files(output, free_port, APEX, signed=True)
    write_files(output, free_port, "other.example")
    configure(server, output)
    with server:
        wait_for(lambda: is_signed(server.port, APEX, Denial.NSEC), timedelta(seconds=20), "the signatures")
        assert_it_takes_updates(server, output, APEX, "other.example")
        zone, other = Zone.objects.order_by("name")
        assert (dnssec.is_signed(zone), dnssec.is_signed(other)) == (True, False)
        assert verdict_on(server, dnssec.keys(zone), f"alice.{APEX}") == "NOERROR valid"
        assert list((directory / "keys").iterdir())


# --- What is wrong is said --------------------------------------------------------------------------------------


def test_a_wrong_secret_is_told_from_everything_else(committed_db, primary, fresh_zone, tsig_key, key_file, output):
    key_file.write_text(f"{tsig_key.name}:{tsig_key.algorithm}:{LocalKey.generate().secret}")
    with pytest.raises(CommandError, match="does not accept the TSIG key") as failure:
        add_domain(fresh_zone(primary), primary, output, key_file=str(key_file))
    assert "Configure the nameserver with the files above" in str(failure.value)


def test_a_key_that_the_server_does_not_know_is_said(committed_db, primary, fresh_zone, output):
    with pytest.raises(CommandError, match="does not accept the TSIG key"):
        add_domain(fresh_zone(primary), primary, output)


def test_a_zone_that_the_server_does_not_serve_is_said(committed_db, primary, key_file, output):
    with pytest.raises(CommandError, match="does not serve the zone"):
        add_domain("missing.example", primary, output, key_file=str(key_file))


def test_clocks_that_differ_are_said(committed_db, primary, fresh_zone, key_file, output, monkeypatch):
    apex, now = fresh_zone(primary), time.time
    monkeypatch.setattr(time, "time", lambda: now() + 1000)
    with pytest.raises(CommandError, match=r"clocks .* differ"):
        add_domain(apex, primary, output, key_file=str(key_file))


def test_a_server_that_is_not_there_is_said_and_the_way_on(committed_db, free_port, output):
    with pytest.raises(CommandError, match="The nameserver does not answer") as failure:
        add_domain(APEX, f"127.0.0.1:{free_port}", output)
    assert failure.value.returncode == 1
    for path in output.iterdir():
        assert f"written: {path}" in str(failure.value)
    assert Domain.objects.get().name == APEX


@pytest.mark.parametrize(
    ("domain", "nameserver", "reason"),
    [
        ("no domain", "127.0.0.1", "Not a usable name"),
        (APEX, "127.0.0.1:0", "not a port"),
        (APEX, "127.0.0.1:65536", "not a port"),
        (APEX, "127.0.0.1:domain", "not a port"),
        (APEX, "127.0.0.1:", "not a port"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(committed_db, output, domain: str, nameserver: str, reason: str):
    with pytest.raises(CommandError, match=reason):
        add_domain(domain, nameserver, output)
    assert not Zone.objects.exists()
    assert not output.exists()


@pytest.mark.parametrize("text", ["", "publisher.example:hmac-sha256:no-base64!"])
def test_an_unusable_key_file_is_refused_without_showing_it(committed_db, output, key_file: Path, text: str):
    key_file.write_text(text)
    with pytest.raises(CommandError, match="TSIG key is not usable") as failure:
        add_domain(APEX, "127.0.0.1", output, key_file=str(key_file))
    assert "no-base64" not in str(failure.value)


def test_a_missing_key_file_is_named(committed_db, output, tmp_path):
    with pytest.raises(CommandError, match="nowhere"):
        add_domain(APEX, "127.0.0.1", output, key_file=str(tmp_path / "nowhere"))


@pytest.mark.parametrize("option", [-1, 0, 86401])
def test_a_ttl_out_of_range_is_refused(committed_db, bind, fresh_zone, key_file, output, option: int):
    with pytest.raises(CommandError):
        add_domain(fresh_zone(bind), bind, output, key_file=str(key_file), ttl=option)


# --- What makes withdrawals bite late --------------------------------------------------------------------------


def test_unsafe_settings_are_a_warning_and_no_failure(committed_db, bind, fresh_zone, key_file, output):
    apex = fresh_zone(bind)
    update = by_hand(bind, apex)
    update.replace("@", 60, "SOA", f"ns.{apex}. hostmaster.{apex}. 1000 3600 600 1209600 86400")
    send_by_hand(bind, update)
    said = add_domain(apex, bind, output, key_file=str(key_file), ttl=3600)
    assert f"warning: The SOA minimum of {apex} is 86400" in said
    assert "warning: The domain's TTL is 3600" in said
    assert f"{apex}: an update works." in said


def test_safe_settings_are_not_warned_of(committed_db, primary, fresh_zone, key_file, output):
    assert "warning" not in add_domain(fresh_zone(primary), primary, output, key_file=str(key_file))
