"""Signed zones as their primary says: keys, DS records for the registry, and whether the parent has them."""

import secrets
from io import StringIO

import dns.dnssec
import dns.update
import pytest
from django.core.management import CommandError, call_command

from deploy.local.bind import Bind
from deploy.local.server import Server
from deploy.local.signing import Denial
from dnsupdate import dnssec
from dnsupdate.errors import KeyRefused, ServerFailed, Unreachable, ZoneMissing
from dnsupdate.models import Nameserver, Zone
from tests.dnsupdate.real_zones import by_hand, key_row, send_by_hand, zone_row

pytestmark = pytest.mark.servers


@pytest.fixture(params=["bind", "knot"])
def primary(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)


@pytest.fixture
def parent() -> str:
    return f"p{secrets.token_hex(4)}.test"


@pytest.fixture
def signed_zone(committed_db, primary, parent) -> Zone:
    apex = f"ddns.{parent}"
    primary.add_zone(apex, Denial.NSEC)
    return zone_row(primary, apex)


def show_ds(zone: Zone | str, **options) -> str:
    out = StringIO()
    call_command("show_ds", str(zone), stdout=out, stderr=out, no_color=True, **options)
    return out.getvalue()


def delegate(server: Server, zone: Zone, *ds: str) -> str:
    """At a server of the parent, with these DS records; its address."""
    update = by_hand(server, zone.name.partition(".")[2])
    update.replace(f"{zone}.", 60, "NS", f"ns.{zone}.")
    update.delete(f"{zone}.", "DS")
    for each in ds:
        update.add(f"{zone}.", 60, "DS", each)
    send_by_hand(server, update)
    return f"{server.host}:{server.port}"


def test_a_zone_is_signed_when_its_primary_has_keys(primary: Server, signed_zone: Zone, fresh_zone):
    assert dnssec.is_signed(signed_zone)
    assert dnssec.keys(signed_zone).apex.to_text() == f"{signed_zone}."
    plain = zone_row(primary, fresh_zone(primary))
    assert not dnssec.is_signed(plain)
    assert dnssec.keys(plain) is None
    assert dnssec.ds_records(plain) == []


def test_the_ds_record_fits_the_key_that_the_primary_signs_with(signed_zone: Zone):
    """Knot publishes a CDS record at once, BIND when the key is old enough: both ways give the same."""
    keys = dnssec.keys(signed_zone)
    (ds,) = dnssec.ds_records(signed_zone)
    assert ds == dns.dnssec.make_ds(keys.apex, keys.rrset[0], "SHA256")
    assert ds.digest_type == 2


def test_what_the_primary_asks_of_the_parent_is_what_is_shown(bind: Bind, committed_db, parent: str):
    """CDS (RFC 7344): around a change of keys it names the key that the parent shall have, not only the one that signs."""
    bind.add_zone(f"ddns.{parent}", Denial.NSEC)
    zone = zone_row(bind, f"ddns.{parent}")
    (own,) = dnssec.ds_records(zone)
    coming = own.replace(key_tag=own.key_tag ^ 1, digest=bytes(31) + b"\x01")
    for cds, shown in (([own, coming], {own, coming}), ([coming], {coming}), (["0 0 0 00"], set())):
        update = by_hand(bind, zone.name)
        update.delete(f"{zone}.", "CDS")
        for each in cds:
            update.add(f"{zone}.", 60, "CDS", str(each))
        send_by_hand(bind, update)
        assert set(dnssec.ds_records(zone)) == shown


def test_the_parent_has_the_ds_record_or_not_or_another(bind: Bind, signed_zone: Zone, parent: str):
    if parent not in bind.zones:
        bind.add_zone(parent)
    (ds,) = dnssec.ds_records(signed_zone)
    other = ds.replace(digest=bytes(32))

    address = delegate(bind, signed_zone)
    with pytest.raises(CommandError, match=f"The parent does not have: {ds}"):
        show_ds(signed_zone, parent=address)
    delegate(bind, signed_zone, str(ds))
    assert f"{signed_zone}. IN DS {ds}\nThe parent has them.\n" == show_ds(signed_zone, parent=address)
    delegate(bind, signed_zone, str(ds), str(other))
    assert f"The parent has another: {other}" in show_ds(signed_zone, parent=address)
    delegate(bind, signed_zone, str(other))
    with pytest.raises(CommandError, match="Nobody who validates gets an answer"):
        show_ds(signed_zone, parent=address)


def test_an_unsigned_zone_whose_parent_has_a_ds_record_is_dark(bind: Bind, committed_db, parent: str):
    bind.add_zone(parent)
    bind.add_zone(f"ddns.{parent}")
    zone = zone_row(bind, f"ddns.{parent}")
    address = delegate(bind, zone)
    assert "must have no DS record.\nThe parent has none." in show_ds(zone, parent=address)
    delegate(bind, zone, f"12345 13 2 {'0' * 63}1")
    with pytest.raises(CommandError, match="Nobody who validates gets an answer"):
        show_ds(zone, parent=address)


def test_a_server_that_is_not_the_parents_is_not_taken_for_it(primary: Server, knot: Server, signed_zone: Zone, parent):
    """The zone's own server says with authority that there is no DS record."""
    with pytest.raises(ServerFailed, match="does not serve the parent"):
        dnssec.ds_at_parent(signed_zone, host=primary.host, port=primary.port)


def test_a_parents_server_that_is_not_there_is_said(signed_zone: Zone, free_port: int):
    with pytest.raises(CommandError, match="does not answer"):
        show_ds(signed_zone, parent=f"127.0.0.1:{free_port}")
    with pytest.raises(CommandError, match="is not a port"):
        show_ds(signed_zone, parent="127.0.0.1:none")


def test_what_is_wrong_at_the_primary_is_said(primary: Server, committed_db, free_port: int):
    apex = f"p{secrets.token_hex(4)}.test"
    primary.add_zone(apex, Denial.NSEC)
    zone = zone_row(primary, apex)

    Nameserver.objects.update(port=free_port)
    with pytest.raises(Unreachable):
        dnssec.is_signed(Zone.objects.get())
    Nameserver.objects.update(port=primary.port)
    missing = zone_row(primary, f"p{secrets.token_hex(4)}.test")
    with pytest.raises(ZoneMissing):
        dnssec.is_signed(missing)
    key = zone.primary.key
    key.secret = key_row(primary, secret="b3RoZXI=").secret
    key.save()
    with pytest.raises(KeyRefused):
        dnssec.keys(Zone.objects.get(name=apex))


@pytest.mark.parametrize(
    ("name", "reason"), [("nowhere.example", "There is no zone"), ("not a name", "Not a usable name")]
)
def test_show_ds_names_a_zone_that_is_none(committed_db, name: str, reason: str):
    with pytest.raises(CommandError, match=reason):
        show_ds(name)
