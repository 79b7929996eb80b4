"""Another key for a nameserver, while updates go on: every one of them is in DNS, by the old key or by the new."""

import secrets
import threading
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from itertools import count
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from deploy.local.bind import Bind
from deploy.local.deadline import wait_for
from deploy.local.knot import Knot
from deploy.local.server import Server
from deploy.local.tsig import TsigKey as LocalKey
from dnsupdate import key_rotations, outbox, tsig_keys, zones
from dnsupdate.errors import RotationRefused
from dnsupdate.models import Nameserver, TsigKey, Zone
from tests.dnsupdate.real_zones import a, answers, dirty_names, drain, drain_now, zone_row
from tests.left_out import require

SOON = timedelta(seconds=20)


@pytest.fixture(params=[Bind, Knot], ids=["bind", "knot"])
def rotated(request, servers):
    """A server of the test's own, whose keys may change."""
    require("named" if request.param is Bind else "knotd", request.param.name)
    directory = servers.directory / f"rotated-{secrets.token_hex(4)}"
    with request.param(directory, zones=["one.test", "two.test"], key=LocalKey.generate("publisher")) as server:
        yield server


@pytest.fixture
def rows(committed_db, rotated) -> list[Zone]:
    return [zone_row(rotated, apex) for apex in rotated.zones]


def rotate(server: Server, output: Path, **options) -> str:
    out = StringIO()
    call_command("rotate_key", f"{server.host}:{server.port}", output=str(output), stdout=out, no_color=True, **options)
    return out.getvalue()


def offered() -> LocalKey:
    key = Nameserver.objects.select_related("next_key").get().next_key
    return LocalKey(key.name, key.algorithm, key.secret)


@contextmanager
def updates_going_on(zone: Zone):
    """Somebody publishes and a worker drains, all the while; gives what was accepted, by name."""
    accepted: dict[str, str] = {}
    stop = threading.Event()
    failures: list[BaseException] = []

    def go_on() -> None:
        try:
            for number in count():
                if stop.is_set():
                    return
                name, address = f"n{number % 50}.{zone}", f"192.0.2.{number % 250 + 1}"
                outbox.publish(zone, {name: a(address)})
                accepted[name] = address
                drain_now(Zone.objects.get(pk=zone.pk))
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        wait_for(lambda: len(accepted) > 5 or failures, SOON, "the first updates")
        yield accepted
        # Some of them by what holds now.
        for _ in range(2):
            done = len(accepted), *accepted.values()
            wait_for(lambda done=done: (len(accepted), *accepted.values()) != done or failures, SOON, "more updates")
    finally:
        stop.set()
        thread.join()
    assert not failures, failures


def test_a_key_is_rotated_while_updates_go_on_and_none_is_lost(rows, rotated, tmp_path):
    zone = rows[0]
    old = rotated.key
    with updates_going_on(zone) as accepted:
        assert "Step 1 of 3" in rotate(rotated, tmp_path)
        new = offered()
        rotated.accept_key(new)
        assert "Step 2 of 3" in rotate(rotated, tmp_path)
        rotated.refuse_key(old)
        assert "Step 3 of 3" in rotate(rotated, tmp_path)
    wait_for(lambda: not dirty_names(drain_now(zone)), SOON, "what waits")
    assert {name: answers(rotated, name) for name in accepted} == {name: {to} for name, to in accepted.items()}
    assert [key.name for key in TsigKey.objects.all()] == [new.name]
    assert (old.name, new.name) == ("publisher", "publisher-2")


def test_the_written_files_tell_the_server_of_the_new_key_alone_and_are_private(rows, rotated, tmp_path):
    said = rotate(rotated, tmp_path)
    key = TsigKey.objects.get(name="publisher-2")
    files = list(tmp_path.iterdir())
    assert {path.name for path in files} == {"publisher-2.key.bind.conf", "publisher-2.key.knot.conf"}
    assert all(key.secret in path.read_text() and path.stat().st_mode & 0o777 == 0o600 for path in files)
    assert rotated.key.secret not in "".join(path.read_text() for path in files)
    assert key.secret not in said


def test_nothing_is_switched_before_the_server_takes_the_key_for_every_zone(rows, rotated, tmp_path):
    rotate(rotated, tmp_path)
    with pytest.raises(CommandError, match=r"nothing was switched(.|\n)*one\.test: .*TSIG key(.|\n)*Step 1 of 3"):
        rotate(rotated, tmp_path)
    rotated.accept_key(offered())
    # Served nowhere: one zone that does not work is enough.
    missing = zone_row(rotated, "missing.test")
    with pytest.raises(CommandError, match=r"missing\.test: .*does not serve the zone"):
        rotate(rotated, tmp_path)
    assert Nameserver.objects.select_related("key").get().key.name == "publisher"
    zones.retire(missing)
    zones.freeze(rows[1], reason="somebody edits it")
    said = rotate(rotated, tmp_path)
    assert "Step 2 of 3" in said
    assert "frozen: two.test" in said


def test_the_old_key_is_kept_until_the_server_refuses_it(rows, rotated, tmp_path):
    rotate(rotated, tmp_path)
    rotated.accept_key(offered())
    rotate(rotated, tmp_path)
    with pytest.raises(CommandError, match="still takes publisher"):
        rotate(rotated, tmp_path)
    rotated.freeze()
    try:
        with pytest.raises(CommandError, match="still takes publisher, or does not answer"):
            rotate(rotated, tmp_path)
    finally:
        rotated.thaw()
    assert TsigKey.objects.count() == 2


def test_a_key_made_elsewhere_is_switched_to_at_once_and_known_when_it_comes_again(rows, rotated, tmp_path):
    """As in the provider set-up, where both keys stand in .env before the first run."""
    new, file, old = LocalKey.generate("publisher-b"), tmp_path / "key", rotated.key
    file.write_text(str(new))
    rotated.accept_key(new)
    assert "Step 2 of 3" in rotate(rotated, tmp_path, key_file=str(file))
    rotated.refuse_key(old)
    assert "Step 3 of 3" in rotate(rotated, tmp_path, key_file=str(file))
    assert "updated with publisher-b already" in rotate(rotated, tmp_path, key_file=str(file))
    outbox.publish(rows[0], {"alice.one.test": a("192.0.2.1")})
    drain(rows[0])
    assert answers(rotated, "alice.one.test") == {"192.0.2.1"}


# --- What cannot be, without a server -----------------------------------------------------------------------------


@pytest.fixture
def server(db) -> Nameserver:
    key = tsig_keys.generate("publisher")
    return zones.add("ddns.example", host="192.0.2.53", port=53, key=key).primary


def test_a_new_key_has_another_name(server):
    with pytest.raises(RotationRefused, match="another name"):
        key_rotations.offer(server, key=tsig_keys.generate("publisher"))


def test_a_key_of_another_server_is_not_overwritten(server):
    other = zones.add("other.example", host="192.0.2.54", port=53, key=tsig_keys.generate("elsewhere")).primary
    with pytest.raises(RotationRefused, match="another key elsewhere"):
        key_rotations.offer(server, key=tsig_keys.generate("elsewhere"))
    assert TsigKey.objects.get(name="elsewhere") == other.key


def test_offering_again_gives_the_same_key(server):
    assert key_rotations.offer(server).is_same_as(key_rotations.offer(server))


def test_names_go_on_counting(server):
    server.key.name = "publisher-9"
    server.key.save()
    assert key_rotations.offer(server).name == "publisher-10"


def test_nothing_is_switched_that_was_not_offered(server):
    with pytest.raises(RotationRefused, match="no key was offered"):
        key_rotations.switch(server)


def test_a_server_that_is_only_asked_has_no_key_to_rotate(server):
    secondary = Nameserver.objects.create(name="ns2", host="198.51.100.53")
    with pytest.raises(CommandError, match="has no key"):
        call_command("rotate_key", "ns2")
    assert secondary.key is None


def test_an_unknown_server_is_named(server):
    with pytest.raises(CommandError, match="no nameserver 198"):
        call_command("rotate_key", "198.51.100.53")
