"""Zones of a test's own at real nameservers, with the rows that they follow."""

from collections.abc import Iterator

import pytest
from django.test import TransactionTestCase

from ddns.models import Domain
from dnsupdate import primary as primaries
from dnsupdate import wake, zones
from dnsupdate.models import Nameserver, Publication, TsigKey, Zone
from tests.dnsupdate import real_zones


@pytest.fixture
def _only_zones_are_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Emptying every table takes ten times as long, and takes the reserved names of the migrations with it."""

    def empty(case: TransactionTestCase) -> None:
        for model in (Domain, Publication, Zone, Nameserver, TsigKey):
            model.objects.all().delete()

    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", empty)


@pytest.fixture
def committed_db(_only_zones_are_emptied, transactional_db) -> None:
    """Rows of zones are committed, as the publisher and other threads must see them."""


@pytest.fixture
def zone(committed_db, primary, fresh_zone) -> Zone:
    """A zone at each of the three nameservers in turn."""
    return real_zones.zone_row(primary, fresh_zone(primary))


@pytest.fixture
def quiet_zone(committed_db) -> Zone:
    """A zone for tests that send nothing: nobody listens at its primary."""
    server = Nameserver.objects.create(name="nowhere", host="127.0.0.1", port=9)
    return Zone.objects.create(name="ddns.example", primary=server)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A nameserver that does not answer is given up after half a second."""
    monkeypatch.setattr(primaries, "ANSWER_TIMEOUT_SECONDS", 0.5)


@pytest.fixture(autouse=True)
def _as_a_new_process() -> Iterator[None]:
    """No connection to a primary and no pause of the wake-ups is carried from test to test."""
    yield
    for _, primary in zones._primaries.values():
        primary.close()
    zones._primaries.clear()
    wake._quiet_until = 0.0
