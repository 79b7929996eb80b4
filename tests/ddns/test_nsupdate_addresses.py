"""UPDATE messages of customers that change addresses: what they make of rows, of DNS and of the history."""

from datetime import timedelta
from ipaddress import ip_address

import dns.rcode
import pytest
from django.utils import timezone

from ddns import background, hostnames, keys, records, requests
from ddns.models import AddressUpdate, Hostname, UpdateKey
from dnsupdate.models import Zone
from tests.ddns.devices import SOURCE, answered, stored
from tests.ddns.nsupdate_client import Client, client

NOERROR, REFUSED = dns.rcode.NOERROR, dns.rcode.REFUSED


@pytest.fixture
def update_key(alice) -> UpdateKey:
    return keys.create(alice, label="router")[0]


@pytest.fixture
def router(update_key, home) -> Client:
    """Alice's, with a TSIG key for all of her hostnames."""
    return client(update_key)


def give(router: Client, name: str, *addresses: str) -> None:
    update = router.update()
    for address in addresses:
        update.add(name, 60, "AAAA" if ":" in address else "A", address)
    assert router.send(update) == NOERROR


def below(hostname: Hostname) -> dict[str, list[str]]:
    """What DNS shall answer for its wildcard, by type."""
    hostname.refresh_from_db()
    return {rdtype: rrset["rdata"] for rdtype, rrset in hostname.wildcard_publication.rrsets.items()}


def test_an_added_address_is_stored_published_and_in_the_history(router, home):
    update = router.update()
    update.add("home", 300, "A", "203.0.113.7")

    assert router.send(update) == NOERROR
    assert stored(home) == ("203.0.113.7", None)
    assert answered(home) == {"A": ["203.0.113.7"]}
    change = AddressUpdate.objects.get(hostname=home)
    assert (change.source, change.protocol) == (SOURCE, "rfc2136")
    assert change.agent == f"TSIG key {router.key.name.to_text(omit_final_dot=True)}"


def test_the_ttl_of_the_message_is_not_taken(router, home):
    update = router.update()
    update.add("home", 86_400, "A", "203.0.113.7")

    router.send(update)

    home.publication.refresh_from_db()
    assert home.publication.rrsets["A"]["ttl"] == 60


def test_delete_and_add_replaces_one_family_and_leaves_the_other(router, home):
    give(router, "home", "203.0.113.7", "2001:db8::7")
    update = router.update()
    update.delete("home", "A")
    update.add("home", 60, "A", "203.0.113.8")

    assert router.send(update) == NOERROR
    assert stored(home) == ("203.0.113.8", "2001:db8::7")


def test_the_name_deleted_as_a_whole_has_no_addresses(router, home):
    give(router, "home", "203.0.113.7", "2001:db8::7")
    update = router.update()
    update.delete("home")

    assert router.send(update) == NOERROR
    assert stored(home) == (None, None)
    assert answered(home) == {}


def test_the_name_deleted_as_a_whole_and_given_an_address_has_that_alone(router, home):
    give(router, "home", "203.0.113.7", "2001:db8::7")
    update = router.update()
    update.delete("home")
    update.add("home", 60, "AAAA", "2001:db8::8")

    assert router.send(update) == NOERROR
    assert stored(home) == (None, "2001:db8::8")


def test_a_single_address_is_deleted_if_it_is_that(router, home):
    give(router, "home", "203.0.113.7")
    for address, left in (("203.0.113.9", "203.0.113.7"), ("203.0.113.7", None)):
        update = router.update()
        update.delete("home", "A", address)

        assert router.send(update) == NOERROR
        assert stored(home) == (left, None)


def test_addresses_that_are_added_stand_side_by_side(router, home):
    give(router, "home", "203.0.113.7", "2001:db8::7")
    give(router, "home", "203.0.113.8", "203.0.113.6")

    assert stored(home) == ("203.0.113.7", "2001:db8::7")
    assert {rdtype: sorted(rdata) for rdtype, rdata in answered(home).items()} == {
        "A": ["203.0.113.6", "203.0.113.7", "203.0.113.8"],
        "AAAA": ["2001:db8::7"],
    }


def test_replacing_one_family_keeps_the_further_addresses_of_the_other(router, home):
    give(router, "home", "203.0.113.7", "2001:db8::7", "2001:db8::8")
    update = router.update()
    update.replace("home", 60, "A", "203.0.113.8")

    assert router.send(update) == NOERROR
    assert answered(home)["A"] == ["203.0.113.8"]
    assert sorted(answered(home)["AAAA"]) == ["2001:db8::7", "2001:db8::8"]


def test_more_addresses_than_the_plan_has_are_refused_and_nothing_is_kept(router, home):
    give(router, "home", "203.0.113.7")
    update = router.update()
    for number in range(8, 200):
        update.add("home", 60, "A", f"203.0.113.{number}")

    assert router.send(update) == REFUSED
    assert answered(home) == {"A": ["203.0.113.7"]}


def test_the_same_again_writes_nothing_and_counts_as_a_contact(router, home, update_key):
    give(router, "home", "203.0.113.7")
    home.publication.refresh_from_db()
    revision = home.publication.revision
    update = router.update()
    update.replace("home", 60, "A", "203.0.113.7")

    assert router.send(update) == NOERROR
    background.flush()
    home.refresh_from_db()
    home.publication.refresh_from_db()
    update_key.refresh_from_db()
    assert home.publication.revision == revision
    assert AddressUpdate.objects.filter(hostname=home).count() == 1
    assert home.contact.protocol == "rfc2136"
    assert (update_key.used_from, update_key.used_by) == (
        SOURCE,
        f"TSIG key {router.key.name.to_text(omit_final_dot=True)}",
    )


def test_several_hostnames_change_in_one_message(router, home, office):
    update = router.update()
    update.add("home", 60, "A", "203.0.113.7")
    update.add("office", 60, "A", "203.0.113.8")

    assert router.send(update) == NOERROR
    assert (stored(home), stored(office)) == (("203.0.113.7", None), ("203.0.113.8", None))


def test_an_address_for_an_offline_hostname_brings_it_back(router, home):
    give(router, "home", "203.0.113.7")
    hostnames.configure(home, offline=True)

    give(router, "home", "2001:db8::7")

    assert answered(home) == {"A": ["203.0.113.7"], "AAAA": ["2001:db8::7"]}


def test_deleting_from_an_offline_hostname_leaves_it_offline(router, home):
    give(router, "home", "203.0.113.7", "2001:db8::7")
    hostnames.configure(home, offline=True)
    update = router.update()
    update.delete("home", "A")

    assert router.send(update) == NOERROR
    assert stored(home) == (None, "2001:db8::7")
    assert answered(home) == {}


def test_the_wildcard_answers_when_it_is_given_what_the_hostname_has(router, home):
    update = router.update()
    for name in ("home", "*.home"):
        update.add(name, 60, "A", "203.0.113.7")

    assert router.send(update) == NOERROR
    assert below(home) == {"A": ["203.0.113.7"]}
    give_new = router.update()
    for name in ("home", "*.home"):
        give_new.replace(name, 60, "A", "203.0.113.8")
    assert router.send(give_new) == NOERROR
    assert below(home) == {"A": ["203.0.113.8"]}


def test_the_wildcard_follows_a_message_that_does_not_speak_of_it(router, home):
    give(router, "home", "203.0.113.7")
    hostnames.configure(home, wildcard=True)
    update = router.update()
    update.replace("home", 60, "A", "203.0.113.8")

    assert router.send(update) == NOERROR
    assert below(home) == {"A": ["203.0.113.8"]}


def test_the_wildcard_ends_when_its_addresses_are_deleted(router, home):
    give(router, "home", "203.0.113.7")
    hostnames.configure(home, wildcard=True)
    update = router.update()
    update.delete("*.home")

    assert router.send(update) == NOERROR
    assert below(home) == {}
    assert answered(home) == {"A": ["203.0.113.7"]}


def test_a_wildcard_with_other_addresses_than_the_hostname_is_refused(router, home):
    give(router, "home", "203.0.113.7")
    update = router.update()
    update.add("*.home", 60, "A", "203.0.113.9")

    assert router.send(update) == REFUSED
    home.refresh_from_db()
    assert not home.wildcard


def test_an_address_that_the_internet_does_not_route_is_refused(router, home, settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False
    update = router.update()
    update.add("home", 60, "A", "192.168.178.1")

    assert router.send(update) == REFUSED
    assert stored(home) == (None, None)
    assert last_request(home).code == "dnserr"


def test_records_of_other_types_are_not_deleted_with_the_name(router, home):
    give(router, "home", "203.0.113.7")
    records.add(home, rdtype="MX", rdata="10 mail.example.com.")
    update = router.update()
    update.delete("home")

    assert router.send(update) == REFUSED
    assert answered(home) == {"A": ["203.0.113.7"], "MX": ["10 mail.example.com."]}
    assert "cannot delete" in last_request(home).detail


def test_an_address_beside_a_cname_is_refused(router, home):
    records.add(home, rdtype="CNAME", rdata="www.example.com.")
    update = router.update()
    update.add("home", 60, "A", "203.0.113.7")

    assert router.send(update) == REFUSED
    assert stored(home) == (None, None)


def test_the_publisher_is_woken_after_the_commit_although_it_is_at_work(
    router, home, domain, django_capture_on_commit_callbacks
):
    # It may have looked for the last time between our write and our commit.
    Zone.objects.filter(pk=domain.zone_id).update(lease_expires_at=timezone.now() + timedelta(minutes=1))
    update = router.update()
    update.add("home", 60, "A", "203.0.113.7")

    with django_capture_on_commit_callbacks() as callbacks:
        router.send(update)

    assert callbacks


def last_request(hostname: Hostname) -> requests.Request:
    requests.flush()
    return requests.recent(hostname)[0]


def test_an_ipv4_mapped_source_is_that_ipv4_address(router, home):
    router.source = f"::ffff:{SOURCE}"

    give(router, "home", "203.0.113.7")

    assert ip_address(AddressUpdate.objects.get(hostname=home).source) == ip_address(SOURCE)
