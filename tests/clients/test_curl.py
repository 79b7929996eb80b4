"""curl and wget, as people put them into cron and routers run them."""

import pytest

from tests.clients.update_client import Ran, run
from tests.left_out import require


@pytest.fixture
def curl(stack, server):
    """curl of a path at the server, with options."""
    program, scheme = require("curl"), "https" if server.is_tls else "http"

    def get(path: str, *options: object) -> Ran:
        return run(
            program, "-sS", "-i", "--cacert", stack.certificate.authority, *options, f"{scheme}://{server}{path}"
        )

    return get


def body(ran: Ran) -> str:
    return ran.said.replace("\r\n", "\n").partition("\n\n")[2]


def test_curl_with_user_and_key_updates(stack, alice, curl):
    path = f"/nic/update?hostname={alice.name}&myip="

    assert body(curl(f"{path}192.0.2.1", "-u", f"{alice.email}:{alice.key}")) == "good 192.0.2.1\n"
    assert body(curl(f"{path}192.0.2.1", "-u", f"x:{alice.key}")) == "nochg 192.0.2.1\n"
    assert body(curl(f"{path}2001:db8::1", "-u", f"{alice.name}:{alice.key}")) == "good 2001:db8::1\n"
    stack.wait_for_answer(alice.name, "A", "192.0.2.1")
    stack.wait_for_answer(alice.name, "AAAA", "2001:db8::1")


def test_curl_without_an_address_means_its_own(stack, alice, curl):
    ran = curl(f"/nic/update?hostname={alice.name}", "-u", f"x:{alice.key}", "-H", "X-Forwarded-For: 203.0.113.66")

    assert body(ran) == "good 127.0.0.1\n"
    stack.wait_for_answer(alice.name, "A", "127.0.0.1")


def test_curl_without_credentials_gets_the_challenge(alice, curl):
    ran = curl(f"/nic/update?hostname={alice.name}")

    assert ran.said.split()[1] == "401"
    assert 'www-authenticate: basic realm="ddns"' in ran.said.lower()
    assert body(ran) == "badauth\n"


def test_curl_may_post_a_form_with_the_key_in_it(stack, alice, curl):
    fields = {"hostname": alice.name, "password": alice.key, "myip": "192.0.2.9"}
    options = [word for name, value in fields.items() for word in ("--data-urlencode", f"{name}={value}")]

    assert body(curl("/nic/update", *options)) == "good 192.0.2.9\n"
    stack.wait_for_answer(alice.name, "A", "192.0.2.9")


def test_curl_is_told_its_address(curl):
    assert body(curl("/myip")) == "127.0.0.1\n"


def test_wget_waits_for_the_challenge_and_then_updates(stack, alice):
    wget = require("wget")
    url = f"{stack.web_url}/nic/update?hostname={alice.name}&myip=192.0.2.3"

    ran = run(wget, "-nv", "-S", "-O", "-", f"--user={alice.email}", f"--password={alice.key}", url)

    assert ran.said.count("HTTP/1.1 401 Unauthorized") == 1, "the first request carries no credentials"
    assert ran.said.count("HTTP/1.1 200 OK") == 1
    assert "good 192.0.2.3\n" in ran.said
    assert ran.status == 0
    stack.wait_for_answer(alice.name, "A", "192.0.2.3")


def test_curl_may_post_a_form_in_parts(stack, alice, curl):
    fields = {"hostname": alice.name, "password": alice.key, "myip": "192.0.2.8"}
    options = [word for name, value in fields.items() for word in ("-F", f"{name}={value}")]

    assert body(curl("/nic/update", *options)) == "good 192.0.2.8\n"
    stack.wait_for_answer(alice.name, "A", "192.0.2.8")


def test_curl_with_the_addresses_of_other_services(stack, alice, curl):
    label, office = alice.labels[0], alice.names[1]

    assert body(curl(f"/update?domains={label}&token={alice.key}&ip=192.0.2.1")) == "OK"
    assert body(curl(f"/update/{label}/{alice.key}/192.0.2.2")) == "OK"
    assert body(curl(f"/update?domains={label}&token=wrong&ip=192.0.2.3")) == "KO"
    stack.wait_for_answer(alice.name, "A", "192.0.2.2")
    updated = body(curl(f"/dynamic/update.php?{alice.key}&hostname={office}&address=192.0.2.4"))
    assert updated.startswith(f"Updated 1 host(s) {office} to 192.0.2.4 in ")
    assert body(curl(f"/upd.php?key={alice.key}&host={office}&ip=192.0.2.5")) == "good 192.0.2.5\n"
    stack.wait_for_answer(office, "A", "192.0.2.5")


def test_curl_with_a_method_in_lower_case_is_understood(alice, curl):
    ran = curl(f"/nic/update?hostname={alice.name}&myip=192.0.2.1", "-X", "get", "-u", f"x:{alice.key}")

    assert body(ran) == "good 192.0.2.1\n"


def test_a_client_that_does_not_trust_the_authority_sends_nothing(stack, alice):
    url = f"{stack.tls_url}/nic/update?hostname={alice.name}&myip=192.0.2.3&password={alice.key}"

    assert run(require("curl"), "-sS", url).status == 60, "curl's code for a certificate that it cannot verify"
    assert stack.answer(alice.name) == []
