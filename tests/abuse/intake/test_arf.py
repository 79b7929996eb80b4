"""ARF: feedback reports of mail receivers."""

import json
from datetime import UTC, datetime

import pytest

from abuse.errors import Unreadable
from abuse.intake import arf, mime, parse
from tests.abuse.intake.samples import paths

# What the expected fields call nothing.
NOTHING = (None, [], "Unspecified", 0, "")


def mail(*fields: str, original: str = "", human: str = "This is a report.", kind: str = "abuse") -> bytes:
    """A feedback report with these fields besides the three that it must have."""
    report = "\n".join((f"Feedback-Type: {kind}", "User-Agent: Test/1.0", "Version: 1", *fields))
    forwarded = f"--b\nContent-Type: message/rfc822\n\n{original}\n" if original else ""
    return (
        "From: Feedback <fbl@mail.example>\nTo: abuse@ddns.test\nDate: Sun, 1 Nov 2026 10:00:00 +0000\nSubject: FW: Hi\n"
        "Message-ID: <1@mail.example>\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{human}\n--b\nContent-Type: message/feedback-report\n\n{report}\n\n{forwarded}--b--\n"
    ).encode()


def _same(said: object, expected: object) -> bool:
    """The expected fields spell words in capitals, and count seconds."""
    if isinstance(said, datetime):
        return said.timestamp() == expected
    if isinstance(said, tuple):
        return list(said) == expected
    if said in NOTHING and expected in NOTHING:
        return True
    return said == expected or str(said).replace("-", "").lower() == str(expected).lower()


def test_reference_mails_have_the_expected_fields():
    for path in paths("arf/*.eml"):
        leaves = list(mime.leaves(mime.read(path.read_bytes())))
        said = arf.feedback(next(each for each in leaves if each.content_type == arf.FEEDBACK).content)
        expected = json.loads(path.with_suffix(".json").read_text())
        compared = {name: value for name, value in expected.items() if name not in ("message", "headers")}
        wrong = {
            name: (getattr(said, name), value)
            for name, value in compared.items()
            if not _same(getattr(said, name), value)
        }
        assert wrong == {}, path.name
        draft = parse(path.read_bytes()).drafts[0]
        assert draft.subjects, path.name
        assert draft.attachments[0].content.strip(), path.name


def test_every_field_is_read():
    said = arf.feedback(
        b"Feedback-Type: auth-failure\r\nUser-Agent: Filter/2\r\nVersion: 1\r\n"
        b"Arrival-Date: Sun, 1 Nov 2026 10:00:00 +0000\r\n"
        b"Authentication-Results: mx.example;\r\n    dkim=fail\r\nAuthentication-Results: mx2.example; spf=fail\r\n"
        b"Incidents: 7\r\n"
        b"Original-Envelope-Id: e1\r\nOriginal-Mail-From: <a@ddns.test>\r\nOriginal-Rcpt-To: <b@mail.example>\r\n"
        b"Reported-Domain: ddns.test\r\nReported-URI: https://home.ddns.test/\r\nReported-Uri: mailto:a@ddns.test\r\n"
        b"Reporting-MTA: dns; mx.example\r\nSource-IP: 192.0.2.7 (home.ddns.test)\r\nSource-Port: 2525\r\n"
        b"Auth-Failure: bodyhash\r\nDelivery-Result: reject\r\nIdentity-Alignment: none\r\nDKIM-ADSP-DNS: a\r\n"
        b"DKIM-Canonicalized-Body: Yg==\r\nDKIM-Canonicalized-Header: Yw==\r\n"
        b"DKIM-Domain: ddns.test\r\nDKIM-Identity: @ddns.test\r\n"
        b"DKIM-Selector: s\r\nDKIM-Selector-DNS: d\r\nSPF-DNS: txt\r\n"
    )
    assert said == arf.Feedback(
        feedback_type="auth-failure",
        user_agent="Filter/2",
        version=1,
        arrival_date=datetime(2026, 11, 1, 10, tzinfo=UTC),
        authentication_results=("mx.example;\n    dkim=fail", "mx2.example; spf=fail"),
        incidents=7,
        original_envelope_id="e1",
        original_mail_from="<a@ddns.test>",
        original_rcpt_to="<b@mail.example>",
        reported_domain=("ddns.test",),
        reported_uri=("https://home.ddns.test/", "mailto:a@ddns.test"),
        reporting_mta="mx.example",
        source_ip="192.0.2.7",
        source_port=2525,
        auth_failure="bodyhash",
        delivery_result="reject",
        identity_alignment="none",
        dkim_adsp_dns="a",
        dkim_canonicalized_body="Yg==",
        dkim_canonicalized_header="Yw==",
        dkim_domain="ddns.test",
        dkim_identity="@ddns.test",
        dkim_selector="s",
        dkim_selector_dns="d",
        spf_dns="txt",
    )


@pytest.mark.parametrize(
    ("said", "kind", "is_retraction"),
    [
        ("abuse", "messaging/spam", False),
        ("fraud", "content/phishing", False),
        ("virus", "content/malware", False),
        ("other", "other/unclassified", False),
        ("auth-failure", "other/unclassified", False),
        ("NOT-SPAM", "messaging/spam", True),
        ("unheard-of", "other/unclassified", False),
    ],
)
def test_type_of_feedback_is_a_kind(said, kind, is_retraction):
    (draft,) = parse(mail("Source-IP: 192.0.2.7", kind=said)).drafts
    assert (draft.kind, draft.is_retraction) == (kind, is_retraction)


def test_reported_names_links_and_source_are_subjects():
    original = "From: a@b.example\nSubject: Win\n\nGo to https://lure.ddns.test/win now.\nNot this: plain.ddns.test\n"
    (draft,) = parse(mail("Reported-Domain: home.ddns.test", "Source-IP: 2001:db8::7", original=original)).drafts
    assert [(each.name or each.address, each.role) for each in draft.subjects] == [
        ("home.ddns.test", "domain"),
        ("lure.ddns.test", "url"),
        ("2001:db8::7", "source"),
    ]


def test_links_in_html_of_the_forwarded_mail_are_subjects():
    original = 'Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<p>Click <a href=3D"https://lure.ddns.test/=\nx">here</a></p>'
    (draft,) = parse(mail(original=original)).drafts
    assert [each.url for each in draft.subjects] == ["https://lure.ddns.test/x"]


def test_forwarded_mail_is_kept_to_the_octet():
    original = "From: a@b.example\nX-Odd:  two  blanks \n\nhttps://lure.ddns.test/\n\n"
    (draft,) = parse(mail(original=original)).drafts
    assert draft.attachments[0].content == original.encode()


def test_who_files_is_who_mails():
    (draft,) = parse(mail("Source-IP: 192.0.2.7")).drafts
    assert (draft.reporter.org, draft.reporter.contact, draft.reporter.domain) == (
        "Feedback",
        "fbl@mail.example",
        "mail.example",
    )
    assert draft.external_id == "<1@mail.example>"
    assert draft.evidence_at == datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_missing_fields_are_warnings():
    said = mail("Source-IP: 192.0.2.7").replace(b"Version: 1\n", b"").replace(b"User-Agent: Test/1.0\n", b"")
    assert parse(said).drafts[0].warnings == (
        "User-Agent is missing (RFC 5965 §3.1).",
        "Version is missing (RFC 5965 §3.1).",
    )


def test_address_in_the_letter_counts_where_nothing_else_does():
    (draft,) = parse(mail(human="A mail received from IP 192.0.2.7, see http://www.format.example/.")).drafts
    assert [each.address for each in draft.subjects] == ["192.0.2.7"]


def test_report_that_names_nothing_is_for_a_person():
    with pytest.raises(Unreadable, match="names no host"):
        parse(mail())
