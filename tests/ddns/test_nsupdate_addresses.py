"""UPDATE messages of customers that change addresses: what they make of rows, of DNS and of the history."""

import dns.rcode
import pytest

from ddns import keys
from ddns.models import AddressUpdate, Hostname
from tests.ddns.devices import SOURCE, answered, stored
from tests.ddns.nsupdate_client import Client, client

NOERROR, REFUSED = dns.rcode.NOERROR, dns.rcode.REFUSED


@pytest.fixture
def router(alice, home) -> Client:
    """Alice's, with a TSIG key for all of her hostnames."""
    return client(keys.create(alice, label="router")[0])


def give(hostname: Hostname, ipv4: str | None = None, ipv6: str | None = None) -> None:
    Hostname.objects.filter(pk=hostname.pk).update(ipv4=ipv4, ipv6=ipv6)


def test_an_added_address_is_stored_published_and_in_the_history(router, home):
    update = router.update()
    update.add("home", 300, "A", "203.0.113.7")

    assert router.send(update) == NOERROR
    assert stored(home) == ("203.0.113.7", None)
    assert answered(home) == {"A": ["203.0.113.7"]}
    change = AddressUpdate.objects.get(hostname=home)
    assert (change.source, change.protocol) == (SOURCE, "rfc2136")
    assert change.agent == f"TSIG key {router.key.name.to_text(omit_final_dot=True)}"


def test_what_nsupdate_users_write_replaces_the_address(router, home):
    give(home, "203.0.113.7", "2001:db8::7")
    update = router.update()
    update.delete("home", "A")
    update.add("home", 60, "A", "203.0.113.8")

    assert router.send(update) == NOERROR
    assert stored(home) == ("203.0.113.8", "2001:db8::7")
