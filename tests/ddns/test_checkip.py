"""checkip: the client's address, byte for byte as its parsers expect it."""

from ipaddress import ip_network

import pytest

from tests.ddns.devices import ask

PAGE = "<html><head><title>Current IP Check</title></head><body>Current IP Address: {}</body></html>"
FORMS = [
    *((path, "text/plain", "{}\n") for path in ("/myip", "/ip", "/text")),
    *(
        (path, "text/html", PAGE)
        for path in ("/nic/checkip", "/nic/checkip/", "/checkip", "/checkip/", "/checkip.html")
    ),
    *((path, "application/json", '{{"ip":"{}"}}') for path in ("/json", "/ip.json")),
    ("/dynamic/check.php", "text/plain", "Detected IP : {}\n"),
]


@pytest.mark.parametrize("address", ["198.51.100.9", "2001:db8::9"])
@pytest.mark.parametrize(("path", "content_type", "body"), FORMS)
def test_each_form_is_answered_byte_for_byte(path, content_type, body, address):
    response = ask("GET", path, REMOTE_ADDR=address)

    expected = body.format(address).encode()
    assert (response.status_code, response.content) == (200, expected)
    assert dict(response.headers) == {
        "Content-Type": content_type,
        "Content-Length": str(len(expected)),
        "Cache-Control": "no-cache, no-store",
        "Pragma": "no-cache",
    }


@pytest.mark.parametrize("host", ["checkip.ddns.test", "checkip.ddns.test:8245", "ip1.ddns.test", "ip2.ddns.test"])
def test_devices_find_the_page_at_the_root_of_its_own_host(host):
    response = ask("GET", "/", REMOTE_ADDR="198.51.100.9", HTTP_HOST=host)

    assert response.content.decode() == PAGE.format("198.51.100.9")


@pytest.mark.parametrize(
    ("host", "body"),
    [
        ("checkip.dns.ddns.test", "Your IP address is : 198.51.100.9\n"),
        ("ipv4.ddns.test", "198.51.100.9\n"),
        ("ipv6.ddns.test:8000", "198.51.100.9\n"),
    ],
)
def test_hosts_have_the_forms_of_those_whose_names_they_bear(host, body):
    assert ask("GET", "/", REMOTE_ADDR="198.51.100.9", HTTP_HOST=host).content.decode() == body


@pytest.mark.parametrize("host", ["ddns.test", "www.ddns.test", "xcheckip.ddns.test", ""])
def test_the_root_of_other_hosts_is_not_checkip(db, host, settings):
    settings.ALLOWED_HOSTS = ["*"]

    assert b"Current IP" not in ask("GET", "/", REMOTE_ADDR="198.51.100.9", HTTP_HOST=host).content


@pytest.mark.parametrize(("path", "content_type", "body"), FORMS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_is_read_only(path, content_type, body, method):
    response = ask(method, path)

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_a_spoofed_header_is_not_believed():
    response = ask("GET", "/ip", REMOTE_ADDR="198.51.100.9", HTTP_X_FORWARDED_FOR="203.0.113.66")

    assert response.content == b"198.51.100.9\n"


def test_behind_a_trusted_proxy_the_client_is_told_its_own_address(settings):
    settings.TRUSTED_PROXIES = [ip_network("192.0.2.1")]
    response = ask("GET", "/ip", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="203.0.113.66, 198.51.100.9")

    assert response.content == b"198.51.100.9\n"


def test_it_needs_no_database_no_key_and_no_known_host():
    """The tests of this module ask for no database: pytest-django would refuse a query."""
    assert ask("GET", "/ip", REMOTE_ADDR="198.51.100.9", HTTP_HOST="nonsense").content == b"198.51.100.9\n"
