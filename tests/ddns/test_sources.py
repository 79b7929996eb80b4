"""Sources: where a request came from, and whom to believe about it."""

from ipaddress import ip_address, ip_network

import pytest

from ddns import sources
from ddns.middleware import SourceAddress

TRUSTED = ["192.0.2.0/28", "2001:db8:f::/64"]
PROXY, SECOND_PROXY, PROXY6 = "192.0.2.1", "192.0.2.2", "2001:db8:f::1"
CLIENT, OTHER = "198.51.100.9", "203.0.113.66"


def source(peer: str, forwarded: str | None = None) -> str:
    environ = {"REMOTE_ADDR": peer} | ({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded})
    return str(sources.of_environ(environ))


@pytest.fixture
def _behind_proxies(settings):
    settings.TRUSTED_PROXIES = [ip_network(each) for each in TRUSTED]


@pytest.mark.parametrize("forwarded", [None, "", OTHER, f"{OTHER}, {CLIENT}", "garbage"])
def test_without_trusted_proxies_the_peer_is_the_source(settings, forwarded):
    settings.TRUSTED_PROXIES = []

    assert source(CLIENT, forwarded) == CLIENT


@pytest.mark.usefixtures("_behind_proxies")
@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        # a stranger says what he likes
        (CLIENT, OTHER, CLIENT),
        (CLIENT, f"{OTHER}, {PROXY}", CLIENT),
        # one proxy
        (PROXY, CLIENT, CLIENT),
        (PROXY, f" {CLIENT} ", CLIENT),
        (PROXY, "2001:DB8::9", "2001:db8::9"),
        (PROXY6, CLIENT, CLIENT),
        (PROXY, "::ffff:198.51.100.9", CLIENT),
        # the client wrote the beginning, the proxy the end
        (PROXY, f"{OTHER}, {CLIENT}", CLIENT),
        (PROXY, f"{OTHER},{PROXY},{CLIENT}", CLIENT),
        (PROXY, f"garbage, {CLIENT}", CLIENT),
        # a chain of trusted ones
        (PROXY, f"{CLIENT}, {SECOND_PROXY}", CLIENT),
        (PROXY, f"{OTHER}, {CLIENT}, {PROXY6}, {SECOND_PROXY}", CLIENT),
        # a proxy that says nothing of use is itself all that is known
        (PROXY, None, PROXY),
        (PROXY, "", PROXY),
        (PROXY, ",", PROXY),
        (PROXY, "garbage", PROXY),
        (PROXY, f"{CLIENT}, garbage", PROXY),
        (PROXY, f"{CLIENT}, ", PROXY),
        (PROXY, f"{CLIENT}, unknown, {SECOND_PROXY}", SECOND_PROXY),
        (PROXY, f"{CLIENT}\x00", PROXY),
        (PROXY, "fe80::1%eth0", PROXY),
        # only proxies
        (PROXY, SECOND_PROXY, SECOND_PROXY),
    ],
)
def test_x_forwarded_for_counts_as_far_as_trusted_proxies_wrote_it(peer, forwarded, expected):
    assert source(peer, forwarded) == expected


def test_an_ipv4_peer_on_an_ipv6_socket_is_ipv4(settings):
    assert sources.of_environ({"REMOTE_ADDR": "::ffff:198.51.100.9"}) == ip_address(CLIENT)


@pytest.mark.usefixtures("_behind_proxies")
def test_an_update_through_a_trusted_proxy_gets_the_address_of_the_client(device):
    device.source, device.headers["HTTP_X_FORWARDED_FOR"] = PROXY, f"{OTHER}, {CLIENT}"

    assert device.update(hostname="home.ddns.test").content == f"good {CLIENT}\n".encode()


@pytest.mark.usefixtures("_behind_proxies")
@pytest.mark.parametrize(
    "header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_CLIENT_IP", "HTTP_CF_CONNECTING_IP"]
)
def test_a_spoofed_header_changes_neither_address_nor_limits(device, header):
    device.headers[header] = OTHER

    assert device.update(hostname="home.ddns.test").content == f"good {device.source}\n".encode()


@pytest.mark.usefixtures("_behind_proxies")
def test_pages_see_the_address_of_the_client_too(rf):
    seen = {}
    middleware = SourceAddress(lambda request: seen.update(request.META))

    middleware(rf.get("/", REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=f"{OTHER}, {CLIENT}"))

    assert seen["REMOTE_ADDR"] == CLIENT
    assert "HTTP_X_FORWARDED_FOR" not in seen


@pytest.mark.usefixtures("_behind_proxies")
@pytest.mark.parametrize(
    ("peer", "is_secure"), [(PROXY, True), (PROXY6, True), (CLIENT, False), ("::ffff:192.0.2.1", True)]
)
def test_only_a_trusted_proxy_is_believed_that_tls_was_spoken(rf, settings, peer, is_secure):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR=OTHER)

    assert SourceAddress(lambda request: request.is_secure())(request) is is_secure


def test_without_trusted_proxies_nobody_is_believed_that_tls_was_spoken(rf, settings):
    settings.TRUSTED_PROXIES = []
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = rf.get("/", REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_PROTO="https")

    assert not SourceAddress(lambda request: request.is_secure())(request)
