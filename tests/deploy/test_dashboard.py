"""Dashboard and alert rules: they ask for what the platform tells, and for nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from config import metrics as page
from tests.deploy.promql import metric_names

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
BOARD = json.loads((DEPLOY / "grafana" / "ddns.json").read_text())
RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
# Prometheus's own: whether a target could be read.
OWN = {"up"}


@pytest.fixture
def told(db) -> set[str]:
    """Every name that the endpoint tells, with samples or without."""
    text = generate_latest(page.REGISTRY).decode()
    families = text_string_to_metric_families(text)
    return {f"{family.name}_total" if family.type == "counter" else family.name for family in families}


def panels() -> list[dict]:
    return [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    for panel in panels():
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])
    for variable in BOARD["templating"]["list"]:
        if variable["type"] == "query":
            inner = re.fullmatch(r"label_values\((.+), \w+\)", variable["query"]["query"])
            yield variable["name"], inner[1]
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_metric_that_is_asked_for_is_told(told, where, expression):
    names = metric_names(expression)
    assert names
    assert names <= told | OWN


def test_every_metric_that_is_told_is_shown(told):
    shown = {name for panel in panels() for target in panel["targets"] for name in metric_names(target["expr"])}
    assert told - shown == set()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('sum by (zone) (a_b{zone=~"$zone", x="c"}) > 60', {"a_b"}),
        ("rate(a_total[2m]) / rate(b_total[$__rate_interval])", {"a_total", "b_total"}),
        ("max by (z) (a) - on (z) group_right () b unless c offset 5m", {"a", "b", "c"}),
        ('up{job="ddns"} == 0 or absent(up{job="ddns"})', {"up"}),
        ("count(a == 0) or vector(0)", {"a"}),
    ],
)
def test_metric_names_are_found_in_promql(expression, expected):
    assert metric_names(expression) == expected


def test_board_asks_the_chosen_source_about_the_chosen_zones():
    variables = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["zone"]["datasource"] == DATASOURCE
    for panel in panels():
        assert panel["datasource"] == DATASOURCE
        for target in panel["targets"]:
            assert target["datasource"] == DATASOURCE
            of_zones = re.findall(r"\bdnsupdate_(?!open_alarms)\w+", target["expr"])
            assert target["expr"].count('zone=~"$zone"') == len(of_zones), panel["title"]


def test_panels_are_explained_and_do_not_cover_each_other():
    taken = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not taken & cells, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert all(panel["description"] for panel in panels())
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_operators_page_explains_every_panel_and_alert():
    text = (DEPLOY.parent / "docs" / "operations" / "dashboard.md").read_text()
    assert not [panel["title"] for panel in panels() if panel["title"] not in text]
    assert not [rule["alert"] for rule in RULES if f"`{rule['alert']}`" not in text]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_rule_says_whom_to_wake_and_what_to_do(rule):
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]


def test_prometheus_scrapes_the_page_with_the_token_and_reads_the_rules():
    configuration = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    [scrape] = configuration["scrape_configs"]
    assert scrape["metrics_path"] == page.PATH
    assert scrape["authorization"] == {"credentials_file": "metrics-token"}
    assert configuration["rule_files"] == ["alerts.yml"]
