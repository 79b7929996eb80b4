"""Posts: reach the permitted address and no other, follow nothing, and end whatever the receiver does."""

import base64
import hmac
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from dnsupdate import posts
from dnsupdate.errors import PostFailed
from tests.certificates import issue
from tests.receivers import Receiver


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Addresses by name, beside the system's own."""
    names: dict[str, list[str]] = {}
    by_system = socket.getaddrinfo

    def look_up(host, port, *args, **options):
        if host not in names:
            return by_system(host, port, *args, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names[host]]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    return names


def is_public(address) -> bool:
    return not address.is_loopback


def test_the_body_arrives_under_the_receivers_own_name(receiver: Receiver):
    answer = posts.post(receiver.url_at("localhost") + "?to=us", b'{"a": 1}', {"X-Mark": "7"})
    ((headers, body),) = receiver.received
    assert (answer.status, body, headers["Content-Type"]) == (204, b'{"a": 1}', "application/json")
    assert (headers["Host"], headers["X-Mark"]) == (f"localhost:{receiver.server_port}", "7")
    assert receiver.paths == ["/hook?to=us"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_is_checked_against_the_name_and_not_against_the_address_connected_to(tls_receiver, host: str):
    assert posts.post(tls_receiver.url_at(host), b"{}", {}).is_accepted


def test_a_certificate_for_another_name_is_refused(tls_receiver, found):
    found["other.example"] = ["127.0.0.1"]
    with pytest.raises(PostFailed, match="CERTIFICATE_VERIFY_FAILED"):
        posts.post(tls_receiver.url_at("other.example"), b"{}", {})
    assert not tls_receiver.received


def test_a_certificate_of_an_authority_that_nobody_trusts_is_refused(tmp_path: Path):
    receiver = Receiver(issue(tmp_path))
    try:
        with pytest.raises(PostFailed, match="CERTIFICATE_VERIFY_FAILED"):
            posts.post(receiver.url, b"{}", {})
    finally:
        receiver.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
def test_an_address_that_is_not_permitted_is_not_connected_to_however_it_is_spelt(receiver: Receiver, host: str):
    with pytest.raises(PostFailed, match="no address that may be connected to"):
        posts.post(receiver.url_at(host), b"{}", {}, permits=is_public)
    assert not receiver.received


def test_of_several_addresses_only_the_permitted_one_is_connected_to(receiver: Receiver, found):
    found["receiver.example"] = ["198.51.100.66", "127.0.0.1"]
    url = receiver.url_at("receiver.example")
    assert posts.post(url, b"{}", {}, permits={ip_address("127.0.0.1")}.__contains__).is_accepted
    with pytest.raises(PostFailed):
        posts.post(url, b"{}", {}, permits=lambda _: False)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int):
    receiver.status, receiver.headers = status, {"Location": receiver.url}
    answer = posts.post(receiver.url, b"{}", {})
    assert (answer.status, answer.is_accepted) == (status, False)
    assert len(receiver.received) == 1


def test_of_a_huge_answer_only_the_beginning_is_read(receiver: Receiver):
    receiver.status, receiver.body = 200, b"x" * 50_000_000
    assert len(posts.post(receiver.url, b"{}", {}).body) == posts.MAX_ANSWER_OCTETS


def test_endless_headers_are_a_failure(receiver: Receiver):
    receiver.headers = {"X-Long": "x" * 70_000}
    with pytest.raises(PostFailed):
        posts.post(receiver.url, b"{}", {})


@pytest.mark.parametrize("first_octets", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX-Drip: 1\r\n"])
def test_a_receiver_that_does_not_finish_is_given_up(receiver: Receiver, monkeypatch, first_octets: bytes):
    monkeypatch.setattr(posts, "TOTAL_SECONDS", 0.2)
    receiver.holds, receiver.first_octets = True, first_octets
    with pytest.raises(PostFailed):
        posts.post(receiver.url, b"{}", {})


def test_a_receiver_that_has_accepted_may_drip_as_it_likes(receiver: Receiver, monkeypatch):
    monkeypatch.setattr(posts, "TOTAL_SECONDS", 0.2)
    receiver.holds, receiver.first_octets = True, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"
    assert posts.post(receiver.url, b"{}", {}).status == 200


@pytest.mark.parametrize("url", ["http://", "https:///x", "http://127.0.0.1:99999/", "http://a..example/", "nonsense"])
def test_an_unusable_url_is_a_failure_and_no_crash(url: str):
    with pytest.raises(PostFailed):
        posts.post(url, b"{}", {})


def test_nobody_listening_is_a_failure(free_port: int):
    with pytest.raises(PostFailed, match="ConnectionRefusedError"):
        posts.post(f"http://127.0.0.1:{free_port}/", b"{}", {})


def test_signatures_are_those_of_standard_webhooks():
    """The example of the specification's own reference implementations."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = posts.signed_headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_rotated_both_sign():
    headers = posts.signed_headers([b"new", b"old"], "1", 7, b"{}")
    expected = [base64.b64encode(hmac.digest(each, b"1.7.{}", "sha256")).decode() for each in (b"new", b"old")]
    assert headers["webhook-signature"] == f"v1,{expected[0]} v1,{expected[1]}"


def test_an_answer_is_fit_to_be_shown():
    assert posts.Answer(500, b"\x1b[31m oh\x00no\xff").text == "[31m oh no\N{REPLACEMENT CHARACTER}"
