"""Response policy zones: kept at the primary like any zone, and no domain, no catalog member, no delegation."""

import pytest

from ddns import domains
from dnsupdate import catalogs, tsig_keys, zones
from dnsupdate.errors import ZoneLifeRefused
from dnsupdate.models import Zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy_zone(db) -> Zone:
    key = tsig_keys.generate("publisher")
    zones.add("ddns.test", host="127.0.0.1", port=9, key=key)
    return zones.add("rpz-green.invalid", host="127.0.0.1", port=9, key=key, kind=Zone.Kind.RPZ)


def test_it_is_published_and_not_delegated(policy_zone):
    assert policy_zone in Zone.objects.followed()
    assert policy_zone not in Zone.objects.delegated()


def test_it_never_stands_in_a_catalog_since_public_servers_follow_that(policy_zone):
    key = policy_zone.primary.key
    catalogs.establish("catalog.invalid", host="127.0.0.1", port=9, key=key)
    again = zones.add("rpz-green.invalid", host="127.0.0.1", port=9, key=key, kind=Zone.Kind.RPZ)
    assert again.membership is None
    assert Zone.objects.get(name="ddns.test").membership is not None


def test_no_customer_registers_in_it(policy_zone):
    with pytest.raises(ZoneLifeRefused, match="response policy"):
        domains.offer(policy_zone)
    with pytest.raises(ZoneLifeRefused):
        zones.add("rpz-green.invalid", host="127.0.0.1", port=9, key=policy_zone.primary.key)
