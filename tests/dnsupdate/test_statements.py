"""Prepared statements: they outlive what else happens on their connection."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from psycopg.pq import TransactionStatus

from dnsupdate.models import TsigKey
from dnsupdate.statements import Statement, planned_without


@pytest.fixture
def add() -> Statement:
    return Statement("SELECT $1::int + $2::int")


def read_often() -> None:
    """Often enough for a driver that prepares what it sees again."""
    for _ in range(10):
        TsigKey.objects.filter(name="a").exists()


def undo() -> None:
    with transaction.atomic():
        read_often()
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_statement_works_after_a_transaction_was_rolled_back(add):
    assert add(b"1", b"2") == [(b"3",)]
    read_often()
    undo()

    assert add(b"3", b"4") == [(b"7",)]
    with transaction.atomic():
        assert add(b"5", b"6") == [(b"11",)]


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_somebody_deallocated_is_prepared_again(add):
    add(b"1", b"2")
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    assert add(b"3", b"4") == [(b"7",)]


@pytest.mark.django_db(transaction=True)
def test_in_a_transaction_a_deallocated_statement_fails_once_and_the_next_transaction_has_it_again(add):
    add(b"1", b"2")
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    with pytest.raises(Exception, match="does not exist"), transaction.atomic():
        add(b"3", b"4")
    with transaction.atomic():
        assert add(b"3", b"4") == [(b"7",)]


@pytest.mark.django_db(transaction=True)
def test_a_failing_statement_raises_djangos_errors_and_leaves_nothing_behind():
    insert = Statement("INSERT INTO dnsupdate_tsigkey (name, algorithm, sealed_secret) VALUES ($1, 'hmac-sha256', '')")
    insert(b"taken")

    with pytest.raises(IntegrityError):
        insert(b"taken")
    with pytest.raises(IntegrityError):
        _both(insert, b"other", b"taken")

    assert list(TsigKey.objects.values_list("name", flat=True)) == ["taken"]


@pytest.mark.django_db(transaction=True)
def test_null_and_text_that_looks_like_sql_arrive_as_they_were_sent():
    echo = Statement("SELECT $1::text, $2::text")

    assert echo(None, b"'; DROP TABLE ddns_user; --") == [(None, b"'; DROP TABLE ddns_user; --")]


def seqscan() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_seqscan")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_planner_methods_are_off_within_and_on_after_and_nothing_is_locked_meanwhile(add):
    with planned_without("seqscan", "hashjoin"):
        add(b"1", b"2")
        assert connection.connection.info.transaction_status == TransactionStatus.IDLE
        assert seqscan() == "off"
    assert seqscan() == "on"

    with transaction.atomic():
        with planned_without("seqscan"):
            assert seqscan() == "off"
        assert seqscan() == "on"


@pytest.mark.django_db(transaction=True)
def test_planner_methods_are_on_again_after_a_failure(add):
    with pytest.raises(DatabaseError), planned_without("seqscan"):
        add(b"1", b"none")
    assert seqscan() == "on"

    with pytest.raises(DatabaseError), transaction.atomic(), planned_without("seqscan"):
        add(b"1", b"none")
    assert seqscan() == "on"


@transaction.atomic
def _both(insert: Statement, first: bytes, second: bytes) -> None:
    insert(first)
    insert(second)
