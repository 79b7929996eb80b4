"""Visitors of names that nobody complains about: a process that asks for them all the time and counts what it is told.

`python -m bench.innocents` reads one line of JSON: ports by server, names with the addresses that they have, queries a second.
It asks until its input ends, then prints one line: by second of the clock, how many were asked, answered, wrong and lost.
"""

import json
import select
import socket
import sys
import time
from collections import defaultdict

from bench.customers import Customer
from bench.probe import Watcher

BURST_SECONDS = 0.02
# A query that is not answered within the time is lost.
ANSWER_SECONDS = 1.0

Counts = dict[str, int]


def main() -> None:
    order = json.loads(sys.stdin.readline())
    names, addresses = zip(*order["names"], strict=True)
    visitors = _Visitors(Watcher(order["ports"], [Customer(name, "") for name in names]), addresses)
    burst = max(1, round(order["per_second"] * BURST_SECONDS / len(order["ports"])))
    next_at = time.monotonic()
    while not select.select([sys.stdin], [], [], max(0.0, next_at - time.monotonic()))[0]:
        # Somebody who was kept from the processor does not make up for it.
        next_at = max(next_at + BURST_SECONDS, time.monotonic())
        visitors.go_round(burst)
    print(json.dumps(visitors.counts), flush=True)


class _Visitors:
    def __init__(self, watcher: Watcher, addresses: tuple[str, ...]) -> None:
        self.watcher = watcher
        self.expected = [socket.inet_aton(address) for address in addresses]
        self.counts: dict[int, Counts] = defaultdict(lambda: {"asked": 0, "answered": 0, "wrong": 0, "lost": 0})
        self._next = 0
        # Of each server, when which name was asked for, the oldest first.
        self._under_way: dict[str, dict[int, float]] = {server: {} for server in watcher.sockets}

    def go_round(self, burst: int) -> None:
        counts, now = self.counts[int(time.time())], time.monotonic()
        for server, under_way in self._under_way.items():
            for number, rcode, address in self.watcher.answers(server):
                counts["answered"] += under_way.pop(number, None) is not None
                counts["wrong"] += rcode != 0 or address != self.expected[number]
            while under_way and now - next(iter(under_way.values())) > ANSWER_SECONDS:
                del under_way[next(iter(under_way))]
                counts["lost"] += 1
            for _ in range(burst):
                self.watcher.ask(server, self._next)
                under_way[self._next] = now
                counts["asked"] += 1
                self._next = (self._next + 1) % len(self.expected)


if __name__ == "__main__":
    main()
