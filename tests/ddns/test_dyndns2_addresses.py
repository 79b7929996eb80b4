"""dyndns2: which address an update means, how it is stored, and how it is echoed."""

import pytest

from ddns.models import AddressUpdate
from dnsupdate.models import Publication
from tests.ddns.devices import SOURCE, answered, stored


@pytest.mark.parametrize(
    ("sent", "echo", "ipv4", "ipv6"),
    [
        ("myip=203.0.113.5", "203.0.113.5", "203.0.113.5", None),
        ("myip=2001:db8::5", "2001:db8::5", None, "2001:db8::5"),
        ("myip=2001%3Adb8%3A%3A5", "2001:db8::5", None, "2001:db8::5"),
        ("myip=2001%3adb8%3a%3a5", "2001:db8::5", None, "2001:db8::5"),
        # OpenWrt writes IPv6 in full, others in capitals
        ("myip=2001:0db8:0000:0000:0000:0000:0000:0005", "2001:0db8:0000:0000:0000:0000:0000:0005", None, "2001:db8::5"),
        ("myip=2001:DB8::A", "2001:DB8::A", None, "2001:db8::a"),
        ("myip=203.0.113.5,2001:db8::5", "203.0.113.5,2001:db8::5", "203.0.113.5", "2001:db8::5"),
        ("myip=2001:DB8::5,203.0.113.5", "2001:DB8::5,203.0.113.5", "203.0.113.5", "2001:db8::5"),
        ("myip=203.0.113.5%2C2001:db8::5", "203.0.113.5,2001:db8::5", "203.0.113.5", "2001:db8::5"),
        ("myip=203.0.113.5,%202001:db8::5", "203.0.113.5,2001:db8::5", "203.0.113.5", "2001:db8::5"),
        ("myip=203.0.113.5&myipv6=2001:db8::5", "203.0.113.5,2001:db8::5", "203.0.113.5", "2001:db8::5"),
        ("myipv6=2001:db8::5&myip=203.0.113.5", "2001:db8::5,203.0.113.5", "203.0.113.5", "2001:db8::5"),
        # an address for IPv6 alone wins over one that is for both
        ("myip=2001:db8::1&myipv6=2001:db8::5", "2001:db8::5", None, "2001:db8::5"),
        ("myip=203.0.113.5,", "203.0.113.5", "203.0.113.5", None),
        ("myip=,2001:db8::5", "2001:db8::5", None, "2001:db8::5"),
        ("myip=203.0.113.5&myipv6=", "203.0.113.5", "203.0.113.5", None),
        ("myip=203.0.113.5&myipv6=<ip6addr>", "203.0.113.5", "203.0.113.5", None),
        ("myipv4=%3Cpreserve%3E&myipv6=2001:db8::5", "2001:db8::5", None, "2001:db8::5"),
        ("myip=no&myipv6=2001:db8::5", "2001:db8::5", None, "2001:db8::5"),
        ("myip=::ffff:203.0.113.5", "::ffff:203.0.113.5", "203.0.113.5", None),
        ("myip=203.0.113.5/32", "203.0.113.5/32", "203.0.113.5", None),
        ("myip=2001:db8::5/64", "2001:db8::5/64", None, "2001:db8::5"),
        # FRITZ!Box sends address and prefix of its LAN in one list
        ("myip=2001:db8::5,2001:db8:1::/56", "2001:db8::5", None, "2001:db8::5"),
        *((f"{name}=203.0.113.5", "203.0.113.5", "203.0.113.5", None) for name in
          ("ip", "ip4", "ipv4", "myipv4", "a", "address", "addr")),
        *((f"{name}=2001:db8::5", "2001:db8::5", None, "2001:db8::5") for name in ("ip6", "ipv6", "myip6", "aaaa")),
    ],
)  # fmt: skip
def test_an_address_is_stored_and_echoed_as_it_was_sent(device, home, sent, echo, ipv4, ipv6):
    response = device.get(f"/nic/update?hostname=home.ddns.test&{sent}")

    assert (response.status_code, response.content) == (200, f"good {echo}\n".encode())
    assert stored(home) == (ipv4, ipv6)
    assert answered(home) == {
        rdtype: [address] for rdtype, address in (("A", ipv4), ("AAAA", ipv6)) if address is not None
    }


def test_the_answer_has_exactly_the_headers_that_clients_understand(device):
    response = device.update(hostname="home.ddns.test", myip="203.0.113.5")

    assert response.status_code == 200
    assert dict(response.headers) == {
        "Content-Type": "text/plain",
        "Content-Length": "17",
        "Cache-Control": "no-store",
    }
    assert "Set-Cookie" not in response


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8::a", "2001:DB8::A"),
        ("2001:DB8::A", "2001:0db8:0000:0000:0000:0000:0000:000a"),
        ("203.0.113.5,2001:db8::a", "2001:db8::A,203.0.113.5"),
        ("203.0.113.5,2001:db8::a", "2001:db8::a"),
        ("203.0.113.5,2001:db8::a", "203.0.113.5"),
        ("203.0.113.5", "::ffff:203.0.113.5"),
    ],
)
def test_the_same_address_is_nochg_however_it_is_spelt(device, home, first, second):
    device.update(hostname="home.ddns.test", myip=first)
    before, published = stored(home), Publication.objects.get(pk=home.publication_id)

    response = device.update(hostname="home.ddns.test", myip=second)

    assert response.content == f"nochg {second}\n".encode()
    assert stored(home) == before
    assert AddressUpdate.objects.filter(hostname=home).count() == 1
    assert Publication.objects.get(pk=home.publication_id).revision == published.revision


def test_one_changed_family_of_two_is_good(device, home):
    device.update(hostname="home.ddns.test", myip="203.0.113.5,2001:db8::5")

    response = device.update(hostname="home.ddns.test", myip="203.0.113.5,2001:db8::6")

    assert response.content == b"good 203.0.113.5,2001:db8::6\n"
    assert stored(home) == ("203.0.113.5", "2001:db8::6")


@pytest.mark.parametrize(
    ("sent", "left"),
    [("203.0.113.9", ("203.0.113.9", "2001:db8::5")), ("2001:db8::9", ("203.0.113.5", "2001:db8::9"))],
)
def test_the_family_that_is_not_sent_stays(device, home, sent, left):
    device.update(hostname="home.ddns.test", myip="203.0.113.5,2001:db8::5")

    device.update(hostname="home.ddns.test", myip=sent)

    assert stored(home) == left
    assert answered(home) == {"A": [left[0]], "AAAA": [left[1]]}


@pytest.mark.parametrize(
    "sent",
    [
        "", "myip=", "myip", "myip=%20", "myip=,", "myip=%i", "myip=%25i", "myip=%IP%", "myip=<ipaddr>",
        "myip=%3Cipaddr%3E&myipv6=%3Cip6addr%3E", "myip=[IP]", "myip=__MYIP__", "myip=$ip", "myip={ip}", "myip=auto",
        "ip=%i", "myip=&myipv6=",
    ],
)  # fmt: skip
def test_the_source_address_is_meant_where_none_was_filled_in(device, home, sent):
    response = device.get(f"/nic/update?hostname=home.ddns.test&{sent}")

    assert response.content == f"good {SOURCE}\n".encode()
    assert stored(home) == (SOURCE, None)


def test_an_ipv6_source_is_stored_as_ipv6_and_echoed_in_its_short_form(device, home):
    device.source = "2001:0db8:0::0009"

    assert device.update(hostname="home.ddns.test").content == b"good 2001:db8::9\n"
    assert device.update(hostname="home.ddns.test").content == b"nochg 2001:db8::9\n"
    assert stored(home) == (None, "2001:db8::9")


@pytest.mark.parametrize(
    "sent",
    [
        "203.0.113", "203.0.113.256", "203.0.113.5.6", "2001:db8:::5", "home.ddns.test", "garbage", "0x7f000001",
        "fe80::1%eth0", "203.0.113.5,nonsense", "203.0.113.5,203.0.113.6", "2001:db8::1,2001:db8::2", "203.0.113.5;id",
        "2001:db8::1%x/64", "2001:db8::1%x\nnochg/64", "203.0.113.5\n/24",
        "' OR 1=1 --", "203.0.113.5/33", "2001:db8::5/129", "\x00", "203.0.113.5\x00", "١٩٢.0.2.1", "١", "1" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_address_is_dnserr_and_changes_nothing(device, home, sent):
    response = device.update(hostname="home.ddns.test", myip=sent)

    assert (response.status_code, response.content) == (200, b"dnserr\n")
    assert stored(home) == (None, None)


def test_dnserr_is_said_once_per_hostname(device, office):
    response = device.update(hostname="home.ddns.test,office.ddns.test", myip="garbage")

    assert response.content == b"dnserr\ndnserr\n"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # EdgeOS with a path in its server field: the second query string is glued to the first
        ("ip=%i&hostname=%h/nic/update?system=dyndns&hostname=home.ddns.test&myip=203.0.113.5", b"good 203.0.113.5\n"),
        ("myip=203.0.113.4&hostname=home.ddns.test&myip=203.0.113.5", b"good 203.0.113.5\n"),
        ("myip=203.0.113.5&hostname=home.ddns.test&myip=", b"good 203.0.113.5\n"),
        ("myip=203.0.113.5&hostname=home.ddns.test&myip=garbage", b"good 203.0.113.5\n"),
        ("myip=garbage&hostname=home.ddns.test&myip=203.0.113.5", b"good 203.0.113.5\n"),
        ("hostname=&hostname=home.ddns.test&hostname=&myip=203.0.113.5", b"good 203.0.113.5\n"),
    ],
)
def test_the_last_usable_value_of_a_repeated_parameter_counts(device, query, expected):
    assert device.get(f"/nic/update?{query}").content == expected


NOT_ROUTED = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "0.0.0.0", "169.254.1.1", "100.64.0.1", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1",
    "fd00:d::1", "ff02::1", "ff0e::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
]  # fmt: skip
# Global on purpose: whether an address is, is what the case is about.
ROUTED = ["192.0.43.8", "2001:500:88:200::8"]


@pytest.mark.parametrize("address", NOT_ROUTED)
def test_an_address_that_the_internet_does_not_route_is_refused_by_default(device, home, settings, address):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    response = device.update(hostname="home.ddns.test", myip=address)

    assert (response.status_code, response.content) == (200, b"dnserr\n")
    assert stored(home) == (None, None)


@pytest.mark.parametrize("address", NOT_ROUTED)
def test_any_address_is_published_where_the_setting_allows_it(device, settings, address):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = True

    assert device.update(hostname="home.ddns.test", myip=address).content == f"good {address}\n".encode()


@pytest.mark.parametrize("address", ROUTED)
def test_a_global_address_is_published_by_default(device, settings, address):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    assert device.update(hostname="home.ddns.test", myip=address).content == f"good {address}\n".encode()


def test_one_address_that_is_not_routed_refuses_both(device, home, office, settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    response = device.update(hostname="home.ddns.test,office.ddns.test", myip=f"{ROUTED[0]},fd00::1")

    assert response.content == b"dnserr\ndnserr\n"
    assert stored(home) == stored(office) == (None, None)


def test_a_private_source_is_refused_where_no_address_was_sent(device, settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False
    device.source = "192.168.1.2"

    assert device.update(hostname="home.ddns.test").content == b"dnserr\n"


def test_a_dummy_address_first_and_the_true_one_after_it_blocks_nobody(device, settings):
    """OpenWrt's script for No-IP does so, to renew a name that did not change."""
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    assert device.update(hostname="home.ddns.test", myip="127.0.0.1").content == b"dnserr\n"
    assert device.update(hostname="home.ddns.test", myip=ROUTED[0]).content == f"good {ROUTED[0]}\n".encode()
