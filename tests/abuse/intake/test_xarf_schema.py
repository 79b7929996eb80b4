"""The schema of one type finds what the whole of XARF's schema finds."""

import json

import pytest
from xarf.schema_validator import SchemaValidator

from abuse.intake import kinds, xarf_schema
from tests.abuse.intake.reports import evidence, xarf
from tests.abuse.intake.samples import paths

WHOLE = SchemaValidator()
WRONG = [
    {},
    {"xarf_version": "5.0"},
    {"timestamp": 7, "report_id": "x"},
    {"reporter": {"org": ""}, "sender": []},
    {"source_port": 70000},
    {"url": None, "domain": "not a name"},
    {"evidence": [evidence(), {"payload": 1}, "text"], "tags": ["Wrong"]},
    {"confidence": 2, "protocol": 6, "destination_port": "x", "first_seen": "yesterday"},
]


def _whole(report):
    return [f"{each.field or 'report'}: {each.message[:200]}." for each in WHOLE.validate(report)]


@pytest.mark.parametrize("kind", kinds.ALL)
def test_each_type_alone_finds_what_the_whole_finds(kind):
    category, _, type_ = kind.partition("/")
    for wrong in WRONG:
        report = xarf(category=category, type=type_) | wrong
        found = xarf_schema.errors_of(report)

        assert sorted(each[:150] for each in found) == sorted(each[:150] for each in _whole(report)), wrong


@pytest.mark.parametrize(
    "said",
    [
        {"category": "content", "type": "unheard_of"},
        {"category": "elsewhere"},
        {"category": ["content"]},
        {"type": None},
        {"category": "content/phishing", "type": ""},
    ],
)
def test_unknown_type_is_held_against_the_whole(said):
    report = xarf(**said)
    found = xarf_schema.errors_of(report)

    assert found
    assert [each[:150] for each in found] == [each[:150] for each in _whole(report)]


def test_missing_type_is_said():
    report = xarf()
    del report["type"]
    assert any("'type' is a required property" in each for each in xarf_schema.errors_of(report))


def test_reference_reports_break_nothing():
    for path in paths("xarf-v4/*.json"):
        assert xarf_schema.errors_of(json.loads(path.read_text())) == [], path.name
