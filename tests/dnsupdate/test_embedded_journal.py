"""The file of an embedded zone: what was acknowledged is in it, whatever happens to its end."""

import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsupdate.embedded import journal as journal_module
from dnsupdate.embedded.catalog import new_zone, open_zone
from dnsupdate.embedded.errors import DamagedZoneError
from dnsupdate.embedded.journal import Journal
from dnsupdate.serving import names
from dnsupdate.serving.zone import Change, RRset

APEX = names.from_text("dyn.example")

owners = st.lists(st.binary(min_size=1, max_size=63), max_size=3).map(
    lambda labels: b"".join(bytes([len(label)]) + label for label in labels) + APEX
)
rrsets = st.builds(RRset.of, st.integers(0, 2**31 - 1), st.lists(st.binary(max_size=40), min_size=1, max_size=5))
changes = st.builds(Change, owners, st.integers(1, 65535), st.none() | rrsets)


@given(st.lists(changes, max_size=10))
def test_record_gives_back_what_was_put_in(batch):
    record = journal_module._record(batch)
    payload = journal_module._payload_at(record, 0)

    assert list(journal_module._decode(payload[8:])) == batch


def address(number: int) -> Change:
    owner = f"\x04h{number:03}".encode() + APEX
    return Change(owner, dns.rdatatype.A, RRset(60, (bytes([192, 0, 2, number]),)))


@pytest.fixture
def path(tmp_path):
    """A zone file with its snapshot and three changes behind it."""
    path = tmp_path / "dyn.example.zone"
    journal = Journal(path)
    journal.rewrite(new_zone(APEX, 1).content())
    for number in (1, 2, 3):
        journal.append([address(number)])
    journal.close()
    return path


def present(path) -> list[int]:
    served = open_zone(path, APEX)
    served.journal.close()
    return [number for number in (1, 2, 3) if served.zone.rrset(address(number).owner, dns.rdatatype.A)]


def test_file_cut_anywhere_in_its_last_record_keeps_the_others(path):
    whole = path.read_bytes()
    record_size = len(journal_module._record([address(3)]))
    for cut in range(1, record_size + 1):
        path.write_bytes(whole[:-cut])

        assert present(path) == [1, 2]


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\xff" * 7, b"\xff" * 64, b"\0" * 3])
def test_rubbish_behind_the_last_record_is_set_aside(path, tail):
    path.write_bytes(path.read_bytes() + tail)

    assert present(path) == [1, 2, 3]
    assert path.with_suffix(".torn").read_bytes() == tail


def test_wrong_checksum_in_the_last_record_drops_it(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    assert present(path) == [1, 2]


def test_damage_before_the_last_record_is_not_taken_for_a_torn_end(path):
    content = bytearray(path.read_bytes())
    content[-len(journal_module._record([address(3)])) - 1] ^= 1
    path.write_bytes(content)

    with pytest.raises(DamagedZoneError, match="damaged at octet"):
        open_zone(path, APEX)

    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"$ORIGIN dyn.example.\n", journal_module.MAGIC])
def test_file_without_a_snapshot_is_no_zone(path, content):
    path.write_bytes(content)

    with pytest.raises(DamagedZoneError):
        open_zone(path, APEX)


def test_file_of_another_zone_is_no_zone(path):
    with pytest.raises(DamagedZoneError, match="another zone"):
        open_zone(path, names.from_text("example.test"))


def test_opening_compacts_to_a_snapshot_alone(path):
    before = path.stat().st_size

    assert present(path) == [1, 2, 3]

    assert path.stat().st_size < before
    assert present(path) == [1, 2, 3]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_deleted_rrset_stays_deleted(path):
    journal = open_zone(path, APEX).journal
    journal.append([address(2)._replace(rrset=None)])
    journal.close()

    assert present(path) == [1, 3]


def test_file_is_readable_by_its_owner_alone(path):
    assert path.stat().st_mode & 0o077 == 0
