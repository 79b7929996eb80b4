"""Reports that others have published, by the doors: each comes to the right subject, category and route, and none is lost."""

import hashlib
import json
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from abuse.models import Case, Evidence, Report, Submission
from ddns.models import Hostname, User
from tests.abuse import sampled
from tests.abuse.intake.samples import paths
from tests.people import logged_in

pytestmark = pytest.mark.django_db

# What each is about, to us: kind, the hostname of ours, route. An address is that of the hostname after it.
CASES = {
    "connection-ddos": [("connection/ddos", "192.0.2.155", "victim")],
    "connection-infected-host": [
        ("connection/infected_host", "203.0.113.85", "victim"),
        ("infrastructure/botnet", "evil-command.example.com", "suspect"),
    ],
    "connection-login-attack": [("connection/login_attack", "198.51.100.77", "victim")],
    "connection-port-scan": [("connection/port_scan", "198.51.100.150", "victim")],
    "connection-reconnaissance": [("connection/reconnaissance", "192.0.2.99", "victim")],
    "connection-scraping": [("connection/scraping", "192.0.2.150", "victim")],
    "connection-sql-injection": [("connection/sql_injection", "192.0.2.45", "victim")],
    "connection-vulnerability-scan": [("connection/vulnerability_scan", "203.0.113.77", "victim")],
    "content-brand-infringement": [("content/brand_infringement", "fake-apple-store.example.com", "suspect")],
    "content-csam": [("content/csam", "example.com", "restricted")],
    "content-csem": [("content/csem", "example.com", "restricted")],
    "content-exposed-data": [("content/exposed_data", "exposed-database.example.com", "suspect")],
    "content-fraud": [("content/fraud", "crypto-scam-invest.example.com", "suspect")],
    "content-malware": [("content/malware", "download-center.example.com", "suspect")],
    "content-phishing": [("content/phishing", "secure-banking-login.example.com", "suspect")],
    "content-remote-compromise": [("content/remote_compromise", "compromised-blog.example.com", "victim")],
    "content-suspicious-registration": [
        ("content/suspicious_registration", "g00gle-verify.example.com", "suspect"),
        ("content/suspicious_registration", "g00gle-accounts.example.com", "suspect"),
        ("content/suspicious_registration", "g0ogle-security.example.net", "suspect"),
    ],
    "copyright-copyright": [("copyright/copyright", "pirate-streams.example.com", "dispute")],
    "copyright-cyberlocker": [("copyright/cyberlocker", "file-sharing.example.com", "dispute")],
    "copyright-link-site": [("copyright/link_site", "links-aggregator.example.net", "dispute")],
    "copyright-p2p": [("copyright/p2p", "192.0.2.100", "dispute")],
    "copyright-ugc-platform": [("copyright/ugc_platform", "video-platform.example.com", "dispute")],
    "copyright-usenet": [("copyright/usenet", "news.usenet-provider.example.com", "dispute")],
    "infrastructure-botnet": [
        ("infrastructure/botnet", "malicious-command.example.com", "suspect"),
        ("connection/infected_host", "198.51.100.25", "victim"),
    ],
    "infrastructure-compromised-server": [("infrastructure/compromised_server", "203.0.113.150", "victim")],
    "messaging-bulk-messaging": [("messaging/bulk_messaging", "mail.bulk-sender.example", "suspect")],
    "messaging-spam": [("messaging/spam", "192.168.1.100", "suspect")],
    "reputation-blocklist": [("reputation/blocklist", "203.0.113.200", "suspect")],
    "reputation-threat-intelligence": [("reputation/threat_intelligence", "192.0.2.50", "suspect")],
    "vulnerability-cve": [("vulnerability/cve", "172.16.1.200", "victim")],
    "vulnerability-misconfiguration": [("vulnerability/misconfiguration", "192.0.2.75", "victim")],
    "vulnerability-open-service": [("vulnerability/open_service", "192.0.2.50", "victim")],
}
WITH_WRONG_HASH = {
    "connection-infected-host", "connection-reconnaissance", "connection-scraping", "connection-sql-injection",
    "connection-vulnerability-scan", "content-brand-infringement", "content-csam", "content-csem", "content-exposed-data",
    "content-fraud", "content-malware", "content-remote-compromise", "content-suspicious-registration",
}  # fmt: skip
RESTRICTED = {"content-csam", "content-csem"}
# An apex, and a label that the operator keeps: ours, and no customer's.
INFRASTRUCTURE = {"example.com", "mail.bulk-sender.example"}
ZONES = ("example.com", "example.net", "bulk-sender.example")


@pytest.fixture
def samples() -> dict[str, bytes]:
    found = {path.stem: path.read_bytes() for path in paths("xarf-v4/*.json")}
    assert found.keys() == CASES.keys()
    return found


@pytest.fixture
def ours(alice: User, settings) -> dict[str, Hostname]:
    """By name, or by the address that it has."""
    settings.HOSTNAMES_PER_ACCOUNT = 1000
    wanted = {subject for each in CASES.values() for _, subject, _ in each} - INFRASTRUCTURE
    found: dict[str, Hostname] = {}
    for zone in ZONES:
        domain = sampled.offer(zone)
        named = sorted(each for each in wanted if each.endswith(f".{zone}"))
        labels = [each.removesuffix(f".{zone}").rpartition(".")[2] for each in named]
        found |= dict(zip(named, sampled.hold(alice, domain, labels), strict=True))
        if zone == "example.com":
            addresses = sorted(each for each in wanted if each[-1].isdigit())
            devices = sampled.hold(alice, domain, [f"at-{each.replace('.', '-')}" for each in addresses])
            for address, device in zip(addresses, devices, strict=True):
                sampled.has(device, address)
            found |= dict(zip(addresses, devices, strict=True))
    return found


def came_to(submission: Submission) -> list[tuple[str, str, str]]:
    """As CASES has it; of a report that is on no case of its hostname the route is empty."""
    return [
        (
            report.kind,
            report.name or str(report.address),
            report.case.route if report.case and report.case.hostname_id == report.hostname_id else "",
        )
        for report in sampled.of(submission)
    ]


def same(found: list, wanted: list) -> bool:
    return sorted(found) == sorted(wanted)


def check_all(by_sample: dict[str, Submission], ours: dict[str, Hostname]) -> None:
    wrong = {
        name: (submission.state, submission.problem, came_to(submission), CASES[name])
        for name, submission in by_sample.items()
        if submission.state != "read" or not same(came_to(submission), CASES[name])
    }
    assert wrong == {}
    for submission in by_sample.values():
        for report in sampled.of(submission):
            assert report.hostname == ours.get(report.name or str(report.address))


def test_every_report_by_the_api_comes_to_the_right_case(samples, ours, root):
    key, by_sample = sampled.key_of(root), {}
    for name, content in samples.items():
        answer = sampled.post(content, key)
        assert answer.status_code == 202, (name, answer.content)
        by_sample[name] = Submission.objects.get(pk=answer.json()["id"])
        assert sampled.is_kept(by_sample[name], content)
    sampled.read()
    for submission in by_sample.values():
        submission.refresh_from_db()
    check_all(by_sample, ours)


@pytest.mark.parametrize("is_attached", [True, False])
def test_every_report_by_mail_comes_to_the_right_case(samples, ours, monkeypatch, is_attached):
    by_sample = {}
    for name, content in samples.items():
        if is_attached:
            mail = sampled.letter("Please see the attached report.\n", number=name)
            mail.add_attachment(content, maintype="application", subtype="json", filename="xarf.json")
        else:
            mail = sampled.letter(f"Hello,\n\n{content.decode()}\n\nKind regards\nTrudy\n", number=name)
        octets = mail.as_bytes()
        before = set(Submission.objects.values_list("pk", flat=True))
        assert sampled.pipe(octets, monkeypatch) == 0
        by_sample[name] = Submission.objects.exclude(pk__in=before).get()
        assert sampled.is_kept(by_sample[name], octets)
    sampled.read()
    for submission in by_sample.values():
        submission.refresh_from_db()
    check_all(by_sample, ours)


def test_wrong_hashes_are_said_and_refuse_nothing(samples, ours, root):
    key = sampled.key_of(root)
    for name, content in samples.items():
        answer = sampled.post(content, key)
        assert answer.status_code == 202
        assert any("sha256" in each for each in answer.json()["warnings"]) == (name in WITH_WRONG_HASH), name
    sampled.read()
    said = json.loads
    wrong = {
        name
        for name, content in samples.items()
        for each in Evidence.objects.filter(report__external_id=said(content)["report_id"])
        if each.problem
    }
    assert wrong == WITH_WRONG_HASH
    for each in Evidence.objects.select_related("blob"):
        assert hashlib.sha256(bytes(each.blob.content)).hexdigest() == each.blob_id


def test_controller_is_the_culprit_and_the_bot_a_victim(samples, ours, root):
    key = sampled.key_of(root)
    for name in ("infrastructure-botnet", "connection-infected-host"):
        sampled.post(samples[name], key)
    sampled.read()
    suspects = set(Case.objects.filter(route="suspect").values_list("name", flat=True))
    assert suspects == {"malicious-command.example.com", "evil-command.example.com"}
    victims = {case.hostname for case in Case.objects.filter(route="victim").select_related("hostname")}
    assert victims == {ours["198.51.100.25"], ours["203.0.113.85"]}


@pytest.mark.parametrize("name", sorted(RESTRICTED))
def test_what_nobody_may_hold_is_there_for_named_people_alone(samples, alice, root, oscar, name):
    """About a customer's name, on every list and page of the desk."""
    (hidden,) = sampled.hold(alice, sampled.offer("hosted.test"), ["hidden"])
    content = samples[name].replace(b"example.com", b"hidden.hosted.test")
    answer = sampled.post(content, sampled.key_of(root))
    assert answer.status_code == 202
    sampled.read()
    report = Report.objects.select_related("case").get(hostname=hidden)
    assert report.case is not None
    assert report.case.route == "restricted"
    assert {each.is_quarantined for each in report.evidence.all()} == {True}

    pages = {
        reverse("admin:abuse_case_change", args=[report.case_id]),
        reverse("admin:abuse_submission_change", args=[report.submission_id]),
    }
    lists = {
        reverse("admin:abuse_case_changelist"),
        reverse("admin:abuse_case_changelist") + "?q=hidden.hosted.test",
        reverse("admin:abuse_submission_changelist"),
        reverse("admin:index"),
    }
    analyst = logged_in(oscar)
    for page in pages:
        assert analyst.get(page).status_code in (403, 404), page
    for page in lists:
        html = analyst.get(page).content.decode()
        assert str(report.submission_id) not in html, page
        assert reverse("admin:abuse_case_change", args=[report.case_id]) not in html, page

    oscar.user_permissions.add(Permission.objects.get(codename="view_restricted_case"))
    named = logged_in(User.objects.get(pk=oscar.pk))
    for page in pages:
        assert named.get(page).status_code == 200, page
    # Its octets are for nobody, whoever asks.
    show = reverse("admin:abuse_submission_show", args=[report.submission_id])
    assert (analyst.post(show).status_code, named.post(show).status_code) == (404, 404)


# --- Feedback reports -----------------------------------------------------------------------------------------


def words(text: str) -> str:
    """BodyHash, AuthFailure: as RFC 6591 spells them."""
    return {"AuthFailure": "auth-failure", "Unspecified": ""}.get(text, text.lower())


def said(expected: dict) -> dict:
    """What is said in one, as our details have it: without what was not said, and what is for a mail system."""
    fields = {name: value for name, value in expected.items() if value not in (None, [], 0, "Unspecified")}
    for name in ("feedback_type", "auth_failure", "delivery_result", "identity_alignment"):
        if name in fields:
            fields[name] = words(fields[name])
    if "arrival_date" in fields:
        fields["arrival_date"] = f"{sampled.datetime.fromtimestamp(fields['arrival_date'], sampled.UTC).isoformat()}"
    return fields


def unfolded(value: object) -> object:
    if isinstance(value, list | tuple):
        return [unfolded(each) for each in value]
    return " ".join(value.split()) if isinstance(value, str) else value


def moment(fields: dict) -> dict:
    """In UTC, whatever zone it was said in; folds are blanks."""
    made = {name: unfolded(value) for name, value in fields.items()}
    if "arrival_date" in made:
        made["arrival_date"] = sampled.datetime.fromisoformat(str(made["arrival_date"])).astimezone(sampled.UTC)
    return made


@pytest.fixture
def feedback() -> list[Path]:
    return paths("arf/*.eml")


def test_feedback_by_mail_says_what_others_read_in_it(feedback, alice, monkeypatch):
    sampled.offer("example.net")
    for path in feedback:
        assert sampled.pipe(path.read_bytes(), monkeypatch, sender="") == 0
    sampled.read()
    for path in feedback:
        submission = Submission.objects.get(blob__sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        assert (submission.state, submission.format) == ("read", "arf")
        report = sampled.of(submission)[0]
        assert moment(report.details["feedback"]) == moment(said(json.loads(path.with_suffix(".json").read_text())))
        # The mail that it is about, octet for octet.
        original = bytes(report.evidence.get().blob.content)
        assert original
        assert original.strip() in path.read_bytes()


def test_feedback_about_an_address_is_on_the_case_of_who_has_it(feedback, alice, monkeypatch):
    (device,) = sampled.hold(alice, sampled.offer("example.org"), ["device"])
    sampled.has(device, "192.0.2.1")
    assert sampled.pipe(feedback[0].read_bytes(), monkeypatch, sender="") == 0
    sampled.read()
    report = Report.objects.get()
    assert (report.kind, report.address, report.hostname) == ("messaging/spam", "192.0.2.1", device)
    assert report.case is not None
