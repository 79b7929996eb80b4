"""Work of several threads at once, for tests of races."""

import threading
from collections.abc import Callable

from django.db import connection


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        # Not pg_stat_activity: within a transaction it stays as it was first read.
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


class Together:
    """Threads that start at once, each on its own database connection; raises what one of them raised."""

    def __init__(self, *work: Callable[[], object]) -> None:
        self._barrier, self._errors = threading.Barrier(len(work)), []
        self.results: list[object] = [None] * len(work)
        self._threads = [threading.Thread(target=self._run, args=(number, each)) for number, each in enumerate(work)]

    def __enter__(self) -> "Together":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _run(self, number: int, work: Callable[[], object]) -> None:
        try:
            self._barrier.wait()
            self.results[number] = work()
        except Exception as error:
            self._errors.append(error)
        finally:
            connection.close()


def together(*work: Callable[[], object]) -> list[object]:
    with Together(*work) as threads:
        pass
    return threads.results
