"""Parts of a stack killed at random while devices update, and started again as a supervisor would."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import psycopg

from bench.customers import ADDRESSES, Connection, Customer
from deploy.local.errors import LocalError
from tests.stack import Stack

# Longer than any part needs to come back, so that no request is given up that is still under way.
PATIENCE = timedelta(seconds=30)
BETWEEN_TRIES = timedelta(milliseconds=200)
LOOK_EVERY = timedelta(milliseconds=100)
SHORTEST_PEACE, LONGEST_PEACE = timedelta(seconds=1), timedelta(seconds=5)

KILLS: dict[str, Callable[[Stack, random.Random], list[int]]] = {
    "the worker": lambda stack, chance: stack.worker.process.family(),
    "beat": lambda stack, chance: [stack.beat.pid],
    "Valkey": lambda stack, chance: [stack.valkey.pid],
    "BIND": lambda stack, chance: [stack.bind.pid],
    "the postmaster": lambda stack, chance: [stack.postgres.pid],
    "one process of PostgreSQL": lambda stack, chance: _one_below(stack.postgres, chance),
    "one process of the web server": lambda stack, chance: _one_below(stack.web, chance),
    "the web server": lambda stack, chance: stack.web.process.family(),
}


class Host:
    """A hostname as the device knows it that keeps it up to date."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.acknowledged: list[str] = []

    @property
    def attempted(self) -> str:
        """The address after the last acknowledged one."""
        return ADDRESSES[len(self.acknowledged) % len(ADDRESSES)]


class Fleet(threading.Thread):
    """One connection on which hosts are updated in turn, as fast as the answers come.

    An address is tried again until it is answered with good or nochg.
    """

    def __init__(self, port: int, hosts: Sequence[Host], stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.port, self.hosts, self.stop = port, hosts, stop
        self.acknowledged_at: list[float] = []
        # what came instead of an acknowledgement, and how often
        self.refusals: Counter[str] = Counter()
        self._connection: Connection | None = None

    def run(self) -> None:
        while not self.stop.is_set():
            for host in self.hosts:
                while not self._is_acknowledged(host) and not self.stop.wait(BETWEEN_TRIES.total_seconds()):
                    pass
        self._disconnect()

    def _is_acknowledged(self, host: Host) -> bool:
        address = host.attempted
        try:
            self._connection = self._connection or Connection(self.port, timeout=PATIENCE.total_seconds())
            answer = self._connection.update(host.customer, address)
        except OSError as error:
            self._disconnect()
            self.refusals[type(error).__name__] += 1
            return False
        if answer not in (f"good {address}", f"nochg {address}"):
            self.refusals[answer] += 1
            return False
        host.acknowledged.append(address)
        self.acknowledged_at.append(time.time())
        return True

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


@dataclass(frozen=True)
class Kill:
    """What was killed, in seconds since the epoch."""

    what: str
    at: float


class Killer:
    """Kills by SIGKILL, every kind in turn in random order, and starts again what has ended, from the main thread."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self.stack, self.chance = stack, random.Random(seed)
        self.kills: list[Kill] = []
        # when the zone was last published, as the rows said it each time we looked
        self.published_at: list[float] = []
        self._kinds = self._endless_kinds()
        self._database: psycopg.Connection | None = None

    def run(self, duration: timedelta) -> None:
        end = time.monotonic() + duration.total_seconds()
        while time.monotonic() < end:
            self.keep_up(self._peace())
            self._kill(next(self._kinds))

    def keep_up(self, duration: timedelta) -> None:
        """Starts again whatever ends in this time, each time at once: a server that fails at first is tried again."""
        end = time.monotonic() + duration.total_seconds()
        while time.monotonic() < end:
            for server in [*self.stack.servers, *self.stack.programs]:
                if not server.alive:
                    with suppress(LocalError, TimeoutError):
                        server.begin()
            self._look_at_rows()
            time.sleep(LOOK_EVERY.total_seconds())

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = None

    def _kill(self, what: str) -> None:
        for pid in KILLS[what](self.stack, self.chance):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.kills.append(Kill(what, time.time()))

    def _peace(self) -> timedelta:
        return SHORTEST_PEACE + (LONGEST_PEACE - SHORTEST_PEACE) * self.chance.random()

    def _endless_kinds(self) -> Iterator[str]:
        while True:
            yield from self.chance.sample(list(KILLS), len(KILLS))

    def _look_at_rows(self) -> None:
        try:
            self._database = self._database or self.stack.database()
            at = self._database.execute("SELECT extract(epoch FROM published_at) FROM dnsupdate_zone").fetchone()[0]
        except psycopg.Error:
            self.close()
            return
        if at is not None and [float(at)] != self.published_at[-1:]:
            self.published_at.append(float(at))


def _one_below(server, chance: random.Random) -> list[int]:
    below = server.process.family()[1:]
    return [chance.choice(below)] if below else []


def pause_after(kill: Kill, times: list[float]) -> float:
    """Seconds from the kill to the next of these times."""
    return round(min((at - kill.at for at in times if at >= kill.at), default=float("inf")), 2)
