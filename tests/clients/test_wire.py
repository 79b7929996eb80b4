"""What really goes over the wire, from the web server that production runs: read from a socket, byte by byte."""

import base64
import socket

import pytest

GOOD = b"good 192.0.2.1\n"
TIMEOUT_SECONDS = 30.0


@pytest.fixture
def send(stack):
    """Sends these octets, closes, and gives status line, headers (names in lower case), body."""

    def send(octets: bytes) -> tuple[str, dict[str, str], bytes]:
        with socket.create_connection(("127.0.0.1", stack.web_port), TIMEOUT_SECONDS) as connection:
            connection.sendall(octets)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        return status, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body

    return send


@pytest.fixture
def authorization(alice) -> bytes:
    return b"Authorization: Basic " + base64.b64encode(f"{alice.email}:{alice.key}".encode()) + b"\r\n"


def request(target: str, *lines: bytes, method: str = "GET", version: str = "1.1", body: bytes = b"") -> bytes:
    head = f"{method} {target} HTTP/{version}\r\n".encode("latin-1")
    return head + b"".join(lines) + b"Connection: close\r\n\r\n" + body


HOST = b"Host: 127.0.0.1\r\n"


def test_an_answer_has_a_length_and_neither_chunks_nor_cookies_nor_compression(alice, send, authorization):
    target = f"/nic/update?hostname={alice.name}&myip=192.0.2.1"
    status, headers, body = send(request(target, HOST, authorization, b"Accept-Encoding: gzip, br\r\n"))

    assert (status, body) == ("HTTP/1.1 200 OK", GOOD)
    assert headers["content-length"] == str(len(GOOD))
    assert headers["content-type"] == "text/plain"
    assert headers["cache-control"] == "no-store"
    assert not {"transfer-encoding", "content-encoding", "set-cookie", "location", "vary"} & set(headers)


@pytest.mark.parametrize("host", [HOST, b"", b"Host: members.dyndns.org\r\n"], ids=["no port", "none", "foreign"])
def test_http_1_0_is_spoken_as_fritzbox_and_inadyn_do(alice, send, authorization, host):
    target = f"/nic/update?hostname={alice.name}&myip=192.0.2.1"
    status, headers, body = send(request(target, host, authorization, version="1.0"))

    assert status.split(" ", 1)[1] == "200 OK"
    assert (body, headers["content-length"]) == (GOOD, str(len(GOOD)))
    assert "transfer-encoding" not in headers


@pytest.mark.parametrize(
    "path",
    ["//nic/update", "/nic/update/", "/v3/update", "/update", "/nic/update%20http:/ipv6.ddns.test/nic/update",
     "/nic/update%20https://ipv6.ddns.test/nic/update"],
)  # fmt: skip
def test_odd_paths_arrive_as_they_were_sent(alice, send, authorization, path):
    status, _, body = send(request(f"{path}?hostname={alice.name}&myip=192.0.2.1", HOST, authorization))

    assert (status, body) == ("HTTP/1.1 200 OK", GOOD)


def test_a_second_query_string_glued_to_the_first_is_read(alice, send, authorization):
    """EdgeOS with a path in its server field."""
    target = f"/update?ip=%i&hostname=%h/nic/update?system=dyndns&hostname={alice.name}&myip=192.0.2.1"

    assert send(request(target, HOST, authorization))[2] == GOOD


def test_two_urls_glued_by_a_blank_update_with_the_last_usable_address(alice, send, authorization):
    """Some FRITZ!Boxes take two URLs for one."""
    second = f"http://127.0.0.1/nic/update?hostname={alice.name}&myip=2001:db8::1"
    target = f"/nic/update?hostname={alice.name}&myip=192.0.2.1%20{second}"

    assert send(request(target, HOST, authorization))[2] == b"good 2001:db8::1\n"


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_405_with_allow(stack, alice, send, authorization, method):
    target = f"/nic/update?hostname={alice.name}&myip=192.0.2.1"
    status, headers, body = send(request(target, HOST, authorization, b"Content-Length: 0\r\n", method=method))

    assert (status, headers["allow"], body) == ("HTTP/1.1 405 Method Not Allowed", "GET, POST", b"")
    assert stack.answer(alice.name) == []


def test_checkip_answers_head_without_a_body(send):
    status, headers, body = send(request("/nic/checkip", HOST, method="HEAD"))

    assert (status, body) == ("HTTP/1.1 200 OK", b"")
    assert headers["content-type"] == "text/html"


def test_a_posted_form_is_read(alice, send, authorization):
    form = f"hostname={alice.name}&myip=192.0.2.1".encode()
    lines = [HOST, authorization, b"Content-Type: application/x-www-form-urlencoded\r\n"]

    octets = request("/nic/update", *lines, f"Content-Length: {len(form)}\r\n".encode(), method="POST", body=form)
    assert send(octets)[2] == GOOD


HOSTILE = {
    "100 kB of query": request("/nic/update?hostname=" + "a" * 100_000, HOST),
    "NUL escaped": request("/nic/update%00?hostname=%00", HOST),
    "octets above 127": b"GET /nic/update?hostname=\xff\xfe HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    "NUL in a header": request("/nic/update", HOST, b"User-Agent: a\x00b\r\n"),
    "100 kB of header": request("/nic/update", HOST, b"Authorization: Basic " + b"A" * 100_000 + b"\r\n"),
    "a thousand headers": request("/nic/update", HOST, *[b"X-%d: y\r\n" % number for number in range(1000)]),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "two lengths": request(
        "/nic/update", HOST, b"Content-Length: 1\r\nContent-Length: 9\r\n", method="POST", body=b"x"
    ),
    "a length and chunks": request(
        "/nic/update", HOST, b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", method="POST", body=b"0\r\n\r\n"
    ),
}


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=HOSTILE)
def test_hostile_octets_are_refused_and_the_next_request_is_answered(alice, send, authorization, octets):
    try:
        status = send(octets)[0]
    except ConnectionError:
        status = ""
    assert status == "" or 400 <= int(status.split()[1]) < 500 or status.split()[1] == "200"

    assert send(request(f"/nic/update?hostname={alice.name}&myip=192.0.2.1", HOST, authorization))[2] == GOOD
