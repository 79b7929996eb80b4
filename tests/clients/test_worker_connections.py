"""A worker's database connections, seen from the database."""

from contextlib import closing

from bench.customers import Connection, Customer


def connections(stack) -> set[int]:
    with stack.database() as database:
        rows = database.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in rows.fetchall()}


def test_connections_are_kept_from_task_to_task(stack, alice):
    """A new one for every task cost ten times as much as what the task did."""

    def publish(count: int) -> None:
        with closing(Connection(stack.web_port)) as device:
            for number in range(1, count + 1):
                address = f"192.0.2.{number}"
                assert device.update(Customer(alice.name, alice.key), address) == f"good {address}"
                stack.wait_for_answer(alice.name, "A", address)

    publish(10)
    before = connections(stack)
    publish(10)

    assert before
    assert before <= connections(stack)
