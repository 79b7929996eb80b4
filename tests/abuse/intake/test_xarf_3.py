"""XARF 3: converted, without asking for more than a reporter wrote."""

import copy
import json

import pytest

from abuse.intake import parse
from tests.abuse.intake.seeds import XARF_3


def _draft(**fields):
    report = copy.deepcopy(XARF_3)
    report["Report"] = {name: value for name, value in (report["Report"] | fields).items() if value is not None}
    return parse(json.dumps(report).encode()).drafts[0]


def test_report_is_converted():
    draft = _draft()
    assert draft.kind == "content/phishing"
    assert [(each.name or each.address, each.role) for each in draft.subjects] == [
        ("home.ddns.test", "url"),
        ("192.0.2.7", "source"),
    ]
    assert draft.subjects[1].port == 443
    assert (draft.reporter.org, draft.reporter.contact, draft.reporter.domain) == (
        "Watch",
        "soc@watch.example",
        "watch.example",
    )
    assert draft.evidence_at.isoformat() == "2026-11-01T10:00:00+00:00"
    assert draft.warnings == ("This is XARF 3, converted to XARF 4.",)
    assert [(each.content, each.description, each.problem) for each in draft.attachments] == [(b"GET /", "Log", "")]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Spam", "messaging/spam"),
        ("Login-Attack", "connection/login_attack"),
        ("login-attack", "connection/login_attack"),
        ("Port-Scan", "connection/port_scan"),
        ("DDoS", "connection/ddos"),
        ("Phishing", "content/phishing"),
        ("Malware", "content/malware"),
        ("Copyright", "copyright/copyright"),
        ("Child-Abuse", "content/csam"),
    ],
)
def test_types_are_those_of_version_4(said, kind):
    assert _draft(ReportType=said).kind == kind


def test_source_of_a_botnet_is_a_victim():
    assert _draft(ReportType="Botnet", Url=None).kind == "connection/infected_host"


def test_unknown_type_comes_in_with_a_warning():
    draft = _draft(ReportType="Odd Thing")
    assert draft.kind == "content/odd_thing"
    assert "ReportType “Odd Thing” is none of XARF 3: taken as content/odd_thing." in draft.warnings


@pytest.mark.parametrize(
    "fields",
    [
        {"SourceIp": None, "Url": None, "Source": {"URL": "https://home.ddns.test/bank"}},
        {"SourceIp": None, "Url": None, "AdditionalInfo": {"URL": "https://home.ddns.test/bank"}},
        {"SourceIp": None, "Url": None, "DomainName": "home.ddns.test"},
        {"SourceIp": None, "Url": None, "Source": {"IP": "home.ddns.test", "Port": 80}},
        {"ReportType": "Spam"},
        {"ReportType": "DDoS", "Protocol": None},
    ],
)
def test_what_the_library_refuses_comes_in(fields):
    """It raises where there is no protocol, no URL, no source by its name."""
    assert "home.ddns.test" in [each.name for each in _draft(**fields).subjects]


@pytest.mark.parametrize("info", [None, {}, [], "x", {"ReporterOrgEmail": "no address"}])
def test_reporter_may_be_missing(info):
    report = XARF_3 | {"ReporterInfo": info}
    assert parse(json.dumps(report).encode()).drafts[0].kind == "content/phishing"


def test_attachment_in_base64_is_decoded_and_measured():
    sample = {"ContentType": "text/plain", "Data": "R0VUIC8=", "Hashes": {"SHA256": "0" * 64}}
    (attachment,) = _draft(Samples=None, Attachment=[sample]).attachments
    assert attachment.content == b"GET /"
    assert attachment.problem.startswith("Its sha256 is ")
