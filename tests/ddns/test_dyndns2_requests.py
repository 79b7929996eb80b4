"""dyndns2: paths, methods, forms, agents, and requests that no device would send."""

import pytest

from ddns.protocols.parameters import MAX_FORM_OCTETS
from tests.ddns.devices import stored

ADDRESS = "203.0.113.5"
QUERY = f"hostname=home.ddns.test&myip={ADDRESS}"
GOOD = f"good {ADDRESS}\n".encode()
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "path",
    [
        "/nic/update", "/v3/update", "/update", "//nic/update", "///nic/update", "//update", "/update/",
        "/nic/update/", "/nic/update//",
        "//v3/update/", "/nic/update%20http:/ipv6.ddns.test/nic/update", "/nic/update http://ipv6.ddns.test/nic/update",
        "/nic/update/https:/ipv6.ddns.test/",
    ],
)  # fmt: skip
def test_an_update_is_taken_on_the_paths_that_devices_use(device, path):
    response = device.get(f"{path}?{QUERY}")

    assert (response.status_code, response.content) == (200, GOOD)


@pytest.mark.parametrize("path", ["/nic/updates", "/nic/", "/nic", "/x/nic/update", "/nicupdate"])
def test_other_paths_are_not_for_updates(device, home, path):
    assert device.get(f"{path}?{QUERY}").status_code == 404
    assert stored(home) == (None, None)


def test_a_form_may_be_posted_and_needs_no_token_against_forgery(device):
    response = device.get("/nic/update", "POST", QUERY.encode(), FORM)

    assert (response.status_code, response.content) == (200, GOOD)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (f"/nic/update?{QUERY}", b""),
        ("/nic/update?hostname=home.ddns.test", f"myip={ADDRESS}".encode()),
        ("/nic/update?myip=203.0.113.9&hostname=home.ddns.test", f"myip={ADDRESS}".encode()),
    ],
)
def test_a_form_and_a_query_are_read_together_and_the_form_wins(device, url, body):
    assert device.get(url, "POST", body, FORM).content == GOOD


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"])
def test_another_method_is_405_and_changes_nothing(device, home, method):
    response = device.get(f"/nic/update?{QUERY}", method)

    assert (response.status_code, response["Allow"], response.content) == (405, "GET, POST", b"")
    assert stored(home) == (None, None)


@pytest.mark.parametrize(
    "agent",
    [
        None,
        "",
        "ddclient/3.10.0",
        "Fritz!Box DDNS/1.0.1",
        "x" * 5000,
        "\x00\x01",
        "Ünicode",
        "'; DROP TABLE ddns_user; --",
    ],
)
def test_any_user_agent_is_accepted_and_a_missing_one_too(device, home, agent):
    device.agent = agent

    assert device.get(f"/nic/update?{QUERY}").content == GOOD
    assert len(home.address_updates.get().agent) <= 200


def test_a_blocked_agent_is_badagent(device, home, settings):
    settings.BLOCKED_AGENTS = ["Broken/1."]
    device.agent = "Vendor Broken/1.2"
    response = device.get(f"/nic/update?{QUERY}")
    assert (response.status_code, response.content) == (200, b"badagent\n")
    assert stored(home) == (None, None)

    device.agent = "Vendor Broken/2.0"
    assert device.get(f"/nic/update?{QUERY}").content == GOOD


def test_answers_set_no_cookie_and_send_nobody_elsewhere(device, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.APPEND_SLASH = True

    for path in ("/nic/update", "/nic/update/", "/v3/update", "/update"):
        response = device.get(f"{path}?{QUERY}")
        assert response.status_code == 200
        assert "Set-Cookie" not in response
        assert "Location" not in response
        assert "Vary" not in response


def test_any_host_header_will_do(device):
    """Devices send addresses, no port, or nothing that we know."""
    for host in ("127.0.0.1", "members.dyndns.org", "[::1]:8000", "nonsense\x7f", ""):
        device.headers["HTTP_HOST"] = host
        assert device.get(f"/nic/update?{QUERY}").status_code == 200


HOSTILE = [
    "hostname=%00&myip=%00", "hostname=home.ddns.test%00&myip=203.0.113.5", "hostname=%FF%FE&myip=%FF", "%00=%00",
    "hostname=home.ddns.test&myip=%C3%28", "hostname=%ED%A0%80.ddns.test", "hostname=' OR '1'='1", "hostname={}&myip={}",
    'hostname="home.ddns.test"', "hostname=home.ddns.test\\", "hostname={home.ddns.test,home.ddns.test}", "hostname=NULL",
    "hostname=home.ddns.test'); DROP TABLE ddns_hostname; --", "=&=&&;;", "hostname", "%", "%%%", "&" * 2000,
    "hostname=" + "a" * 100_000, "hostname=" + "a." * 50_000, "hostname=" + "home.ddns.test," * 7_000,
    "hostname=home.ddns.test&myip=" + "1" * 100_000, "hostname=home.ddns.test&myip=" + "203.0.113.5," * 9_000,
    "hostname=home.ddns.test&myip=" + "<" * 100_000, "hostname=home.ddns.test&myip=" + "%3C" * 30_000,
    "hostname=home.ddns.test&wildcard=" + "x" * 100_000, "hostname=home.ddns.test&offline=%00",
    "hostname=xn--&myip=203.0.113.5", "hostname=xn--a.ddns.test", "hostname=" + "%F0%9F%92%A9" * 5_000,
    "hostname=home.ddns.test&myip=2001:db8::1%25" + "a" * 1000,
]  # fmt: skip
CODES = {b"good", b"nochg", b"nohost", b"notfqdn", b"numhost", b"dnserr", b"badagent"}


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("as_form", [False, True], ids=["query", "form"])
def test_hostile_parameters_are_answered_with_a_code(device, query, as_form):
    device.user = "home.ddns.test"
    request = ("/nic/update", "POST", query.encode(), FORM) if as_form else (f"/nic/update?{query}",)
    response = device.get(*request)

    assert response.status_code == 200
    assert {line.split()[0] for line in response.content.splitlines()} <= CODES


@pytest.mark.parametrize(
    "body", [b"\x00" * 1000, bytes(range(256)), b"\xff\xfe" * 500, b'{"hostname": "home.ddns.test"}', b"--x\r\n\r\n"]
)
@pytest.mark.parametrize(
    "content_type", [FORM, "", "application/json", "multipart/form-data; boundary=x", "text/plain"]
)
def test_a_body_that_is_no_form_is_read_as_an_empty_one(device, body, content_type):
    response = device.get(f"/nic/update?{QUERY}", "POST", body, content_type)

    assert (response.status_code, response.content) == (200, GOOD)


def test_more_fields_than_any_device_sends_are_badagent(device, home):
    many = "&".join(f"x{number}=1" for number in range(2000))

    assert device.get(f"/nic/update?{QUERY}&{many}").content == b"badagent\n"
    assert device.get(f"/nic/update?{QUERY}", "POST", many.encode(), FORM).content == b"badagent\n"
    assert stored(home) == (None, None)


def test_a_form_that_is_too_large_is_badagent(device, home):
    padding = b"&x=" + b"1" * MAX_FORM_OCTETS

    assert device.get("/nic/update", "POST", QUERY.encode() + padding, FORM).content == b"badagent\n"
    assert stored(home) == (None, None)


PARTS = (
    b'--x\r\nContent-Disposition: form-data; name="hostname"\r\n\r\nhome.ddns.test\r\n'
    b'--x\r\ncontent-disposition: form-data; name="myip"\r\nContent-Type: text/plain\r\n\r\n203.0.113.5\r\n--x--\r\n'
)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=x",
        'Multipart/Form-Data; charset=utf-8; boundary="x"',
        "multipart/form-data; BOUNDARY=x",
    ],
)
def test_a_form_may_be_posted_in_parts(device, content_type):
    response = device.get("/nic/update", "POST", PARTS, content_type)

    assert (response.status_code, response.content) == (200, GOOD)


@pytest.mark.parametrize(
    "body",
    [PARTS.replace(b"--x", b"--y"), PARTS.replace(b"form-data", b"attachment"), PARTS.replace(b' name=', b' filename='),
     PARTS.lower().replace(b"content-disp", b"x; content-disp"),
     PARTS.replace(b"\r\n", b"\n"), b"--x" * 900, b"--x--", PARTS[:40], b'--x\r\nContent-Disposition: form-data;' + b" " * 9000],
)  # fmt: skip
def test_parts_that_are_no_fields_are_passed_over(device, home, body):
    device.user = "nobody"
    response = device.get("/nic/update", "POST", body, "multipart/form-data; boundary=x")

    assert (response.status_code, response.content.split()[0]) == (200, b"good"), (
        "the only hostname, and the source's address"
    )
    assert stored(home) == (device.source, None)


def test_more_parts_than_any_device_sends_are_badagent(device):
    response = device.get("/nic/update", "POST", PARTS * 600, "multipart/form-data; boundary=x")

    assert response.content == b"badagent\n"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_method_in_lower_case_is_understood(device, method):
    response = device.get(f"/nic/update?{QUERY}", method, b"x=1", FORM)

    assert (response.status_code, response.content) == (200, GOOD)


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999999999999999999"])
def test_a_nonsensical_length_is_no_error_of_ours(device, length):
    device.headers["CONTENT_LENGTH"] = length

    assert device.get(f"/nic/update?{QUERY}", "POST", b"", FORM).status_code == 200
