"""Zones of a test's own at real nameservers, with the rows that they follow."""

import pytest

from dnsupdate import primary as primaries
from dnsupdate.models import Nameserver, Zone
from tests.dnsupdate import real_zones
from tests.dnsupdate.parent_zone import family, parent_servers  # noqa: F401 - fixtures
from tests.dnsupdate.secondaries import Cluster


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


@pytest.fixture(scope="session")
def cluster(servers, tsig_key, bind, knot) -> Cluster:
    """BIND as primary, Knot and BIND as its secondaries. Hurt them freely: they are brought back after the test.

    The run's own servers are asked for so that their absence is said as elsewhere.
    """
    return Cluster.start(servers.directory / "cluster", tsig_key, servers.start)


@pytest.fixture
def followed_zone(committed_db, cluster: Cluster) -> Zone:
    """A zone at a primary and two secondaries."""
    return cluster.add_zone()
