"""STIX 2.1: indicators, observations, sightings."""

import json

import pytest

from abuse.errors import Unreadable
from abuse.intake import parse, stix
from tests.abuse.intake.samples import paths

IDENTITY = {"type": "identity", "id": "identity--1", "name": "Watch", "contact_information": "soc@watch.example"}
MALWARE = {"type": "malware", "id": "malware--1", "name": "njRAT", "malware_types": ["remote-access-trojan"]}
INDICATES = {
    "type": "relationship",
    "relationship_type": "indicates",
    "source_ref": "indicator--1",
    "target_ref": "malware--1",
}


def indicator(pattern: str = "[domain-name:value = 'home.ddns.test']", **fields) -> dict:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": "indicator--1",
        "created": "2026-10-01T00:00:00Z",
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": "2026-11-01T10:00:00.123Z",
    } | fields


def _parsed(*objects: dict, **options):
    return parse(json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}).encode(), **options)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[domain-name:value = 'home.ddns.test']", [("home.ddns.test", None)]),
        ("[domain-name:value='HOME.ddns.test']", [("home.ddns.test", None)]),
        ("[ domain-name : value == 'home.ddns.test' ]", [("home.ddns.test", None)]),
        ("[hostname:value = 'home.ddns.test']", [("home.ddns.test", None)]),
        ("[url:value = 'https://home.ddns.test/x?y=\\'z\\'']", [("home.ddns.test", None)]),
        ("[ipv4-addr:value = '192.0.2.7/32']", [("192.0.2.7", None)]),
        ("[ipv6-addr:value = '2001:db8::7']", [("2001:db8::7", None)]),
        ("[domain-name:value IN ('a.ddns.test', 'b.ddns.test')]", [("a.ddns.test", None), ("b.ddns.test", None)]),
        (
            "[domain-name:value = 'a.ddns.test' OR domain-name:value = 'b.ddns.test']",
            [("a.ddns.test", None), ("b.ddns.test", None)],
        ),
        (
            "[domain-name:value = 'a.ddns.test'] FOLLOWEDBY [url:value = 'http://b.ddns.test/']",
            [("a.ddns.test", None), ("b.ddns.test", None)],
        ),
        ("[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:dst_port = 1177]", [("192.0.2.7", 1177)]),
        ("[domain-name:value = 'a.ddns.test' AND domain-name:value != 'b.ddns.test']", [("a.ddns.test", None)]),
        ("[domain-name:value NOT = 'b.ddns.test']", []),
        ("[domain-name:value LIKE '%.ddns.test']", []),
        ("[domain-name:value MATCHES '^.*ddns']", []),
        ("[file:name = 'a.ddns.test']", []),
        ("[domain-name:value = 'unclosed]", []),
        ("[domain-name:value = '']", []),
    ],
)
def test_patterns_name_what_they_compare_with(pattern, expected):
    found, _ = stix.comparisons(pattern)
    assert [(each.name or each.address, each.port) for each in found] == expected


def test_hashes_of_a_pattern_are_kept():
    _, hashes = stix.comparisons(f"[file:hashes.'SHA-256' = '{'0' * 64}' OR file:hashes.MD5 = '{'A' * 32}']")
    assert hashes == ["sha256:" + "0" * 64, "md5:" + "a" * 32]


def test_indicator_is_a_draft():
    tlp = {
        "type": "marking-definition",
        "id": "marking-definition--1",
        "definition_type": "tlp",
        "definition": {"tlp": "amber"},
    }
    fields = {
        "name": "Controller",
        "created_by_ref": "identity--1",
        "confidence": 85,
        "labels": ["rat"],
        "object_marking_refs": ["marking-definition--1"],
        "external_references": [{"source_name": "x", "url": "https://watch.example/1"}],
    }
    (draft,) = _parsed(IDENTITY, tlp, MALWARE, indicator(**fields), INDICATES).drafts
    assert draft.kind == "infrastructure/botnet"
    assert draft.evidence_at.isoformat() == "2026-11-01T10:00:00+00:00"
    assert (draft.reporter.org, draft.reporter.contact, draft.reporter.domain) == (
        "Watch",
        "soc@watch.example",
        "watch.example",
    )
    assert draft.external_id == "indicator--1"
    assert draft.description == "Controller"
    assert draft.details == {
        "malware_family": "njRAT",
        "malware_type": "remote-access-trojan",
        "confidence": 0.85,
        "tags": ["rat"],
        "tlp": "amber",
        "reference": "https://watch.example/1",
        "pattern": "[domain-name:value = 'home.ddns.test']",
    }


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "reputation/threat_intelligence"),
        ({"labels": ["phishing"]}, "content/phishing"),
        ({"name": "Phishing page"}, "content/phishing"),
        (
            {"kill_chain_phases": [{"kill_chain_name": "k", "phase_name": "command-and-control"}]},
            "infrastructure/botnet",
        ),
        ({"indicator_types": ["malicious-activity"]}, "reputation/threat_intelligence"),
        (
            {"indicator_types": ["malicious-activity"], "pattern": "[url:value = 'http://home.ddns.test/a']"},
            "content/malware",
        ),
        ({"indicator_types": ["compromised"]}, "content/remote_compromise"),
    ],
)
def test_kind_is_what_types_labels_and_words_say(fields, kind):
    assert _parsed(indicator(**fields)).drafts[0].kind == kind


def test_kind_of_the_door_counts_where_nothing_is_said():
    assert _parsed(indicator(), kind="content/fraud").drafts[0].kind == "content/fraud"


@pytest.mark.parametrize(
    ("marking", "tlp"),
    [
        ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "amber"),
        ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "amber+strict"),
        ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "clear"),
    ],
)
def test_standard_markings_need_not_be_sent(marking, tlp):
    assert _parsed(indicator(object_marking_refs=[marking])).drafts[0].details["tlp"] == tlp


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ({"revoked": True}, []),
        ({"indicator_types": ["benign"]}, []),
        ({}, [{"type": "sighting", "sighting_of_ref": "indicator--1", "labels": ["false-positive"]}]),
        ({}, [{"type": "sighting", "sighting_of_ref": "indicator--1", "description": "This is a false positive."}]),
        ({}, [{"type": "sighting", "sighting_of_ref": "indicator--1", "x_opencti_negative": True}]),
        ({}, [{"type": "opinion", "object_refs": ["indicator--1"], "opinion": "strongly-disagree"}]),
    ],
)
def test_false_positive_takes_back(fields, more):
    assert _parsed(indicator(**fields), *more).drafts[0].is_retraction is True


def test_true_sighting_says_when_and_takes_nothing_back():
    (draft,) = _parsed(
        indicator(), {"type": "sighting", "sighting_of_ref": "indicator--1", "last_seen": "2026-11-02T00:00:00Z"}
    ).drafts
    assert draft.is_retraction is False
    assert draft.evidence_at.day == 2


def test_observed_objects_are_drafts():
    observed = {
        "type": "observed-data",
        "id": "observed-data--1",
        "last_observed": "2026-11-01T00:00:00Z",
        "object_refs": ["domain-name--1", "url--1"],
    }
    domain = {"type": "domain-name", "id": "domain-name--1", "value": "home.ddns.test"}
    url = {"type": "url", "id": "url--1", "value": "https://lure.ddns.test/"}
    alone = {"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "192.0.2.7"}
    first, second = _parsed(domain, url, observed, alone).drafts
    assert [each.name for each in first.subjects] == ["home.ddns.test", "lure.ddns.test"]
    assert [each.address for each in second.subjects] == ["192.0.2.7"]


def test_observed_objects_of_version_2_0_are_inline():
    observed = {
        "type": "observed-data",
        "id": "observed-data--1",
        "objects": {"0": {"type": "domain-name", "value": "home.ddns.test"}},
    }
    assert _parsed(observed).drafts[0].subjects[0].name == "home.ddns.test"


def test_object_that_an_indicator_names_is_no_second_draft():
    assert (
        len(_parsed(indicator(), {"type": "domain-name", "id": "domain-name--1", "value": "home.ddns.test"}).drafts)
        == 1
    )


def test_indicator_alone_is_read():
    assert parse(json.dumps(indicator()).encode()).drafts[0].subjects[0].name == "home.ddns.test"


def test_indicators_of_other_languages_are_passed_over():
    parsed = _parsed(indicator(), indicator("rule x {}", id="indicator--2", pattern_type="yara"))
    assert (len(parsed.drafts), parsed.passed_over) == (1, 1)


def test_bundle_that_names_nothing_is_refused():
    with pytest.raises(Unreadable, match="names no host"):
        _parsed(MALWARE)


def test_stix_1_is_refused_with_what_to_do():
    with pytest.raises(Unreadable, match=r"Export it as STIX 2\.1"):
        parse(b'<?xml version="1.0"?>\n<stix:STIX_Package xmlns:stix="http://stix.mitre.org/stix-1"/>')


def test_published_bundles_are_understood():
    found = {path.stem: parse(path.read_bytes()) for path in paths("stix/*.json")}
    (lure,) = found["indicator-for-malicious-url"].drafts
    assert (lure.kind, lure.subjects[0].url) == ("content/malware", "http://x4z9arb.cn/4712/")
    assert len(found["poisonivy"].drafts) == 23
    assert {draft.reporter.org for draft in found["poisonivy"].drafts} <= {"", "FireEye, Inc."}


def test_set_without_its_end_takes_no_longer_than_one_with_it():
    """Blanks between texts could once be read in five ways each: sixty of them took for ever."""
    assert stix.comparisons("[domain-name:value IN (" + "'a.ddns.test'    " * 900)[0] == ()


@pytest.mark.parametrize("kind", [[], {}, 7, None])
def test_objects_of_no_type_are_passed_over(kind):
    assert len(_parsed(indicator(), {"type": kind, "id": kind, "value": kind, "object_refs": kind}).drafts) == 1
