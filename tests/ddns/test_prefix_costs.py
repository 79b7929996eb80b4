"""What a prefix costs the database: what follows is read at once, and only what changes is written."""

from ipaddress import IPv6Address

import pytest

from ddns import hostnames, prefixes
from ddns.models import Hostname
from tests.ddns.devices import caller
from tests.ddns.test_prefixes import PREFIX
from tests.ddns.test_update_costs import statements

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("count", [1, 15])
def test_a_prefix_that_all_have_is_two_statements_however_many_they_are(alice, domain, key, count):
    for number in range(count):
        hostname = hostnames.register(alice, domain=domain, label=f"h{number}")
        prefixes.follow(hostname, IPv6Address(number + 1))
    assert len(prefixes.move(caller(key), PREFIX)) == count

    sent = statements(lambda: prefixes.move(caller(key), PREFIX))

    assert len(sent) == 2, "one knows the key, one reads what follows"


def test_one_that_changes_among_many_is_one_change(alice, domain, key):
    for number in range(15):
        hostname = hostnames.register(alice, domain=domain, label=f"h{number}")
        prefixes.follow(hostname, IPv6Address(number + 1))
    prefixes.move(caller(key), PREFIX)
    Hostname.objects.filter(name="h3.ddns.test").update(ipv6=None)

    sent = statements(lambda: prefixes.move(caller(key), PREFIX))

    assert len(sent) == 6, "the two that read; begin, lock, change, commit"


def test_an_update_without_a_prefix_asks_for_no_followers(device, home):
    device.update(hostname="home.ddns.test", myip="203.0.113.5")

    assert len(statements(lambda: device.update(hostname="home.ddns.test", myip="203.0.113.5"))) == 1
