"""X-ARF 0.1: YAML in a mail."""

import pytest

from abuse.errors import Unreadable
from abuse.intake import parse, x_arf

REPORT = """---
Reported-From: soc@watch.example
Category: fraud
Report-Type: phishing
Report-ID: 4711@watch.example
User-Agent: watch/1
Version: 0.1
Date: Sun, 1 Nov 2026 10:00:00 +0000
Source-Type: uri
Source: https://home.ddns.test/bank
TLP: amber
"""


def mail(report: str = REPORT, *, header: str = "X-XARF: PLAIN\n") -> bytes:
    return (
        f"From: Watch <soc@watch.example>\nSubject: abuse report\nDate: Sun, 1 Nov 2026 11:00:00 +0000\n{header}"
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nDear colleagues,\n"
        f"--b\nContent-Type: text/plain; name=report.txt\n\n{report}\n--b\nContent-Type: message/rfc822; name=evidence.eml\n\n"
        "From: a@b.example\n\nHi\n--b--\n"
    ).encode()


def test_report_in_a_mail_is_a_draft():
    parsed = parse(mail())
    (draft,) = parsed.drafts
    assert parsed.format == "x-arf"
    assert draft.kind == "content/phishing"
    assert [(each.name, each.url, each.role) for each in draft.subjects] == [
        ("home.ddns.test", "https://home.ddns.test/bank", "source")
    ]
    assert draft.external_id == "4711@watch.example"
    assert draft.evidence_at.isoformat() == "2026-11-01T10:00:00+00:00"
    assert draft.reporter.domain == "watch.example"
    assert draft.details["tlp"] == "amber"
    assert [each.filename for each in draft.attachments] == ["evidence.eml"]
    assert draft.warnings == ()


@pytest.mark.parametrize(
    "said", [REPORT.encode(), mail(header=""), mail(header="X-ARF: Yes\n"), REPORT.replace("---\n", "").encode()]
)
def test_report_is_known_by_its_fields(said):
    assert parse(said).format == "x-arf"


@pytest.mark.parametrize(
    ("category", "report_type", "kind"),
    [
        ("abuse", "login-attack", "connection/login_attack"),
        ("abuse", "spam", "messaging/spam"),
        ("fraud", "phishing", "content/phishing"),
        ("abuse", "malware-attack", "content/malware"),
        ("info", "botnet-infection", "connection/infected_host"),
        ("abuse", "portscan", "connection/port_scan"),
        ("abuse", "ddos", "connection/ddos"),
        ("fraud", "unheard-of", "content/fraud"),
        ("private", "unheard-of", "other/unclassified"),
    ],
)
def test_category_and_type_are_a_kind(category, report_type, kind):
    said = REPORT.replace("fraud", category).replace("phishing", report_type)
    assert parse(said.encode()).drafts[0].kind == kind


@pytest.mark.parametrize("source", ["192.0.2.7", "2001:db8::7", "home.ddns.test", "home[.]ddns[.]test"])
def test_source_may_be_of_any_type(source):
    (draft,) = parse(REPORT.replace("https://home.ddns.test/bank", f'"{source}"').encode()).drafts
    assert draft.subjects[0].role == "source"


def test_values_stay_texts():
    """YAML would make a date, a number and no (Norway) of these."""
    assert x_arf.load("a: 2026-11-01\nb: 010\nc: no\nd: [1, 2]\ne: {f: null}\n", []) == {
        "a": "2026-11-01",
        "b": "010",
        "c": "no",
        "d": ["1", "2"],
        "e": {"f": "null"},
    }


def test_tags_of_yaml_make_no_objects():
    assert x_arf.load("a: !!python/object/apply:os.system ['true']\n", []) == {"a": ["true"]}


def test_billion_laughs_are_refused():
    laughs = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    with pytest.raises(Unreadable, match="aliases"):
        parse((REPORT + "l0: &l0 [lol]\n" + laughs).encode())


@pytest.mark.parametrize("more", ["x: " + "[" * 40 + "]" * 40, "x: [" + "1, " * 5_000 + "]", "x: " + "y" * 70_000])
def test_too_much_yaml_is_refused(more):
    with pytest.raises(Unreadable, match="The YAML has more than"):
        x_arf.load(REPORT + more, [])


def test_broken_yaml_is_read_line_by_line():
    (draft,) = parse((REPORT + "Info: what: is: this\n\t- broken\n").encode()).drafts
    assert draft.subjects[0].name == "home.ddns.test"
    assert draft.warnings[0].startswith("The YAML is broken")


def test_report_without_source_is_refused_with_what_stood_there():
    with pytest.raises(Unreadable, match="source: “localhost” names no host"):
        parse(REPORT.replace("https://home.ddns.test/bank", "localhost").encode())
