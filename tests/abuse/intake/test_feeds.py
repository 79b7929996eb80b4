"""URLhaus and ThreatFox: dumps and replies."""

import json

import pytest

from abuse.intake import parse
from tests.abuse.intake.samples import paths

URLHAUS_CSV = """################################################################
# abuse.ch URLhaus Database Dump (CSV - recent URLs only)      #
# Last updated: 2026-11-01 10:00:00 (UTC)                      #
################################################################
#
# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter
"1","2026-11-01 09:00:00","http://home.ddns.test:8080/a.exe","online","2026-11-01 09:30:00","malware_download","exe,njrat","https://urlhaus.abuse.ch/url/1/","carol"
"2","2026-11-01 08:00:00","http://192.0.2.7/bin.sh","offline","","malware_download","None","https://urlhaus.abuse.ch/url/2/","carol"
"""
THREATFOX_CSV = """################################################################
# abuse.ch ThreatFox IOCs: recent - CSV format                 #
################################################################
#
# "first_seen_utc","ioc_id","ioc_value","ioc_type","threat_type","fk_malware","malware_alias","malware_printable","last_seen_utc","confidence_level","is_compromised","reference","tags","anonymous","reporter"
"2026-11-01 09:00:00", "11", "home.ddns.test:1177", "domain", "botnet_cc", "win.njrat", "Bladabindi,Lime-Worm", "NjRAT", "None", "75", "False", "None", "njrat,rat", "0", "carol"
"2026-11-01 08:00:00", "12", "192.0.2.7:443", "ip:port", "botnet_cc", "win.remcos", "None", "Remcos", "2026-11-01 09:30:00", "100", "True", "https://ref.example/", "None", "1", "dave"
"2026-11-01 07:00:00", "13", "0123456789abcdef0123456789abcdef", "md5_hash", "payload", "win.remcos", "None", "Remcos", "None", "50", "False", "None", "None", "0", "dave"
"2026-11-01 07:00:00", "14", "https://lure.ddns.test/x", "url", "payload_delivery", "unknown", "None", "Unknown malware", "None", "50", "False", "None", "None", "0", "dave"
"""  # noqa: E501 - lines of others are long
URL = {
    "id": "7",
    "url": "http://home.ddns.test/a.exe",
    "url_status": "online",
    "dateadded": "2026-11-01 09:00:00 UTC",
    "threat": "malware_download",
    "tags": ["exe"],
    "urlhaus_link": "https://urlhaus.abuse.ch/url/7/",
    "reporter": "carol",
}
IOC = {
    "ioc_value": "home.ddns.test",
    "ioc_type": "domain",
    "threat_type": "botnet_cc",
    "malware_printable": "NjRAT",
    "first_seen_utc": "2026-11-01 09:00:00",
    "last_seen_utc": None,
    "confidence_level": 75,
    "is_compromised": True,
    "tags": "njrat,rat",
    "reporter": "carol",
}


def test_csv_of_urlhaus():
    parsed = parse(URLHAUS_CSV.encode())
    first, second = parsed.drafts
    assert parsed.format == "urlhaus"
    assert (first.kind, first.subjects[0].name, first.subjects[0].port) == ("content/malware", "home.ddns.test", 8080)
    assert first.subjects[0].url == "http://home.ddns.test:8080/a.exe"
    assert first.evidence_at.isoformat() == "2026-11-01T09:30:00+00:00"
    assert first.reporter.domain == "abuse.ch"
    assert first.external_id == "1"
    assert first.details == {
        "threat_type": "malware_download",
        "url_status": "online",
        "tags": ["exe", "njrat"],
        "reference": "https://urlhaus.abuse.ch/url/1/",
        "reported_by": "carol",
    }
    assert second.subjects[0].address == "192.0.2.7"
    assert "tags" not in second.details


def test_csv_of_threatfox():
    parsed = parse(THREATFOX_CSV.encode())
    controller, compromised, lure = parsed.drafts
    assert (parsed.format, parsed.passed_over) == ("threatfox", 1)
    assert (controller.kind, controller.subjects[0].name, controller.subjects[0].port) == (
        "infrastructure/botnet",
        "home.ddns.test",
        1177,
    )
    assert controller.details == {
        "threat_type": "botnet_cc",
        "malware_family": "NjRAT",
        "malware_alias": "Bladabindi,Lime-Worm",
        "confidence": 0.75,
        "is_compromised": False,
        "tags": ["njrat", "rat"],
        "reported_by": "carol",
    }
    assert compromised.details["is_compromised"] is True
    assert compromised.evidence_at.minute == 30
    assert (lure.kind, lure.subjects[0].url) == ("content/malware", "https://lure.ddns.test/x")


def test_older_csv_of_threatfox_has_a_column_less():
    said = THREATFOX_CSV.replace('"is_compromised",', "").replace(' "False",', "").replace(' "True",', "")
    assert parse(said.encode()).drafts[1].details["reference"] == "https://ref.example/"


@pytest.mark.parametrize(
    "said",
    [
        {"7": [URL]},
        {"query_status": "ok", "urls": [URL]},
        URL,
        {"query_status": "ok", "urlhaus_reference": "r", "host": "home.ddns.test", "urls": [URL]},
    ],
)
def test_json_of_urlhaus(said):
    parsed = parse(json.dumps(said).encode())
    assert parsed.format == "urlhaus"
    assert [each.url for each in parsed.drafts[0].subjects] == ["http://home.ddns.test/a.exe"]


@pytest.mark.parametrize(
    "said", [{"11": [IOC]}, {"query_status": "ok", "data": [IOC]}, {"query_status": "ok", "data": IOC}, IOC, [IOC]]
)
def test_json_of_threatfox(said):
    parsed = parse(json.dumps(said).encode())
    assert parsed.format == "threatfox"
    assert parsed.drafts[0].kind == "infrastructure/botnet"
    assert parsed.drafts[0].details["confidence"] == 0.75
    assert parsed.drafts[0].details["is_compromised"] is True


@pytest.mark.parametrize(
    ("listed", "is_compromised"),
    [("abused_legit_malware", True), ("abused_legit_phishing", True), ("spammer_domain", None), ("not listed", None)],
)
def test_abused_legitimate_hosts_are_compromised(listed, is_compromised):
    said = {"query_status": "ok", "urls": [URL], "blacklists": {"spamhaus_dbl": listed, "surbl": "not listed"}}
    assert parse(json.dumps(said).encode()).drafts[0].details.get("is_compromised") is is_compromised


def test_one_per_cent_is_not_certainty():
    assert parse(json.dumps(IOC | {"confidence_level": 1}).encode()).drafts[0].details["confidence"] == 0.01


@pytest.mark.parametrize("said", [{"query_status": "no_results"}, {"query_status": "no_result", "data": []}])
def test_reply_of_nothing_is_no_draft(said):
    parsed = parse(json.dumps(said).encode())
    assert parsed.drafts == ()
    assert parsed.warnings == ("Nothing in it names a host.",)


def test_published_replies_are_understood():
    found = {path.stem: parse(path.read_bytes()) for path in paths("feeds/*.json")}
    assert {stem: (parsed.format, len(parsed.drafts)) for stem, parsed in found.items()} == {
        "domain_command": ("urlhaus", 2),
        "url_command": ("urlhaus", 1),
        "query_ioc_id_1092411": ("threatfox", 0),
        "query_search_ioc_search_term": ("threatfox", 1),
    }
    assert found["url_command"].drafts[0].details["is_compromised"] is True
