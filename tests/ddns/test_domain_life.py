"""Domains added and retired at run time, by the commands alone: nothing is done at a nameserver by hand."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from ddns import domains, hostnames
from ddns.errors import DomainInUse, NameUnavailable
from ddns.models import Domain, Hostname, User
from deploy.local.deadline import wait_for
from deploy.local.zones import serial
from dnsupdate import zones
from dnsupdate.models import Publication, Zone
from tests.dnsupdate.estate import CATALOG, SOON
from tests.dnsupdate.real_zones import drain, drain_now, key_row


def run(command: str, *arguments: str, **options) -> str:
    """What it prints; where it fails, that and the error, in a CommandError."""
    out = StringIO()
    try:
        call_command(command, *arguments, stdout=out, no_color=True, **options)
    except CommandError as error:
        raise CommandError(f"{out.getvalue()}{error}") from error
    return out.getvalue()


def add_domain(estate, apex: str, output, **options) -> str:
    primary = estate.primary
    return run("add_domain", apex, nameserver=f"{primary.host}:{primary.port}", output=str(output), **options)


def test_a_domain_is_added_where_the_primary_has_a_catalog_and_served_everywhere_when_the_command_ends(
    estate, apex, tmp_path
):
    said = add_domain(estate, apex, tmp_path / "files")
    assert all(serial(server.port, apex) for server in estate.servers)
    assert f"{apex} stands in the catalog {CATALOG}." in said
    assert f"{apex}: an update works." in said
    # Nothing to include anywhere.
    assert not (tmp_path / "files").exists()
    assert Domain.objects.get().zone.secondaries.count() == 2
    assert f"{apex}: an update works." in add_domain(estate, apex, tmp_path / "files")


def test_what_is_missing_is_said(estate, apex, tmp_path):
    estate.primary.keeper.freeze()
    with pytest.raises(CommandError, match=r"waiting: (.|\n)*not served everywhere yet:\nthe primary.*keep-zones"):
        add_domain(estate, apex, tmp_path, wait=2)
    estate.primary.keeper.thaw()
    estate.knot.freeze()
    try:
        with pytest.raises(CommandError, match=r"not served everywhere yet:\nthe secondary following-knot"):
            add_domain(estate, apex, tmp_path, wait=5)
    finally:
        estate.knot.thaw()
    assert "an update works" in add_domain(estate, apex, tmp_path)


def test_a_catalog_that_cannot_be_published_is_said(estate, apex, tmp_path, impatient_catalog):
    with pytest.raises(CommandError, match=f"the catalog {CATALOG}.*does not name it yet|cannot be published"):
        add_domain(estate, apex, tmp_path, wait=1)


@pytest.fixture
def impatient_catalog(estate):
    estate.primary.process.kill()
    yield
    estate.primary.start()


@pytest.fixture
def resident(estate, apex, tmp_path) -> Iterator[Hostname]:
    """Alice's hostname in a domain that is served everywhere."""
    add_domain(estate, apex, tmp_path)
    alice = User.objects.create_user("alice@example.com", "correct horse battery")
    try:
        home = hostnames.register(alice, domain=Domain.objects.get(name=apex), label="home")
        update(home, "192.0.2.1")
        drain(home.domain.zone)
        estate.wait_until_answered(home.name, "192.0.2.1")
        yield home
    finally:
        # Before the zones go, which they stand in the way of.
        Hostname.objects.all().delete()
        User.objects.all().delete()


def update(home: Hostname, address: str) -> None:
    with transaction.atomic():
        locked = hostnames.lock_unrestricted(home)
        locked.ipv4 = address
        locked.save(update_fields=["ipv4"])
        hostnames.publish(locked)


def test_a_domain_with_hostnames_is_not_retired_unless_that_is_said(resident, apex):
    with pytest.raises(CommandError, match=r"Customers hold names in this domain: 1\.(.|\n)*Nothing was changed"):
        run("retire_domain", apex)
    assert not Zone.objects.get(name=apex).is_retired


def test_a_retired_domain_is_gone_everywhere_and_comes_back_with_the_last_addresses(estate, resident, apex, tmp_path):
    said = run("retire_domain", apex, even_with_names=True)
    assert "retired, with 1 hostnames" in said
    assert [serial(server.port, apex) for server in estate.servers] == [None] * 3
    update(resident, "192.0.2.2")
    with pytest.raises(NameUnavailable, match="takes no new names"):
        hostnames.register(resident.account, domain=Domain.objects.get(name=apex), label="second")
    assert not Domain.objects.taking_names().exists()
    assert "an update works" in add_domain(estate, apex, tmp_path)
    wait_for(lambda: drain_now(Zone.objects.get(name=apex)), SOON)
    estate.wait_until_answered(resident.name, "192.0.2.2")
    assert Domain.objects.taking_names().exists()


def test_a_start_of_the_set_up_does_not_bring_a_retired_domain_back(estate, apex, tmp_path):
    add_domain(estate, apex, tmp_path)
    run("retire_domain", apex)
    assert "stays so" in add_domain(estate, apex, tmp_path, unless_retired=True)
    assert Zone.objects.get(name=apex).is_retired
    add_domain(estate, apex, tmp_path)
    assert "an update works" in add_domain(estate, apex, tmp_path, unless_retired=True)


def test_a_domain_at_a_primary_without_a_catalog_is_retired_and_the_rest_is_said(committed_db, bind, fresh_zone):
    apex = fresh_zone(bind)
    zone = zones.add(apex, host=bind.host, port=bind.port, key=key_row(bind))
    domains.offer(zone)
    assert f"stop serving it at {zone.primary} and its secondaries by hand" in run("retire_domain", apex)


def test_the_verb_counts_and_refuses(alice, domain):
    for label in ("one", "two"):
        hostnames.register(alice, domain=domain, label=label)
    with pytest.raises(DomainInUse, match="2"):
        domains.retire(domain)
    assert domains.retire(domain, even_with_names=True) == 2
    assert Hostname.objects.unreleased().count() == Publication.objects.count() == 2


def test_a_domain_that_is_not_there_is_named(db):
    with pytest.raises(CommandError, match=r"no domain x\.example"):
        run("retire_domain", "x.example")
