"""How soon a suspension is in effect: a device keeps asking while the desk decides."""

import time
from dataclasses import dataclass

from bench.customers import ADDRESSES, Connection, Customer
from bench.orders import Orders
from bench.probe import NXDOMAIN, Watcher

BEFORE_SECONDS, AFTER_SECONDS = 0.5, 1.0
PAUSE_SECONDS = 0.005


@dataclass(frozen=True)
class Asked:
    """One update by the device; seconds of the monotonic clock."""

    sent_at: float
    answered_at: float
    body: str


def measure(web_port: int, dns_port: int, orders: Orders, victim: Customer, *, is_changing: bool) -> dict:
    """Suspends the victim in the midst of its updates. Times are in milliseconds after the commit."""
    watcher = Watcher({"primary": dns_port}, [victim])
    connection = Connection(web_port)
    asked, gone_at, is_ordered = [], None, False
    begin = time.monotonic()
    while (now := time.monotonic()) < begin + BEFORE_SECONDS + AFTER_SECONDS or (gone_at is None and now < begin + 10):
        if not is_ordered and now > begin + BEFORE_SECONDS:
            orders.send("suspend", name=victim.name)
            is_ordered = True
        address = ADDRESSES[len(asked) % len(ADDRESSES) if is_changing else 0]
        asked.append(Asked(now, 0.0, connection.update(victim, address)))
        asked[-1] = Asked(now, time.monotonic(), asked[-1].body)
        watcher.ask("primary", 0)
        time.sleep(PAUSE_SECONDS)
        is_gone = any(rcode == NXDOMAIN for _, rcode, _ in watcher.answers("primary"))
        gone_at = gone_at or (time.monotonic() if is_gone and is_ordered else None)
    connection.close()
    watcher.close()
    return _times(asked, orders.receive()["committed_at"], gone_at)


def _times(asked: list[Asked], committed_at: float, gone_at: float | None) -> dict:
    refused = [each.answered_at for each in asked if each.body == "abuse"]
    accepted_late = [each for each in asked if each.sent_at >= committed_at and each.body != "abuse"]
    return {
        "suspended_ms": _after(committed_at, min(refused, default=None)),
        "suspended_accepted_after": len(accepted_late),
        "suspended_dns_ms": _after(committed_at, gone_at),
    }


def _after(committed_at: float, at: float | None) -> float | None:
    return None if at is None else round(max(0.0, at - committed_at) * 1e3, 1)
