"""What Prometheus would read of collectors: its own text format, parsed."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

Samples = dict[tuple[str, ...], float]


def samples(*collectors: Collector) -> Samples:
    """By name and label values in the order of the labels' names: ("dnsupdate_refused_names", "ddns.example")."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return parsed(generate_latest(registry).decode())


def parsed(text: str) -> Samples:
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    keys = [(sample.name, *(value for _, value in sorted(sample.labels.items()))) for sample in found]
    assert len(set(keys)) == len(keys), "a series was told twice"
    return dict(zip(keys, (sample.value for sample in found), strict=True))


def of_family(found: Iterable[tuple[str, ...]], name: str) -> set[tuple[str, ...]]:
    """The label values that the family has."""
    return {key[1:] for key in found if key[0] == name}
