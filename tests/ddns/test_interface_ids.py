"""Interface ids: what is kept of an address when its prefix changes."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddns import interface_ids
from ddns.errors import InvalidInterfaceId
from ddns.interface_ids import LONGEST_PREFIX, SHORTEST_PREFIX, combine

HOSTS = st.integers(0, (1 << 128) - 1).map(IPv6Address)
MAC_ADDRESSES = st.binary(min_size=6, max_size=6).filter(lambda octets: any(octets) and not octets[0] & 1)


@st.composite
def prefixes(draw) -> IPv6Network:
    length = draw(st.integers(SHORTEST_PREFIX, LONGEST_PREFIX))
    return IPv6Network((draw(st.integers(0, (1 << 128) - 1)), length), strict=False)


@given(prefixes(), HOSTS)
def test_the_combination_has_the_bits_of_the_prefix_and_below_them_those_of_the_host(prefix, host):
    address = combine(prefix, host)

    assert address in prefix
    assert int(address) & int(prefix.hostmask) == int(host) & int(prefix.hostmask)


@given(prefixes(), prefixes(), HOSTS)
def test_there_and_back_again_is_where_it_was(old, new, host):
    """Whatever prefixes of one length lie between."""
    there = IPv6Network((new.network_address, old.prefixlen), strict=False)
    before = combine(old, host)

    assert combine(old, combine(there, before)) == before
    assert combine(there, combine(there, before)) == combine(there, before)


@given(MAC_ADDRESSES)
def test_a_mac_address_gives_an_interface_id_that_shows_it(octets):
    """Modified EUI-64 (RFC 4291 appendix A): ff:fe in its middle, the universal bit the other way round."""
    made = interface_ids.of_mac(octets).packed

    assert made[:8] == bytes(8)
    assert made[8] == octets[0] ^ 2
    assert (made[9:11], made[11:13], made[13:]) == (octets[1:3], b"\xff\xfe", octets[3:])


@given(MAC_ADDRESSES, st.sampled_from([":", "-", ""]))
def test_a_mac_address_may_be_written_as_devices_do(octets, separator):
    text = octets.hex(separator) if separator else octets.hex()

    assert interface_ids.parse(text) == interface_ids.parse(text.upper()) == interface_ids.of_mac(octets)


@pytest.mark.parametrize(
    ("prefix", "host", "address"),
    [
        ("2001:db8:1:2::/64", "::5", "2001:db8:1:2::5"),
        ("2001:db8:1:2::/64", "2001:db8:9:8::5", "2001:db8:1:2::5"),
        # the subnet between /56 and /64 is the host's own
        ("2001:db8:1:200::/56", "2001:db8:9:933::5", "2001:db8:1:233::5"),
        ("2001:db8:1::/56", "::1:0:0:0:5", "2001:db8:1:1::5"),
        ("2001:db8:1::/48", "::ab:0:0:0:5", "2001:db8:1:ab::5"),
        ("2001:db8:1:20::/59", "::1f:0:0:0:5", "2001:db8:1:3f::5"),
        # what does not fit beside a longer prefix is the prefix's
        ("2001:db8:1:2::/64", "::ab:0:0:0:5", "2001:db8:1:2::5"),
        ("2001:db8::/32", "::1:2:0:0:0:5", "2001:db8:1:2::5"),
    ],
)
def test_subnet_bits_that_the_prefix_leaves_open_are_the_hosts(prefix, host, address):
    assert combine(IPv6Network(prefix), IPv6Address(host)) == IPv6Address(address)


def test_ipv4_networks_combine_alike():
    assert combine(IPv4Network("203.0.113.0/24"), IPv4Address("198.51.100.7")) == IPv4Address("203.0.113.7")


@pytest.mark.parametrize(
    ("text", "interface_id"),
    [
        ("::5", "::5"),
        (" ::1:0:0:0:5 ", "::1:0:0:0:5"),
        ("::1:200:5eff:fe00:532a", "::1:200:5eff:fe00:532a"),
        ("::ffff:0:5", "::ffff:0:5"),
        # as a device shows its link-local address
        ("fe80::200:5eff:fe00:532a", "::200:5eff:fe00:532a"),
        ("00:00:5e:00:53:2a", "::200:5eff:fe00:532a"),
        ("00-00-5E-00-53-2A", "::200:5eff:fe00:532a"),
        ("0000.5e00.532a", "::200:5eff:fe00:532a"),
        ("00005e00532a", "::200:5eff:fe00:532a"),
    ],
)
def test_an_interface_id_is_read_as_people_write_it(text, interface_id):
    assert interface_ids.parse(text) == IPv6Address(interface_id)


@pytest.mark.parametrize(
    "text",
    [
        "", "5", "garbage", "203.0.113.5", "2001:db8::5", "::", "::1:0:0:0:0", "fe80::5%eth0", "::5/64",
        # multicast; nothing; neither one separator nor the other; too short
        "01:00:5e:00:00:01", "00:00:00:00:00:00", "00:00-5e:00:53:2a", "00:00:5e:00:53",
    ],
)  # fmt: skip
def test_what_is_no_interface_id_is_refused_and_said_why(text):
    with pytest.raises(InvalidInterfaceId, match="This is not the host part of an IPv6 address: "):
        interface_ids.parse(text)
