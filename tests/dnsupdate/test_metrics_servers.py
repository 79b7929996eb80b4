"""Metrics of servers: up, serial and lag for each server of each zone."""

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

from prometheus_client.registry import Collector

from dnsupdate import metrics_servers
from tests.dnsupdate.samples import of_family, samples


@dataclass(frozen=True)
class State:
    zone: SimpleNamespace
    nameserver: SimpleNamespace
    serial: int | None = 7
    error: str = ""
    lag: timedelta = timedelta(0)


class Servers(Collector):
    def __init__(self, *states: State) -> None:
        self.states = states

    def collect(self):
        return metrics_servers.families(self.states)


ZONE = SimpleNamespace(name="ddns.example")
NS1, NS2 = SimpleNamespace(name="ns1"), SimpleNamespace(name="ns2")


def test_a_server_that_answers_is_up_with_its_serial():
    found = samples(Servers(State(ZONE, NS1, serial=4294967295)))
    assert found["dnsupdate_server_up", "ns1", "ddns.example"] == 1
    assert found["dnsupdate_server_serial", "ns1", "ddns.example"] == 4294967295
    assert found["dnsupdate_server_lag_seconds", "ns1", "ddns.example"] == 0


def test_a_dead_server_is_down_and_the_other_is_not():
    found = samples(Servers(State(ZONE, NS1), State(ZONE, NS2, error="timed out", lag=timedelta(minutes=2))))
    assert found["dnsupdate_server_up", "ns1", "ddns.example"] == 1
    assert found["dnsupdate_server_up", "ns2", "ddns.example"] == 0
    assert found["dnsupdate_server_lag_seconds", "ns2", "ddns.example"] == 120


def test_a_server_that_never_answered_has_no_serial():
    found = samples(Servers(State(ZONE, NS1, serial=None, error="timed out")))
    assert not of_family(found, "dnsupdate_server_serial")
    assert found["dnsupdate_server_up", "ns1", "ddns.example"] == 0
