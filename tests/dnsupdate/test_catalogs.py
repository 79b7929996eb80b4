"""Catalogs in the rows: who stands in them, under which id, in which order they are written."""

import pytest
from django.core.management import CommandError, call_command

from dnsupdate import catalogs, memberships, outbox, tsig_keys, verify, zones
from dnsupdate.errors import CatalogRefused, InvalidName, ReplacementRefused, ZoneInUse, ZoneLifeRefused
from dnsupdate.models import PendingPublication, Publication, TsigKey, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.verify import Difference, Kind
from tests.dnsupdate.real_zones import drain

HOST = {"host": "192.0.2.53", "port": 53}


@pytest.fixture
def key(db) -> TsigKey:
    return tsig_keys.generate("publisher")


@pytest.fixture
def catalog(key) -> Zone:
    return catalogs.establish("catalog.test", **HOST, key=key)


def members(catalog: Zone) -> dict[str, list[str]]:
    """What the catalog shall say, by the names in it."""
    rows = Publication.objects.answering().filter(zone=catalog)
    return {row.name: [text for rrset in row.rrsets.values() for text in rrset["rdata"]] for row in rows}


def test_a_member_is_a_pointer_to_the_zone_beside_the_version(catalog, key):
    zone = zones.add("ddns.example", **HOST, key=key)
    said = members(catalog)
    assert said.pop("version.catalog.test") == ['"2"']
    assert said == {zone.membership.name: ["ddns.example."]}
    assert zone.membership.name.removesuffix(".zones.catalog.test").isalnum()


def test_a_member_keeps_its_id_as_long_as_it_stays_and_gets_another_when_it_comes_back(catalog, key):
    first = zones.add("ddns.example", **HOST, key=key)
    assert zones.add("ddns.example", **HOST, key=key).membership == first.membership
    catalogs.fill(catalog)
    assert zones.add("ddns.example", **HOST, key=key).membership == first.membership
    assert zones.retire(first).membership is None
    assert list(members(catalog)) == ["version.catalog.test"]
    assert zones.add("ddns.example", **HOST, key=key).membership != first.membership
    assert len(members(catalog)) == 2


def test_zones_that_are_there_enter_a_new_catalog_and_retired_ones_do_not(key):
    zones.add("ddns.example", **HOST, key=key)
    zones.retire(zones.add("old.example", **HOST, key=key))
    zones.add("elsewhere.example", host="192.0.2.54", port=53, key=key)
    catalog = catalogs.establish("catalog.test", **HOST, key=key)
    assert set(memberships.of(catalog)) == {"ddns.example"}


def test_a_zone_that_moves_to_another_primary_leaves_the_catalog_of_the_first(catalog, key):
    zones.add("ddns.example", **HOST, key=key)
    other = catalogs.establish("other.test", host="192.0.2.54", port=53, key=key)
    zones.add("ddns.example", host="192.0.2.54", port=53, key=key, replace=True)
    assert (set(memberships.of(catalog)), set(memberships.of(other))) == (set(), {"ddns.example"})
    assert list(members(catalog)) == ["version.catalog.test"]


def test_a_new_zone_has_the_secondaries_that_follow_the_catalog(catalog, key):
    call_command("add_secondary", "198.51.100.53", "--name", "ns2", "--zone", "catalog.test", verbosity=0)
    assert [each.name for each in zones.add("ddns.example", **HOST, key=key).secondaries.all()] == ["ns2"]


def test_the_version_is_queued_after_every_member(committed_db, key):
    """Consumers leave a catalog without it alone, and would drop what is not named yet."""
    catalog = catalogs.establish("catalog.test", **HOST, key=key)
    for number in range(3):
        zones.add(f"z{number}.example", **HOST, key=key)
    PendingPublication.objects.all().delete()
    Publication.objects.update(published_revision=0)
    catalogs.fill(catalog)
    queued = PendingPublication.objects.filter(zone=catalog).order_by("-urgency", "queued_at")
    names = [each.publication.name for each in queued.select_related("publication")]
    assert (len(names), names[-1]) == (4, "version.catalog.test")
    assert queued.last().queued_at > queued[2].queued_at


def order_of(catalog: Zone) -> list[str]:
    queued = PendingPublication.objects.filter(zone=catalog).order_by("-urgency", "queued_at", "publication")
    return list(queued.values_list("publication__name", flat=True))


def test_the_version_is_queued_after_more_members_than_a_chunk(committed_db, key, monkeypatch: pytest.MonkeyPatch):
    catalog = catalogs.establish("catalog.test", **HOST, key=key)
    for number in range(3):
        zones.add(f"z{number}.example", **HOST, key=key)
    PendingPublication.objects.all().delete()
    monkeypatch.setattr(outbox, "CHUNK", 2)
    catalogs.fill(catalog)
    assert (len(order_of(catalog)), order_of(catalog)[-1]) == (4, "version.catalog.test")


@pytest.mark.parametrize("urgency", Urgency)
def test_a_version_that_waits_already_goes_behind_the_members(committed_db, key, urgency: Urgency):
    catalog = catalogs.establish("catalog.test", **HOST, key=key)
    PendingPublication.objects.update(urgency=urgency)
    zones.add("ddns.example", **HOST, key=key)
    catalogs.fill(catalog)
    assert (len(order_of(catalog)), order_of(catalog)[-1]) == (2, "version.catalog.test")


def test_a_member_that_was_withdrawn_and_is_back_is_withdrawn_again(committed_db, key):
    """By a primary that was restored from an old copy."""
    catalog = catalogs.establish("catalog.test", **HOST, key=key)
    zones.add("ddns.example", **HOST, key=key)
    retired = zones.add("retired.example", **HOST, key=key)
    name = retired.membership.name
    zones.retire(retired)
    PendingPublication.objects.all().delete()
    verify.repair(catalog, [Difference(name, Kind.NOT_WITHDRAWN)])
    assert (len(order_of(catalog)), order_of(catalog)[0]) == (3, name)
    assert Publication.objects.get(name=name).rrsets == {}


def test_a_member_whose_zone_has_gone_is_withdrawn_when_the_catalog_is_filled(catalog):
    outbox.publish(catalog, {"0.zones.catalog.test": {"PTR": {"ttl": 0, "rdata": ["gone.example."]}}})
    catalogs.fill(catalog)
    assert list(members(catalog)) == ["version.catalog.test"]


def test_a_primary_has_one_catalog(catalog, key):
    with pytest.raises(CatalogRefused, match=r"has one already, catalog\.test"):
        catalogs.establish("other.test", **HOST, key=key)
    assert Zone.objects.get() == catalog
    assert catalogs.establish("catalog.test", **HOST, key=key) == catalog


def test_a_name_is_a_catalog_or_a_zone_of_names(catalog, key):
    zones.add("ddns.example", **HOST, key=key)
    with pytest.raises(ZoneLifeRefused, match=r"catalog\.test is there for catalog"):
        zones.add("catalog.test", **HOST, key=key)
    with pytest.raises(ZoneLifeRefused, match=r"ddns\.example is there for names"):
        catalogs.establish("ddns.example", host="192.0.2.54", port=53, key=key, replace=True)
    with pytest.raises(InvalidName):
        catalogs.establish("no catalog", **HOST, key=key)


def test_another_key_for_the_primary_is_refused(catalog):
    with pytest.raises(ReplacementRefused):
        zones.add("ddns.example", **HOST, key=tsig_keys.generate("another"))
    assert list(members(catalog)) == ["version.catalog.test"]


def test_a_catalog_with_members_is_not_retired(catalog, key):
    zone = zones.add("ddns.example", **HOST, key=key)
    with pytest.raises(ZoneInUse, match=r"catalog of ddns\.example"):
        zones.retire(catalog, even_in_use=True)
    zones.retire(zone)
    assert zones.retire(catalog).is_retired
    assert zones.add("ddns.example", **HOST, key=key).membership is None


def test_no_zone_enters_a_frozen_catalog(catalog, key):
    zones.freeze(catalog, reason="being moved")
    with pytest.raises(ZoneLifeRefused, match=r"catalog\.test.* is frozen"):
        zones.add("ddns.example", **HOST, key=key)
    assert not Zone.objects.of_names().exists()


# --- add_catalog --------------------------------------------------------------------------------------------------


def add_catalog(server, *options: str) -> None:
    call_command("add_catalog", "ddns.test", "--nameserver", f"{server.host}:{server.port}", *options, verbosity=0)


def test_a_catalog_is_set_up_where_the_primary_takes_updates_of_it(committed_db, primary, tmp_path):
    """Any zone that it serves will do: a catalog is what its records make it."""
    file = tmp_path / "key"
    file.write_text(str(primary.key))
    add_catalog(primary, "--key-file", str(file))
    catalog = Zone.objects.get()
    assert catalog.is_catalog
    drain(catalog)
    assert not PendingPublication.objects.exists()
    add_catalog(primary)


def test_what_the_primary_must_be_told_is_said_before_anything_is_stored(committed_db, bind, tmp_path):
    file = tmp_path / "key"
    file.write_text(str(bind.key))
    address = f"{bind.host}:{bind.port}"
    with pytest.raises(CommandError, match=r'does not serve the zone(.|\n)*zone "missing\.test"(.|\n)*update-policy'):
        call_command("add_catalog", "missing.test", "--nameserver", address, "--key-file", str(file))
    with pytest.raises(CommandError, match="--key-file"):
        call_command("add_catalog", "missing.test", "--nameserver", address)
    assert not Zone.objects.exists()
