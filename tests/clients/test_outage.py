"""What devices are told while a part of the platform is away, and that nothing acknowledged is lost."""

import http.client
import json
from contextlib import closing
from datetime import timedelta

import pytest

from deploy.local.deadline import wait_for

BACK = timedelta(seconds=60)


@pytest.fixture
def update(stack, alice):
    """Status, headers and body of an update of Alice's hostname."""

    def update(address: str, key: str = "") -> tuple[int, dict[str, str], bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", stack.web_port, timeout=30)) as connection:
            headers = {"Authorization": f"Bearer {key or alice.key}"}
            connection.request("GET", f"/nic/update?hostname={alice.name}&myip={address}", headers=headers)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    return update


def assert_outage(answer: tuple[int, dict[str, str], bytes]) -> None:
    status, headers, body = answer
    assert (status, body) == (503, b"911\n")
    assert (headers["retry-after"], headers["content-type"], headers["content-length"]) == ("600", "text/plain", "4")
    assert "www-authenticate" not in headers


def test_while_the_database_is_away_every_update_is_911_and_after_it_all_goes_on(stack, alice, update):
    assert update("192.0.2.1")[2] == b"good 192.0.2.1\n"
    stack.postgres.kill()

    # Never 401, whatever the key: inadyn and UniFi give up for good on it.
    for key in ("", "wrong", alice.key[:-1]):
        assert_outage(update("192.0.2.2", key))
    stack.postgres.start()

    wait_for(lambda: update("192.0.2.3")[0] == 200, BACK, "an update after the database came back")
    assert update("192.0.2.3")[2] == b"nochg 192.0.2.3\n"
    assert update("192.0.2.3", "wrong")[0] == 401
    stack.wait_for_answer(alice.name, "A", "192.0.2.3")


def test_a_connection_that_the_database_dropped_costs_at_most_one_911(stack, alice, update):
    update("192.0.2.1")
    with stack.database() as database:
        database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    first, second = update("192.0.2.2"), update("192.0.2.2")

    if first[0] != 200:
        assert_outage(first)
    assert second[0] == 200
    stack.wait_for_answer(alice.name, "A", "192.0.2.2")


def test_a_statement_that_takes_too_long_is_911_and_nothing_is_half_done(stack, alice, update):
    """Somebody holds the row, and PostgreSQL gives up waiting for it."""
    update("192.0.2.1")
    with stack.database() as database, stack.database() as settings:
        settings.execute(f"ALTER DATABASE {database.info.dbname} SET statement_timeout = '300ms'")
        settings.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '' "
                         "AND pid NOT IN (pg_backend_pid(), %s)", [database.info.backend_pid])  # fmt: skip
        update("192.0.2.1")
        with database.transaction():
            database.execute("SELECT 1 FROM dnsupdate_publication WHERE name = %s FOR UPDATE", [alice.name])
            assert_outage(update("192.0.2.2"))
        settings.execute(f"ALTER DATABASE {database.info.dbname} RESET statement_timeout")
        stored = database.execute("SELECT host(ipv4) FROM ddns_hostname WHERE name = %s", [alice.name]).fetchone()

    assert stored == ("192.0.2.1",)
    assert update("192.0.2.2")[2] == b"good 192.0.2.2\n"


def test_without_broker_updates_are_accepted_and_reach_dns_by_the_sweep(stack, alice, update):
    stack.valkey.kill()

    assert update("192.0.2.7")[2] == b"good 192.0.2.7\n"
    assert update("192.0.2.7", "wrong")[0] == 401
    stack.valkey.start()

    stack.wait_for_answer(alice.name, "A", "192.0.2.7")


def test_without_nameserver_updates_are_accepted_and_reach_dns_when_it_is_back(stack, alice, update):
    stack.bind.kill()

    assert update("192.0.2.8")[2] == b"good 192.0.2.8\n"
    stack.bind.start()

    stack.wait_for_answer(alice.name, "A", "192.0.2.8")


def test_without_worker_updates_are_accepted_and_reach_dns_when_it_is_back(stack, alice, update):
    stack.worker.kill()

    assert update("192.0.2.9")[2] == b"good 192.0.2.9\n"
    stack.worker.start()

    stack.wait_for_answer(alice.name, "A", "192.0.2.9")


def test_health_says_whether_the_database_answers(stack):
    def health() -> tuple[int, dict]:
        with closing(http.client.HTTPConnection("127.0.0.1", stack.web_port, timeout=30)) as connection:
            connection.request("GET", "/healthz")
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    assert health() == (200, {"database": "ok"})
    stack.postgres.kill()
    assert health() == (503, {"database": "unreachable"})
    stack.postgres.start()
    assert wait_for(lambda: health() == (200, {"database": "ok"}), BACK)
