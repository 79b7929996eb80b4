"""What an update costs the database: counted on the wire, below everything that Python could hide."""

import os
import tempfile

import pytest
from django.db import connection
from psycopg.pq import Trace

from ddns import address_updates, contacts, keys
from ddns.models import Hostname, UpdateKey
from dnsupdate.models import Publication
from tests.ddns.devices import caller

pytestmark = pytest.mark.django_db(transaction=True)


def statements(work) -> list[str]:
    """What libpq sends to the server while `work` runs: the names of statements run, or the text of simple queries."""
    pgconn = connection.connection.pgconn
    with tempfile.TemporaryFile() as file:
        pgconn.trace(os.dup(file.fileno()))
        pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        work()
        pgconn.untrace()
        file.seek(0)
        lines = [line.split("\t") for line in file.read().decode(errors="replace").splitlines()]
    return [line[2] + " " + line[-1] for line in lines if line[0] == "F" and line[2] in ("Bind", "Query")]


@pytest.fixture
def update(device, home):
    """An update of home.ddns.test to an address, on a connection that has seen such updates before."""

    def update(address: str, expected: str, **parameters: str) -> None:
        body = device.update(hostname="home.ddns.test", myip=address, **parameters).content.decode()
        assert body == f"{expected} {address}\n"

    for last in (1, 2):
        update(f"203.0.113.{last}", "good")
    update("203.0.113.2", "nochg")
    return update


def test_an_unchanged_update_is_one_statement(update):
    assert len(statements(lambda: update("203.0.113.2", "nochg"))) == 1


def test_a_changed_update_is_two_statements_and_no_transaction_around_them(update):
    sent = statements(lambda: update("203.0.113.3", "good"))

    assert len(sent) == 2
    assert not [each for each in sent if "BEGIN" in each or "COMMIT" in each]


def test_a_list_of_hostnames_is_read_by_one_statement_each(update, device, office):
    device.update(hostname="office.ddns.test", myip="203.0.113.2")

    assert len(statements(lambda: device.update(hostname="home.ddns.test,office.ddns.test", myip="203.0.113.2"))) == 2


def test_a_wrong_key_is_one_statement(update, device):
    device.key = "wrong" * 8

    assert len(statements(lambda: device.update(hostname="home.ddns.test"))) == 1


def test_a_request_without_credentials_asks_the_database_nothing(update, device):
    device.user = device.key = ""

    assert statements(lambda: device.update(hostname="home.ddns.test")) == []


def test_an_unchanged_update_writes_nothing_at_all(update):
    def position() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM ddns_addressupdate")
            history = cursor.fetchone()
            cursor.execute(
                "SELECT xmin::text, ctid::text FROM ddns_hostname UNION ALL SELECT xmin::text, ctid::text "
                "FROM dnsupdate_publication UNION ALL SELECT xmin::text, ctid::text FROM ddns_updatekey"
            )
            return history, cursor.fetchall()  # fmt: skip

    before = position()
    update("203.0.113.2", "nochg")

    assert position() == before
    assert contacts._contacts, "the use of the key is noted, to be written later"


@pytest.mark.parametrize("count", [500, 4000])
def test_the_key_and_the_hostname_are_found_by_their_indexes(count, alice, domain, key, home):
    publications = Publication.objects.bulk_create(
        Publication(zone=domain.zone, name=f"h{number}.ddns.test") for number in range(count)
    )
    Hostname.objects.bulk_create(
        Hostname(account=alice, domain=domain, name=each.name, publication=each) for each in publications
    )
    UpdateKey.objects.bulk_create(
        UpdateKey(account=alice, label="x", prefix="x", digest=keys.digest(str(number))) for number in range(count)
    )
    address_updates.check_key(caller(key))

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%ddns_updatekey key%'")
        (statement,) = cursor.fetchone()
        parameters = f"'\\x{keys.digest(key).hex()}', 'home.ddns.test'"
        cursor.execute(f"EXPLAIN EXECUTE {statement} ({parameters})")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "ddns_updatekey_digest" in plan
    assert "Seq Scan on ddns_updatekey " not in plan
    assert "Seq Scan on ddns_hostname " not in plan
    assert "Seq Scan on dnsupdate_publication " not in plan
