"""Lists, bundles and feeds that others have published: one case for each name of ours, the same again is one, nothing is lost."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from abuse import feeds
from abuse.models import Case, Feed, Report, Reporter, Submission
from ddns.models import User
from tests.abuse import sampled
from tests.abuse.intake.samples import paths
from tests.people import logged_in
from tests.receivers import Receiver

pytestmark = pytest.mark.django_db

UPLOAD = "/admin/abuse/submission/upload/"
APEXES = ("ddns.net", "duckdns.org")
_HOST = re.compile(r"(?:[a-z]+://)?([\w.-]+)(?::(\d+))?(/.*)?")


class Published:
    """A list, read here in the simplest way: comments off, a host and a port on each line."""

    def __init__(self, path: Path) -> None:
        self.octets = path.read_bytes()
        lines = [line.partition("#")[0].strip() for line in self.octets.decode().splitlines()]
        self.lines = [line for line in lines if line]
        self.entries = [match for line in self.lines if (match := _HOST.fullmatch(line)) and "." in match[1]]
        self.ports: dict[str, set[int]] = {}
        for name, port in ((match[1].lower(), match[2]) for match in self.entries):
            if name.endswith(tuple(f".{apex}" for apex in APEXES)):
                self.ports.setdefault(name, set()).update([int(port)] if port else [])


@pytest.fixture(params=["houdini", "vjw0rm"])
def published(request) -> Published:
    return Published(paths(f"names/{request.param}.txt")[0])


@pytest.fixture
def held(published: Published, alice: User, settings) -> dict[str, set[int]]:
    """Every name below the two apexes: some hundred; with the ports that the list has of each."""
    settings.HOSTNAMES_PER_ACCOUNT = 1000
    for apex in APEXES:
        labels = sorted({name.removesuffix(f".{apex}") for name in published.ports if name.endswith(f".{apex}")})
        sampled.hold(alice, sampled.offer(apex), labels)
    assert len(published.ports) > 100
    return published.ports


def upload(oscar: User, content: bytes, name: str = "list.txt", kind: str = "infrastructure/botnet") -> Submission:
    before = set(Submission.objects.values_list("pk", flat=True))
    file = SimpleUploadedFile(name, content, content_type="text/plain")
    fields = {"file": file, "kind": kind, "on_behalf_of": "cert.example"}
    assert logged_in(oscar).post(UPLOAD, fields).status_code == 302
    submission = Submission.objects.exclude(pk__in=before).get()
    assert sampled.is_kept(submission, content)
    return submission


def by_mail(content: bytes, monkeypatch) -> Submission:
    mail = sampled.letter("The names of a botnet's controllers are attached.\n", subject="Botnet controllers")
    mail.add_attachment(content.decode(), subtype="plain", filename="controllers.txt")
    assert sampled.pipe(mail.as_bytes(), monkeypatch) == 0
    return Submission.objects.get()


def check(submission: Submission, held: dict[str, set[int]]) -> None:
    """One case for each, about the port that the list says."""
    submission.refresh_from_db()
    assert (submission.state, submission.format) == ("read", "list")
    assert sorted(Case.objects.values_list("name", flat=True)) == sorted(held)
    assert set(Case.objects.values_list("category", flat=True)) == {"infrastructure/botnet"}
    for report in Report.objects.filter(submission=submission, duplicate_of=None, name__in=held):
        ports = held[report.name]
        assert report.port in ports if ports else report.port is None, report.name


def test_uploaded_list_opens_one_case_for_each_name(published, held, oscar):
    submission = upload(oscar, published.octets)
    sampled.read()
    check(submission, held)


def test_mailed_list_opens_one_case_for_each_name(published, held, monkeypatch):
    submission = by_mail(published.octets, monkeypatch)
    sampled.read()
    check(submission, held)


def test_same_list_again_is_all_duplicates(published, held, oscar):
    upload(oscar, published.octets)
    sampled.read()
    counts = sorted(Case.objects.values_list("name", "report_count"))
    again = upload(oscar, b"# Updated.\n" + published.octets)
    sampled.read()
    assert {report.state for report in sampled.of(again) if report.name in held} == {"duplicate"}
    assert sorted(Case.objects.values_list("name", "report_count")) == counts


def test_every_line_is_counted(published, oscar):
    """Understood, the same again, or passed over."""
    sampled.offer("ddns.net")
    submission = upload(oscar, published.octets)
    sampled.read()
    submission.refresh_from_db()
    repeated, passed_over, foreign = (
        int(found[1].replace(",", "")) if (found := re.search(words, submission.problem)) else 0
        for words in (r"(\d+) lines repeat", r"(\d+) lines name nothing", r"(\d+) names in it are not ours")
    )
    distinct = {(match[1].lower(), match[2], match[3] or "") for match in published.entries}
    assert passed_over == len(published.lines) - len(published.entries)
    assert repeated == len(published.entries) - len(distinct)
    names = {name for name, *_ in distinct if re.search("[a-z]", name)}
    reported = {report.name for report in sampled.of(submission)} - {""}
    assert foreign + len(reported) == len(names)


# --- STIX -----------------------------------------------------------------------------------------------------


def test_indicator_of_a_url_is_on_the_case_of_its_host(alice, oscar):
    sampled.hold(alice, sampled.offer("hosted.test"), ["x4z9arb"])
    (path,) = paths("stix/indicator-for-malicious-url.json")
    submission = upload(oscar, path.read_bytes().replace(b"x4z9arb.cn", b"x4z9arb.hosted.test"), path.name, kind="")
    sampled.read()
    (report,) = sampled.of(submission)
    assert (report.kind, report.url) == ("content/malware", "http://x4z9arb.hosted.test/4712/")
    assert report.details["malware_family"] == "x4z9arb backdoor"
    assert report.case.name == "x4z9arb.hosted.test"


def test_every_name_of_ours_in_a_campaign_has_its_case(alice, root, settings):
    """One bundle, by the API: indicators with names and addresses, malware, campaigns, identities."""
    settings.HOSTNAMES_PER_ACCOUNT = 1000
    (path,) = paths("stix/poisonivy.json")
    content = path.read_bytes()
    names = set(re.findall(r"[\w.-]+\.(?:dynssl|freetcp|zyns|dyndns-blog|ddns\.us)\.?\w*", content.decode()))
    names = {name for name in names if name.endswith((".dynssl.com", ".freetcp.com"))}
    assert names
    held = set()
    for apex in ("dynssl.com", "freetcp.com"):
        labels = {name.removesuffix(f".{apex}").rpartition(".")[2] for name in names if name.endswith(apex)}
        held |= {each.name for each in sampled.hold(alice, sampled.offer(apex), sorted(labels))}
    assert sampled.post(content, sampled.key_of(root), "application/stix+json").status_code == 202
    sampled.read()
    assert Submission.objects.get().state == "read"
    assert set(Case.objects.values_list("name", flat=True)) == held
    assert names <= set(Report.objects.values_list("name", flat=True))


# --- URLhaus and ThreatFox --------------------------------------------------------------------------------------


@pytest.fixture
def replies(alice) -> dict[str, bytes]:
    """About names of ours: the two hosts, and the address of the third."""
    hosted = sampled.offer("hosted.test")
    sampled.hold(alice, hosted, ["vektorex", "sskymedia"])
    (device,) = sampled.hold(alice, hosted, ["device"])
    sampled.has(device, "139.180.203.104")
    found = {path.stem: path.read_bytes() for path in paths("feeds/*.json")}
    return {
        name: content.replace(b"vektorex.com", b"vektorex.hosted.test").replace(
            b"sskymedia.com", b"sskymedia.hosted.test"
        )
        for name, content in found.items()
    }


def pulled(content: bytes, receiver: Receiver, root: User) -> Submission:
    receiver.status, receiver.body = 200, content
    reporter = Reporter.objects.create(identity="feed:abuse-ch", kind="feed", name="abuse.ch")
    feed = Feed(name="abuse.ch", url=receiver.url, format="urlhaus", reporter=reporter, every=timedelta(hours=1))
    feed.is_enabled = True
    feeds.save(feed, by=root)
    assert feeds.pull_due() == 1
    return Submission.objects.get()


@pytest.mark.parametrize("door", ["upload", "feed"])
@pytest.mark.parametrize(
    ("reply", "name", "kind", "details"),
    [
        ("domain_command", "vektorex.hosted.test", "content/malware", {"is_compromised": None, "confidence": None}),
        ("url_command", "sskymedia.hosted.test", "content/malware", {"is_compromised": True, "is_told_before": True}),
    ],
)
def test_reply_of_urlhaus_is_on_the_case_of_its_host(replies, oscar, root, receiver, door, reply, name, kind, details):
    content = replies[reply]
    submission = pulled(content, receiver, root) if door == "feed" else upload(oscar, content, "reply.json", kind="")
    sampled.read()
    submission.refresh_from_db()
    assert (submission.state, submission.format) == ("read", "urlhaus")
    assert sampled.is_kept(submission, content)
    found = sampled.of(submission)
    assert found
    for report in found:
        assert (report.name, report.kind, report.case.name) == (name, kind, name)
        assert {key: report.details.get(key) for key in details} == details


def test_reply_of_threatfox_keeps_its_confidence_and_port(replies, oscar):
    submission = upload(oscar, replies["query_search_ioc_search_term"], "reply.json", kind="")
    sampled.read()
    (report,) = sampled.of(submission)
    assert (str(report.address), report.port) == ("139.180.203.104", 443)
    assert (report.details["confidence"], report.details["malware_family"]) == (0.5, "Cobalt Strike")
    assert report.case.name == "device.hosted.test"


@pytest.mark.parametrize("door", ["upload", "feed"])
def test_reply_that_names_no_host_is_read_and_nobodys_work(replies, oscar, root, receiver, door):
    content = replies["query_ioc_id_1092411"]
    submission = pulled(content, receiver, root) if door == "feed" else upload(oscar, content, "reply.json", kind="")
    sampled.read()
    submission.refresh_from_db()
    assert (submission.state, submission.format, sampled.of(submission)) == ("read", "threatfox", [])
    assert "Nothing in it names a host." in submission.problem
