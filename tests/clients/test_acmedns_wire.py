"""Clients of acme-dns that cannot be run here, replayed octet for octet at the web server that production runs.

acme.sh 3.1.4 as it was captured; lego's acme-dns provider and goacmedns, its library, by their source: Debian's lego has none.
"""

import base64
import json
import socket

import pytest

TIMEOUT_SECONDS = 30.0
TEXT = "LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM"
ACME_SH = b"User-Agent: acme.sh/3.1.4 (https://github.com/acmesh-official/acme.sh)\r\nAccept: */*\r\n"
GO = b"User-Agent: goacmedns (linux; amd64)\r\nAccept-Encoding: gzip\r\n"
HTTP_STORAGE = b"User-Agent: Go-http-client/1.1\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n"


@pytest.fixture
def send(stack):
    """Sends a request and gives status, headers (names in lower case) and body. Nothing is added but what closes it."""

    def send(line: str, *headers: bytes, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        octets = line.encode() + b"\r\n" + b"".join(headers) + b"Connection: close\r\n\r\n" + body
        with socket.create_connection(("127.0.0.1", stack.web_port), TIMEOUT_SECONDS) as connection:
            connection.sendall(octets)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, content = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        return int(status.split()[1]), dict(_field(each) for each in lines), content

    return send


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name.lower(), value


def host(stack) -> bytes:
    return f"Host: 127.0.0.1:{stack.web_port}\r\n".encode()


def api(account: dict) -> bytes:
    return f"X-Api-User: {account['username']}\r\nX-Api-Key: {account['password']}\r\n".encode()


def sized(body: bytes, content_type: str) -> bytes:
    return f"Content-Length: {len(body)}\r\nContent-Type: {content_type}\r\n".encode()


def test_acme_sh_registers_with_neither_length_nor_type_and_posts_json_as_a_form(stack, alice, send):
    base = f"/acme/{alice.key}/{alice.name}"
    status, headers, body = send(f"POST {base}/register HTTP/1.1", host(stack), ACME_SH)
    assert (status, headers["content-type"], headers["content-length"]) == (201, "application/json", str(len(body)))
    assert not {"transfer-encoding", "content-encoding", "set-cookie", "location", "vary"} & set(headers)
    account = json.loads(body)

    body = f'{{"subdomain":"{account["subdomain"]}", "txt": "{TEXT}"}}'.encode()
    form = sized(body, "application/x-www-form-urlencoded")
    status, _, answer = send(f"POST {base}/update HTTP/1.1", host(stack), ACME_SH, api(account), form, body=body)
    assert status == 200
    assert f'"{TEXT}"'.encode() in answer, "what it greps for"
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "TXT", f'"{TEXT}"')


def test_goacmedns_registers_and_updates(stack, alice, send):
    authorization = b"Authorization: Basic " + base64.b64encode(f"{alice.name}:{alice.key}".encode()) + b"\r\n"
    body = b'{"AllowFrom":["127.0.0.0/8"]}'
    head = [host(stack), GO, sized(body, "application/json"), authorization]
    status, _, answer = send("POST /register HTTP/1.1", *head, body=body)
    account = json.loads(answer)
    assert (status, account["allowfrom"]) == (201, ["127.0.0.0/8"])

    body = f'{{"SubDomain":"{account["subdomain"]}","Txt":"{TEXT}"}}'.encode()
    head = [host(stack), GO, sized(body, "application/json"), api(account)]
    assert send("POST /update HTTP/1.1", *head, body=body)[0] == 200
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "TXT", f'"{TEXT}"')


def test_lego_fetches_an_account_from_its_storage_and_updates_with_it(stack, alice, send):
    status, _, answer = send(f"GET /acme/{alice.key}/storage/{alice.name} HTTP/1.1", host(stack), HTTP_STORAGE)
    account = json.loads(answer)
    assert (status, account["fulldomain"]) == (200, f"_acme-challenge.{alice.name}")

    body = json.dumps({"subdomain": account["subdomain"], "txt": TEXT}).encode()
    head = [host(stack), GO, sized(body, "application/json"), api(account)]
    assert send("POST /acme/update HTTP/1.1", *head, body=body)[0] == 200
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "TXT", f'"{TEXT}"')


def test_lego_registers_for_a_name_elsewhere_and_stores_what_it_got(stack, alice, send):
    storage = f"/acme/{alice.key}/storage/www-{alice.name.replace('.', '-')}.example.org"
    assert send(f"GET {storage} HTTP/1.1", host(stack), HTTP_STORAGE)[0] == 404
    status, _, answer = send("POST /register HTTP/1.1", host(stack), GO, sized(b"", "application/json"))
    account = json.loads(answer)
    assert status == 201

    body = json.dumps({**account, "server_url": stack.web_url}, separators=(",", ":")).encode() + b"\n"
    head = [host(stack), HTTP_STORAGE, sized(body, "application/json")]
    assert send(f"POST {storage} HTTP/1.1", *head, body=body)[0] == 200, "it stops, and tells of the CNAME"
    status, _, answer = send(f"GET {storage} HTTP/1.1", host(stack), HTTP_STORAGE)
    assert (status, json.loads(answer)["fulldomain"]) == (200, account["fulldomain"])


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_registration_without_a_body_is_answered_at_once(stack, alice, send, version):
    assert send(f"POST /acme/{alice.key}/{alice.name}/register HTTP/{version}", host(stack))[0] == 201


def test_body_may_come_in_chunks(stack, alice, send):
    chunks = b"10\r\n" + b'{"allowfrom":["1' + b"\r\n" + b"e\r\n" + b'27.0.0.0/8"]} ' + b"\r\n0\r\n\r\n"
    head = [host(stack), b"Transfer-Encoding: chunked\r\n"]
    status, _, answer = send(f"POST /acme/{alice.key}/{alice.name}/register HTTP/1.1", *head, body=chunks)

    assert (status, json.loads(answer)["allowfrom"]) == (201, ["127.0.0.0/8"])


def test_foreign_host_header_does_not_matter(alice, send):
    """A page would answer 400: it is none of ALLOWED_HOSTS."""
    target = f"POST /acme/{alice.key}/{alice.name}/register HTTP/1.1"

    assert send(target, b"Host: auth.acme-dns.example\r\n")[0] == 201
    assert send("GET /health HTTP/1.1", b"Host: auth.acme-dns.example\r\n")[0] == 200
