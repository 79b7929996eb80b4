"""Blocks: no hostname gets an address in a blocked network, by whatever door; nobody registers a label like a blocked pattern."""

from datetime import timedelta
from ipaddress import IPv6Network, ip_address

import dns.rcode
import pytest
from django.utils import timezone

from ddns import (
    address_updates,
    availability,
    blocks,
    groups,
    hostname_changes,
    hostnames,
    keys,
    prefixes,
    records,
    requests,
)
from ddns.address_updates import Barred, Changed, Wish
from ddns.addresses import Addresses
from ddns.errors import AddressBlocked, InvalidBlock, InvalidRecord, NameUnavailable
from ddns.hostname_changes import Author, Change
from ddns.models import AddressUpdate, Block, Hostname
from ddns.models.hostnames import State
from ddns.models.keys import Permission
from tests.ddns.devices import SOURCE, Device, caller, having, stored
from tests.ddns.nsupdate_client import client as nsupdate_client
from tests.ddns.rest.programs import Program

BLOCKED, FREE = "198.51.100.66", "203.0.113.7"
BLOCKED6, FREE6 = "2001:db8:bad::1", "2001:db8:1::1"


@pytest.fixture(autouse=True)
def _blocked(db) -> None:
    until = timezone.now() + timedelta(days=30)
    for network in ("198.51.100.64/27", "2001:db8:bad::/48"):
        blocks.add(Block.Kind.NETWORK, blocks.parse_network(network), expires_at=until)


def test_an_update_into_a_blocked_network_writes_nothing_and_says_dnserr(device, home):
    having(home, FREE6, ipv4=FREE)
    assert device.update(hostname=home.name, myip=BLOCKED).content == b"dnserr\n"
    assert stored(home) == (FREE, FREE6)
    assert not AddressUpdate.objects.exists()


def test_the_owner_sees_why(device, home):
    device.update(hostname=home.name, myip=BLOCKED)
    requests.flush()
    latest = requests.recent(home)[0]
    assert (latest.code, latest.detail) == ("blocked", BLOCKED)


def test_the_next_address_is_taken(device, home):
    device.update(hostname=home.name, myip=BLOCKED)
    assert device.update(hostname=home.name, myip=FREE).content == f"good {FREE}\n".encode()


def test_what_points_there_already_stays_and_its_other_family_moves(device, home):
    having(home, FREE6, ipv4=BLOCKED)
    assert device.update(hostname=home.name, myip=BLOCKED).content.startswith(b"nochg")
    assert device.update(hostname=home.name, myipv6="2001:db8:1::2").content.startswith(b"good")
    assert stored(home) == (BLOCKED, "2001:db8:1::2")


def test_the_ipv6_address_that_leads_to_a_blocked_one_is_barred_too(home, key):
    hidden = ip_address(f"2002:{int(ip_address(BLOCKED)) >> 16:x}:{int(ip_address(BLOCKED)) & 0xFFFF:x}::1")
    assert address_updates.update(caller(key), [home.name], Wish(Addresses.of(hidden))) == [Barred()]


def test_the_hostname_is_not_said_to_be_blocked(home, key):
    (outcome,) = address_updates.update(caller(key), [home.name], Wish(Addresses.of(ip_address(BLOCKED6))))
    assert outcome == Barred()
    assert Hostname.objects.get(pk=home.pk).state == State.LIVE


def test_further_addresses_are_barred_too(home, key):
    wish = Wish(Addresses.of(ip_address(FREE)), others=(ip_address(BLOCKED),))
    assert address_updates.update(caller(key), [home.name], wish) == [Barred()]


def test_no_update_brings_a_stored_one_back_from_offline(home, key):
    having(home, FREE6, ipv4=BLOCKED)
    hostnames.configure(home, offline=True)
    wish = Wish(Addresses.of(ip_address("2001:db8:1::2")), offline=False)
    assert address_updates.update(caller(key), [home.name], wish) == [Barred()]
    with pytest.raises(AddressBlocked):
        hostnames.configure(home, offline=False)


def test_duckdns_says_ko(home, key):
    answer = Device().get(f"/update?domains=home&token={key}&ip={BLOCKED}&verbose=true").content.decode()
    assert answer.splitlines()[:2] == ["KO", "dnserr"]


def test_desec_says_dnserr(home, key):
    client = Device("home.ddns.test", key, headers={"HTTP_HOST": "update.ddns.example"})
    assert client.get(f"/?myip={BLOCKED}").content == b"dnserr"


def test_dynv6_says_that_the_network_is_blocked(home, key):
    answer = Device().get(f"/api/update?hostname=home.ddns.test&ipv4={BLOCKED}&token={key}")
    assert (answer.status_code, answer.content) == (400, b"the network of the address is blocked")


def test_freedns_says_error(home, key):
    answer = Device("home.ddns.test", key).get(f"/dynamic/update.php?{key}&address={BLOCKED}").content
    assert b"dnserr" in answer or b"ERROR" in answer
    assert stored(home) == (None, None)


def test_of_a_group_no_device_stops_because_of_it(alice, device, home, office):
    group = groups.create(alice, name="all")
    Hostname.objects.filter(account=alice).update(group=group)
    assert device.update(hostname="all.ddnskey.com", myip=BLOCKED).content == b"dnserr\n"


def test_what_follows_a_prefix_does_not_move_there(nas, key):
    moved = dict(prefixes.move(caller(key), IPv6Network("2001:db8:bad::/56")))
    assert moved == {"nas.ddns.test": Barred()}
    assert stored(nas)[1] == "2001:db8:1:33::5"


def test_an_update_message_is_refused_as_a_whole(alice, home):
    router = nsupdate_client(keys.create(alice, label="router")[0])
    update = router.update()
    update.add("home", 60, "AAAA", FREE6)
    update.add("home", 60, "A", BLOCKED)
    assert router.send(update) == dns.rcode.REFUSED
    assert stored(home) == (None, None)


def test_records_are_no_way_around(home):
    for rdtype, rdata in (("A", BLOCKED), ("AAAA", BLOCKED6)):
        for label in ("", "www"):
            with pytest.raises(InvalidRecord):
                records.add(home, rdtype=rdtype, rdata=rdata, label=label)
            with pytest.raises(InvalidRecord):
                records.replace(home, rdtype=rdtype, rdata=[rdata], label=label)


def test_nor_is_the_page_or_the_rest_api(alice, home):
    author = Author(ip_address(SOURCE), "", "web")
    with pytest.raises(AddressBlocked):
        hostname_changes.apply(home, Change(ipv4=ip_address(BLOCKED)), author=author)

    program = Program(keys.create(alice, label="program", permission=Permission.MANAGE)[1])
    answer = program.patch("/hostnames/home.ddns.test", {"ipv4": BLOCKED})
    assert answer.status_code == 422 or answer.status_code == 400
    assert "abuse desk" in answer.content.decode()
    assert stored(home) == (None, None)


def test_a_block_that_has_expired_bars_nothing(device, home):
    Block.objects.update(expires_at=timezone.now())
    blocks.forget()
    assert device.update(hostname=home.name, myip=BLOCKED).content.startswith(b"good")


def test_a_block_that_was_removed_bars_nothing(device, home):
    for block in Block.objects.all():
        blocks.remove(block.pk)
    assert device.update(hostname=home.name, myip=BLOCKED).content.startswith(b"good")


def test_other_processes_know_it_after_some_seconds(device, home, monkeypatch):
    assert blocks.bars([ip_address(BLOCKED)])
    Block.objects.all().delete()
    assert device.update(hostname=home.name, myip=BLOCKED).content == b"dnserr\n"
    monkeypatch.setattr(blocks, "REFRESH_SECONDS", 0.0)
    assert device.update(hostname=home.name, myip=BLOCKED).content.startswith(b"good")


def test_an_unchanged_update_asks_nothing(device, home, django_assert_num_queries, monkeypatch):
    having(home, FREE6, ipv4=FREE)
    monkeypatch.setattr(blocks, "bars", lambda addresses: pytest.fail("asked"))
    assert device.update(hostname=home.name, myip=FREE).content.startswith(b"nochg")


@pytest.mark.parametrize(
    ("text", "stored_as"),
    [
        ("192.0.2.1/24", "192.0.2.0/24"),
        (" 192.0.2.1 ", "192.0.2.1/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("10.0.0.0/15", None),
        ("0.0.0.0/0", None),
        ("::/0", None),
        ("2001:db8::/31", None),
        ("example.com", None),
        ("", None),
        ("192.0.2.0/33", None),
        ("1" * 10_000, None),
    ],
)
def test_a_network_is_one_providers_and_no_countrys(text, stored_as):
    if stored_as is None:
        with pytest.raises(InvalidBlock):
            blocks.parse_network(text)
    else:
        assert blocks.parse_network(text) == stored_as


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("paypal*", ["paypal", "paypal-login", "paypal1"], ["my-paypal", "paypa", "notpaypal"]),
        ("*paypal*", ["my-paypal", "paypal", "xpaypalx"], ["paypa-l"]),
        ("bank-*-login", ["bank-of-login", "bank--login"], ["bank-login", "bank-x-login2"]),
        ("abab*baba", ["ababbaba", "ababxbaba"], ["ababa", "abab", "abababa"]),
        ("*ab*cd*", ["abcd", "xabyycdz"], ["cdab", "acbd"]),
        ("exact", ["exact"], ["exact1", "xexact"]),
    ],
)
def test_a_star_stands_for_any_letters(pattern, matching, others, alice, domain):
    assert blocks.parse_pattern(pattern) == pattern
    assert [label for label in (*matching, *others) if blocks.matches(pattern, label)] == matching
    for label in matching + others:
        hostnames.register(alice, domain=domain, label=label) if label not in ("bank--login",) else None
    found = set(blocks.hostnames_like(pattern).values_list("name", flat=True))
    assert found == {f"{label}.ddns.test" for label in matching if label != "bank--login"}


@pytest.mark.parametrize(
    "text", ["*", "a*", "***", "--*--", "abc*", "a.b*c", "pay[p]al", "ä*bcd", "", "x" * 64, "a*b*c*d*e"]
)
def test_a_pattern_that_matches_too_much_or_is_none_is_refused(text):
    with pytest.raises(InvalidBlock):
        blocks.parse_pattern(text)


def test_a_label_like_a_blocked_pattern_is_not_registered_in_any_domain(alice, domain, home):
    blocks.add(Block.Kind.PATTERN, "paypal*", expires_at=timezone.now() + timedelta(days=1))
    with pytest.raises(NameUnavailable):
        hostnames.register(alice, domain=domain, label="PayPal-Login")
    (offer,) = availability.of("paypal-login")
    assert not offer.is_free

    Block.objects.update(expires_at=timezone.now())
    assert hostnames.register(alice, domain=domain, label="paypal-login")


def test_collateral_is_counted_by_addresses_and_records(home, office, foreign):
    having(home, FREE6, ipv4=BLOCKED)
    having(office, FREE6, ipv4=FREE)
    Block.objects.all().delete()
    blocks.forget()
    records.add(foreign, rdtype="A", rdata="198.51.100.70")
    records.add(office, rdtype="TXT", rdata="198.51.100.70")

    found = blocks.hostnames_in("198.51.100.64/27").order_by("name")
    assert [each.name for each in found] == ["bob.ddns.test", "home.ddns.test"]


def test_a_change_that_is_not_barred_is_made(home, key):
    wish = Wish(Addresses.of(ip_address(FREE)))
    assert address_updates.update(caller(key), [home.name], wish) == [Changed()]
