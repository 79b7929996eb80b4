"""A worker's database connections, seen from the database."""

from contextlib import closing

from bench.customers import Connection, Customer
from deploy.local.deadline import wait_for
from tests.stack import IN_DNS

WORKER_PROCESSES = 2  # of the stack's worker


def connections(stack) -> set[int]:
    with stack.database() as database:
        rows = database.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in rows.fetchall()}


def is_publishing(stack) -> bool:
    with stack.database() as database:
        return database.execute("SELECT bool_or(lease_token IS NOT NULL) FROM dnsupdate_zone").fetchone()[0]


def test_connections_are_kept_from_task_to_task(stack, alice):
    """A new one for every task cost ten times as much as what the task did."""

    def publish(count: int) -> set[int]:
        """The connections that were there while the worker was at it."""
        seen: set[int] = set()
        with closing(Connection(stack.web_port)) as device:
            for number in range(1, count + 1):
                address = f"192.0.2.{number}"
                assert device.update(Customer(alice.name, alice.key), address) == f"good {address}"
                stack.wait_for_answer(alice.name, "A", address)
                seen |= connections(stack)
                wait_for(lambda: not is_publishing(stack), IN_DNS, "the end of the task")
        return seen

    before = publish(10)
    new = publish(10) - before

    assert len(new) <= WORKER_PROCESSES, "each may have been asked for the first time now"
