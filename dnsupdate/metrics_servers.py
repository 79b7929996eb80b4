"""Metrics of the authoritative servers of every zone: whether they answer, what serial they have, how far they are behind."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric

from dnsupdate.metric_families import gauge
from dnsupdate.models import ServerState


def families(states: Iterable[ServerState]) -> Iterator[Metric]:
    """Of states that carry their zone and nameserver."""
    rows = [([state.zone.name, state.nameserver.name], state) for state in states]
    labels = ["zone", "nameserver"]
    yield gauge(
        "dnsupdate_server_up",
        "1 if the server answered authoritatively when it was last asked for the zone's SOA, else 0.",
        labels,
        ((names, float(not state.error)) for names, state in rows),
    )
    yield gauge(
        "dnsupdate_server_serial",
        "Serial of the zone that it answered last.",
        labels,
        ((names, state.serial) for names, state in rows if state.serial is not None),
    )
    yield gauge(
        "dnsupdate_server_lag_seconds",
        "For how long it has had an older serial than the primary; 0 while it has the same, none while it does not answer.",
        labels,
        ((names, state.lag.total_seconds()) for names, state in rows if state.lag is not None),
    )
