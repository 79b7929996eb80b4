"""MISP: events with attributes, objects, tags and sightings."""

import json

import pytest

from abuse.errors import Unreadable
from abuse.intake import parse


def attribute(value: str = "home.ddns.test", kind: str = "hostname", **fields) -> dict:
    return {
        "uuid": "a1",
        "type": kind,
        "category": "Network activity",
        "value": value,
        "to_ids": True,
        "timestamp": "1793527200",
    } | fields


def event(*attributes: dict, **fields) -> dict:
    return {
        "uuid": "e1",
        "info": "njRAT controllers",
        "date": "2026-11-01",
        "Orgc": {"name": "Watch"},
        "Attribute": list(attributes),
        "Tag": [{"name": "tlp:amber"}, {"name": 'misp-galaxy:rat="njRAT"'}],
    } | fields


def _parsed(said, **options):
    return parse(json.dumps(said).encode(), **options)


@pytest.mark.parametrize(
    ("kind", "value", "name", "address", "port"),
    [
        ("hostname", "home.ddns.test", "home.ddns.test", "", None),
        ("domain", "Home[.]ddns.test", "home.ddns.test", "", None),
        ("domain|ip", "home.ddns.test|192.0.2.7", "home.ddns.test", "192.0.2.7", None),
        ("hostname|port", "home.ddns.test|1177", "home.ddns.test", "", 1177),
        ("url", "http://home.ddns.test:8080/x", "home.ddns.test", "", 8080),
        ("ip-dst", "192.0.2.7", "", "192.0.2.7", None),
        ("ip-dst|port", "192.0.2.7|1177", "", "192.0.2.7", 1177),
        ("ip-dst|port", "2001:db8::7|1177", "", "2001:db8::7", 1177),
    ],
)
def test_attributes_name_hosts(kind, value, name, address, port):
    (subject,) = _parsed({"Event": event(attribute(value, kind))}).drafts[0].subjects
    assert (subject.name, subject.address, subject.port) == (name, address, port)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda said: {"Event": said},
        lambda said: {"response": [{"Event": said}]},
        lambda said: [{"Event": said}],
        lambda said: said,
    ],
)
def test_event_may_be_wrapped(wrap):
    parsed = _parsed(wrap(event(attribute())))
    (draft,) = parsed.drafts
    assert parsed.format == "misp"
    assert draft.kind == "infrastructure/botnet"
    assert draft.reporter.org == "Watch"
    assert draft.external_id == "e1"
    assert draft.evidence_at.year == 2026
    assert draft.description == "njRAT controllers"
    assert draft.details == {
        "tags": ["tlp:amber", 'misp-galaxy:rat="njRAT"'],
        "tlp": "amber",
        "malware_family": "njRAT",
    }


def test_attributes_of_objects_count():
    held = {"name": "domain-ip", "Attribute": [attribute("home.ddns.test", "domain")]}
    assert _parsed(event(Object=[held])).drafts[0].subjects[0].name == "home.ddns.test"


def test_attributes_that_say_the_same_are_one_draft():
    (draft,) = _parsed(event(attribute("a.ddns.test"), attribute("b.ddns.test"), attribute("a.ddns.test"))).drafts
    assert [each.name for each in draft.subjects] == ["a.ddns.test", "b.ddns.test"]


def test_context_is_passed_over():
    parsed = _parsed(event(attribute("a.ddns.test"), attribute("good.example", to_ids=False)))
    assert [each.name for each in parsed.drafts[0].subjects] == ["a.ddns.test"]
    assert parsed.warnings == ("1 attributes are context (to_ids is false) and were passed over.",)
    assert parsed.passed_over == 1


def test_all_are_taken_where_none_is_marked():
    parsed = _parsed(event(attribute("a.ddns.test", to_ids=False)))
    assert parsed.drafts[0].subjects[0].name == "a.ddns.test"
    assert parsed.warnings == ("No attribute is marked as an indicator (to_ids): all were taken.",)


def test_deleted_attributes_are_gone():
    with pytest.raises(Unreadable, match="names no host"):
        _parsed(event(attribute(deleted=True)))


@pytest.mark.parametrize(
    ("types", "is_retraction"), [(["1"], True), ([1], True), (["0", "1"], False), (["0"], False), ([], False)]
)
def test_false_positive_takes_back(types, is_retraction):
    (draft,) = _parsed(event(attribute(Sighting=[{"type": each} for each in types]))).drafts
    assert draft.is_retraction is is_retraction


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ('rsit:fraud="phishing"', "content/phishing"),
        ('rsit:malicious-code="malware-distribution"', "content/malware"),
        ("c2", "infrastructure/botnet"),
    ],
)
def test_tags_are_kinds(tag, kind):
    assert _parsed(event(attribute(Tag=[{"name": tag}]), info="x")).drafts[0].kind == kind


def test_hashes_are_details():
    said = event(attribute(), attribute("0" * 64, "sha256"))
    parsed = _parsed(said)
    assert parsed.drafts[0].details["file_hashes"] == ["sha256:" + "0" * 64]
    assert parsed.passed_over == 1
