"""Prepared statements when the database ends their connection."""

import pytest
from django.db import OperationalError, close_old_connections, connection, transaction

from dnsupdate.statements import Statement


@pytest.fixture
def backend() -> Statement:
    """Gives the process that the database runs for this connection."""
    return Statement("SELECT pg_backend_pid()")


def end(backend: Statement) -> None:
    """As a restart of the database or an operator would."""
    ((pid,),) = backend()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [int(pid)])
        assert cursor.fetchone() == (True,)
    other.close()


def end_in_a_transaction(backend: Statement) -> None:
    with transaction.atomic():
        end(backend)
        backend()


def test_a_statement_fails_as_a_cursor_would_and_works_on_the_next_connection(committed_db, backend: Statement):
    ((before,),) = backend()
    end(backend)
    with pytest.raises(OperationalError):
        backend()
    close_old_connections()
    ((after,),) = backend()
    assert after != before


def test_a_statement_that_lost_its_transaction_works_on_the_next_connection(committed_db, backend: Statement):
    with pytest.raises(OperationalError):
        end_in_a_transaction(backend)
    close_old_connections()
    assert backend()


def test_a_new_statement_is_prepared_on_a_new_connection_alone(committed_db, backend: Statement):
    ((before,),) = backend()
    connection.close()
    ((after,),) = backend()
    assert after != before
