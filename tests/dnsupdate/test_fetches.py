"""Fetches by GET: whole or not at all, within limits of size and time, from permitted addresses only."""

import gzip

import pytest

from dnsupdate import posts
from dnsupdate.errors import FetchFailed
from tests.receivers import Receiver

LIMITS = {"most": 1000, "seconds": 5.0}


def test_file_arrives_whole_with_its_headers(receiver: Receiver):
    receiver.status, receiver.body, receiver.headers = 200, b"x" * 1000, {"ETag": '"1"', "Content-Length": "1000"}
    answer = posts.get(receiver.url + "?a=b", {"Auth-Key": "7"}, **LIMITS)
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"x" * 1000, '"1"')
    ((headers, _),) = receiver.received
    assert (receiver.paths, headers["Auth-Key"], headers["Accept-Encoding"]) == (["/hook?a=b"], "7", "gzip")


def test_packed_file_is_unpacked(receiver: Receiver):
    receiver.status, receiver.headers = 200, {"Content-Encoding": "gzip"}
    receiver.body = gzip.compress(b"a name\n" * 100)
    assert posts.get(receiver.url, {}, **LIMITS).body == b"a name\n" * 100


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        ({}, b"x" * 1001, "more than 1000"),
        ({"Content-Length": "100000000"}, b"", "100000000 octets"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"\0" * 50_000_000), "more than 1000"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"x" * 500)[:-4], "too early"),
        ({"Content-Encoding": "gzip"}, b"no gzip", "incorrect header"),
        ({"Content-Length": "900"}, b"x" * 800, "too early"),
        ({"Transfer-Encoding": "chunked"}, b"5\r\nab", "IncompleteRead"),
    ],
)
def test_file_that_is_too_long_or_not_whole_is_a_failure(receiver: Receiver, headers, body, why):
    receiver.status, receiver.headers, receiver.body = 200, headers, body
    with pytest.raises(FetchFailed, match=why):
        posts.get(receiver.url, {}, **LIMITS)


@pytest.mark.parametrize("status", [301, 304, 403, 404, 500])
def test_another_status_is_told_and_its_body_not_read(receiver: Receiver, status: int):
    receiver.status, receiver.body = status, b"x" * 10_000
    answer = posts.get(receiver.url, {}, **LIMITS)
    assert (answer.status, answer.body, len(receiver.received)) == (status, b"", 1)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433"])
def test_address_that_is_not_permitted_is_not_connected_to(receiver: Receiver, host: str):
    with pytest.raises(FetchFailed, match="no address that may be connected to"):
        posts.get(receiver.url_at(host), {}, permits=lambda address: not address.is_loopback, **LIMITS)
    assert not receiver.received


def test_server_that_drips_is_given_up(receiver: Receiver):
    receiver.holds, receiver.first_octets = True, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"
    with pytest.raises(FetchFailed):
        posts.get(receiver.url, {}, most=1000, seconds=0.3)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/", "nonsense", "file:///etc/passwd"]
)
def test_unusable_url_is_a_failure_and_no_crash(url: str):
    with pytest.raises(FetchFailed):
        posts.get(url, {}, most=1000, seconds=1.0)


def test_certificate_is_checked(tls_receiver: Receiver):
    tls_receiver.status, tls_receiver.body = 200, b"x"
    assert posts.get(tls_receiver.url_at("localhost"), {}, **LIMITS).body == b"x"
