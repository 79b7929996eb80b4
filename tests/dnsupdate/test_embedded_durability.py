"""The embedded nameserver stopped, killed and short of disk: what it acknowledged is there."""

import errno
import os
import resource
import threading

import dns.exception
import dns.query
import dns.rcode
import pytest

from dnsupdate.embedded import journal as journal_module

from .embedded_server import APEX, DEADLINE_SECONDS, ask, files, handler, new_update, running, texts, wait_until  # noqa: F401


def update_of(number: int):
    update = new_update()
    update.replace(f"h{number}", 60, "A", f"192.0.2.{number % 256}")
    update.replace(f"h{number}", 60, "TXT", f'"number {number}"')
    return update


def is_there(nameserver, number: int) -> bool:
    return nameserver.texts(f"h{number}.{APEX}", "TXT") == {f'"number {number}"'}


def test_restart_keeps_zones_and_serials(files):  # noqa: F811
    with running(files) as nameserver:
        for number in range(20):
            nameserver.tcp(update_of(number))
        serial = nameserver.serial()

    with running(files) as nameserver:
        assert nameserver.serial() == serial
        assert all(is_there(nameserver, number) for number in range(20))


@pytest.mark.parametrize("acknowledged_count", [1, 40, 200])
def test_killed_server_has_every_acknowledged_update(files, acknowledged_count):  # noqa: F811
    acknowledged = []
    with running(files) as nameserver:
        sender = threading.Thread(target=_send_until_killed, args=(nameserver, acknowledged))
        sender.start()
        wait_until(lambda: len(acknowledged) >= acknowledged_count, "no updates acknowledged")
        nameserver.kill()
        sender.join(DEADLINE_SECONDS)

    with running(files) as nameserver:
        assert [number for number in acknowledged if not is_there(nameserver, number)] == []
        last = acknowledged[-1]
        unacknowledged = [number for number in (last + 1, last + 2) if is_there(nameserver, number)]
        assert unacknowledged in ([], [last + 1]), "at most the one that was on its way"


def _send_until_killed(nameserver, acknowledged: list[int]) -> None:
    number = 0
    while True:
        try:
            response = nameserver.tcp(update_of(number))
        except (OSError, EOFError, dns.exception.DNSException):
            return
        assert response.rcode() == dns.rcode.NOERROR
        acknowledged.append(number)
        number += 1


def test_killed_again_and_again_loses_nothing(files):  # noqa: F811
    for number in range(5):
        with running(files) as nameserver:
            assert all(is_there(nameserver, earlier) for earlier in range(number))
            nameserver.tcp(update_of(number))
            nameserver.kill()


def test_full_disk_is_servfail_and_loses_nothing(files):  # noqa: F811
    """A limit on the size of files stops a write in its middle, as a full disk does."""

    def limit_file_size():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    with running(files, preexec_fn=limit_file_size) as nameserver:
        rcodes = [nameserver.tcp(update_of(number)).rcode() for number in range(40)]
        stored = rcodes.index(dns.rcode.SERVFAIL)
        assert stored > 3
        assert not is_there(nameserver, stored)
        assert is_there(nameserver, stored - 1)
        serial = nameserver.serial()
        nameserver.kill()

    with running(files) as nameserver:
        assert nameserver.serial() == serial
        assert [is_there(nameserver, number) for number in range(stored + 1)] == [True] * stored + [False]
        assert nameserver.tcp(update_of(stored)).rcode() == dns.rcode.NOERROR


def test_update_that_cannot_be_synced_is_servfail_and_undone(handler, files, monkeypatch):  # noqa: F811
    """The sync comes before the answer: a disk that fails it cannot be had otherwise than by pretending."""
    ask(handler, update_of(1))
    content = (files.data / f"{APEX}.zone").read_bytes()

    def fail(fd):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        assert ask(handler, update_of(2)).rcode() == dns.rcode.SERVFAIL

    assert ask(handler, dns.message.make_query(f"h2.{APEX}", "A")).rcode() == dns.rcode.NXDOMAIN
    assert (files.data / f"{APEX}.zone").read_bytes() == content
    assert ask(handler, update_of(2)).rcode() == dns.rcode.NOERROR


def test_zone_is_served_even_if_there_is_no_room_to_compact_it(files):  # noqa: F811
    with running(files) as nameserver:
        for number in range(20):
            nameserver.tcp(update_of(number))

    def limit_file_size():
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))

    with running(files, preexec_fn=limit_file_size) as nameserver:
        assert all(is_there(nameserver, number) for number in range(20))
        assert nameserver.tcp(update_of(20)).rcode() == dns.rcode.SERVFAIL

    with running(files) as nameserver:
        assert nameserver.tcp(update_of(20)).rcode() == dns.rcode.NOERROR


def test_large_journal_is_compacted_while_running(files, monkeypatch):  # noqa: F811
    monkeypatch.setattr(journal_module, "MIN_COMPACTION_SIZE", 4 * journal_module.KIB)
    handler = files.handler()  # noqa: F811
    zone_file = files.data / f"{APEX}.zone"

    for number in range(300):
        update = new_update()
        update.replace("alice", 60, "TXT", str(number))
        assert ask(handler, update).rcode() == dns.rcode.NOERROR

    assert zone_file.stat().st_size < 5 * journal_module.KIB
    handler.catalog.close()
    reopened = files.handler()
    assert texts(ask(reopened, dns.message.make_query(f"alice.{APEX}", "TXT"))) == {'"299"'}
    reopened.catalog.close()


def test_unfinished_compaction_leaves_the_zone_as_it_was(files):  # noqa: F811
    with running(files) as nameserver:
        nameserver.tcp(update_of(1))
        nameserver.kill()
    (files.data / f"{APEX}.new").write_bytes(b"half a snapshot")

    with running(files) as nameserver:
        assert is_there(nameserver, 1)


def test_damaged_zone_is_not_served_but_the_others_are(files):  # noqa: F811
    files.write_zones(APEX, "example.test")
    with running(files) as nameserver:
        nameserver.tcp(update_of(1))
    zone_file = files.data / f"{APEX}.zone"
    content = bytearray(zone_file.read_bytes())
    content[40] ^= 1
    zone_file.write_bytes(content)

    with running(files) as nameserver:
        refused = nameserver.tcp(dns.message.make_query(APEX, "SOA"))
        assert refused.rcode() == dns.rcode.REFUSED
        assert nameserver.serial("example.test")
        assert nameserver.tcp(update_of(2)).rcode() == dns.rcode.NOTAUTH
    assert "is damaged" in nameserver.log.read_text()
    assert zone_file.read_bytes() == content


def test_data_directory_serves_one_process_at_a_time(files):  # noqa: F811
    with running(files), pytest.raises(pytest.fail.Exception, match="in use by another"), running(files):
        pass
