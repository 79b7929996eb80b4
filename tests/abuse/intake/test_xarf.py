"""XARF 4: taken in wherever subject and type are clear; what is wrong is said, what is claimed is measured."""

import base64
import hashlib
import json

import pytest

from abuse.errors import Unreadable
from abuse.intake import kinds, parse
from abuse.intake.drafts import Party
from tests.abuse.intake.reports import evidence, xarf
from tests.abuse.intake.samples import paths


def _draft(**fields):
    return parse(json.dumps(xarf(**fields)).encode()).drafts[0]


def _hosts(draft):
    return [(each.name or each.address, each.role) for each in draft.subjects]


def test_all_reference_reports_are_understood():
    seen = set()
    for path in paths("xarf-v4/*.json"):
        report = json.loads(path.read_text())
        draft = parse(path.read_bytes()).drafts[0]
        seen.add(draft.kind)
        assert draft.kind == f"{report['category']}/{report['type']}", path.name
        assert draft.subjects, path.name
        assert draft.evidence_at is not None, path.name
        assert draft.external_id == report["report_id"], path.name
        assert draft.warnings == (), path.name
    assert seen == set(kinds.ALL)


def test_thirteen_reference_reports_have_a_wrong_hash():
    wrong = [
        path.stem
        for path in paths("xarf-v4/*.json")
        if any(a.problem for a in parse(path.read_bytes()).drafts[0].attachments)
    ]
    assert len(wrong) == 13
    assert "content-malware" in wrong
    assert "content-phishing" not in wrong


def test_valid_report_has_no_warnings():
    draft = _draft(evidence=[evidence()], confidence=0.9, tags=["tlp:amber", "brand:bank"], target_brand="Bank")
    assert draft.warnings == ()
    assert draft.kind == "content/phishing"
    assert _hosts(draft) == [("login.ddns.test", "url"), ("192.0.2.10", "source")]
    assert draft.subjects[0].url == "https://login.ddns.test/bank"
    assert draft.reporter == Party("Watch", "soc@watch.example", "watch.example")
    assert draft.complainant == Party()
    assert draft.details["confidence"] == 0.9
    assert draft.details["tlp"] == "amber"
    assert draft.details["target_brand"] == "Bank"
    assert draft.attachments[0].content == b"GET /bank 200"
    assert draft.attachments[0].problem == ""


def test_sender_is_who_files_and_reporter_the_complainant():
    draft = _draft(reporter={"org": "Bank", "contact": "it@bank.example", "domain": "bank.example"})
    assert draft.reporter.domain == "watch.example"
    assert draft.complainant.domain == "bank.example"


def test_reporter_files_where_there_is_no_sender():
    report = xarf()
    del report["sender"]
    draft = parse(json.dumps(report).encode()).drafts[0]
    assert draft.reporter.domain == "watch.example"
    assert draft.complainant == Party()
    assert "'sender' is a required property" in draft.warnings[0]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"report_id": "not-a-uuid"}, "report_id"),
        ({"tags": ["malware:win.njrat"]}, "tags.0"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"confidence": 7}, "confidence"),
        ({"xarf_version": "4.9"}, "xarf_version"),
        ({"evidence": [{"content_type": "text/plain"}]}, "evidence.0"),
        ({"reporter": "soc@watch.example"}, "reporter"),
        ({"description": "x" * 1001}, "description"),
        ({"type": "lure"}, "report"),
        ({"source_port": "80"}, "source_port"),
    ],
)
def test_what_the_schema_refuses_comes_in_with_its_path(fields, path):
    draft = _draft(**fields)
    assert "login.ddns.test" in [each.name for each in draft.subjects]
    assert any(each.startswith(path) for each in draft.warnings), draft.warnings


def test_every_error_is_said():
    warnings = _draft(report_id="x", tags=["A"], confidence=-1, evidence=[{}, {}]).warnings
    assert {each.partition(":")[0] for each in warnings} >= {
        "report_id",
        "tags.0",
        "confidence",
        "evidence.0",
        "evidence.1",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"source_identifier": "Home.DDNS.test"}, ("home.ddns.test", "source")),
        ({"source_identifier": "home.ddns.test:8080"}, ("home.ddns.test", "source")),
        ({"domain": "home.ddns.test."}, ("home.ddns.test", "domain")),
        ({"c2_server": "home[.]ddns[.]test"}, ("home.ddns.test", "c2")),
        ({"c2_servers": [{"address": "home.ddns.test", "port": 1177}]}, ("home.ddns.test", "c2")),
        ({"c2_servers": ["home.ddns.test"]}, ("home.ddns.test", "c2")),
        ({"related_domains": [{"domain": "home.ddns.test", "relationship": "same_ip"}]}, ("home.ddns.test", "related")),
        ({"submission_url": "hxxp://home.ddns.test/post"}, ("home.ddns.test", "submission")),
        ({"redirect_chain": ["https://a.example/", "https://home.ddns.test/"]}, ("home.ddns.test", "redirect")),
        ({"cloned_site": "https://home.ddns.test"}, ("home.ddns.test", "clone")),
        ({"infringing_url": "https://home.ddns.test/film"}, ("home.ddns.test", "url")),
        ({"linked_content": [{"target_url": "https://home.ddns.test/film"}]}, ("home.ddns.test", "related")),
        ({"spam_indicators": {"suspicious_links": ["https://home.ddns.test/"]}}, ("home.ddns.test", "url")),
    ],
)
def test_hosts_are_found_wherever_they_can_stand(fields, expected):
    assert expected in _hosts(_draft(**fields))


def test_port_of_a_controller_is_kept():
    draft = _draft(c2_servers=[{"address": "home.ddns.test", "port": 1177}])
    assert draft.subjects[0].port == 1177


def test_one_host_at_many_places_is_one_subject():
    draft = _draft(source_identifier="login.ddns.test", domain="login.ddns.test")
    assert _hosts(draft) == [("login.ddns.test", "url")]


def test_controller_of_a_botnet_is_the_culprit_and_its_source_the_victim():
    report = xarf(
        category="infrastructure", type="botnet", c2_server="c2.ddns.test", compromise_evidence="Beacons.", url=None
    )
    controller, bot = parse(json.dumps(report | {"source_identifier": "nvr.ddns.test"}).encode()).drafts
    assert (controller.kind, _hosts(controller)) == ("infrastructure/botnet", [("c2.ddns.test", "c2")])
    assert (bot.kind, _hosts(bot)) == ("connection/infected_host", [("nvr.ddns.test", "source")])
    assert bot.details["reported_as"] == "infrastructure/botnet"


def test_bot_without_controller_is_a_victim():
    report = xarf(category="infrastructure", type="botnet", compromise_evidence="Beacons.", url=None)
    drafts = parse(json.dumps(report).encode()).drafts
    assert [(each.kind, _hosts(each)) for each in drafts] == [("connection/infected_host", [("192.0.2.10", "source")])]


def test_controller_of_an_infected_host_is_a_culprit():
    report = xarf(category="connection", type="infected_host", c2_server="c2.ddns.test", url=None)
    bot, controller = parse(json.dumps(report).encode()).drafts
    assert bot.kind == "connection/infected_host"
    assert (controller.kind, _hosts(controller)) == ("infrastructure/botnet", [("c2.ddns.test", "c2")])


def test_internal_fields_are_dropped():
    draft = _draft(_internal={"analyst": "secret"})
    assert "secret" not in repr(draft)
    assert draft.warnings == ()


def test_list_of_reports_is_as_many_drafts():
    parsed = parse(json.dumps([xarf(report_id=f"{n}") for n in range(3)]).encode())
    assert [each.external_id for each in parsed.drafts] == ["0", "1", "2"]


def test_list_may_be_wrapped():
    assert len(parse(json.dumps({"reports": [xarf(), xarf()]}).encode()).drafts) == 2


def test_bad_report_in_a_list_is_passed_over_and_named():
    parsed = parse(json.dumps([xarf(), 7, xarf(url=None, source_identifier=None)]).encode())
    assert len(parsed.drafts) == 1
    assert parsed.passed_over == 2
    assert parsed.warnings[0] == "Report 2 of 3: A report is an object, this is none."
    assert parsed.warnings[1].startswith("Report 3 of 3: It names no host")


def test_report_without_subject_is_refused_with_all_its_errors():
    with pytest.raises(Unreadable, match=r"names no host.*source_identifier: “localhost” names no host.*report_id"):
        parse(json.dumps(xarf(url=None, source_identifier="localhost", report_id="x")).encode())


def test_report_without_type_is_taken_as_the_kind_of_the_door():
    report = xarf()
    del report["type"]
    assert parse(json.dumps(report).encode(), kind="content/fraud").drafts[0].kind == "content/fraud"
    assert parse(json.dumps(report).encode()).drafts[0].kind == "other/unclassified"


def test_words_of_drafts_of_version_4_are_understood():
    report = xarf(
        **{"class": "content"}, on_behalf_of={"org": "Bank", "contact": "it@bank.example", "domain": "bank.example"}
    )
    del report["category"], report["sender"]
    draft = parse(json.dumps(report).encode()).drafts[0]
    assert draft.kind == "content/phishing"
    assert (draft.reporter.org, draft.complainant.org) == ("Watch", "Bank")


def test_category_is_known_by_its_type():
    report = xarf()
    del report["category"]
    assert parse(json.dumps(report).encode()).drafts[0].kind == "content/phishing"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"hash": "sha256:" + "0" * 64}, "Its sha256 is "),
        ({"hash": "md5:" + "0" * 32}, "Its md5 is "),
        ({"hash": "sha256:abc"}, "cannot be one"),
        ({"hash": "crc32:00000000"}, "cannot be one"),
        ({"size": 7}, "It has 13 octets, not 7 as claimed."),
        ({"payload": "%%% no base64 %%%"}, "is not base64"),
        ({"payload": "R0VUIC9iYW5r_-0="}, "is not base64"),
        ({"payload": None}, "no payload"),
    ],
)
def test_wrong_claims_about_evidence_are_said_and_it_is_kept(fields, problem):
    (attachment,) = _draft(evidence=[evidence(**fields)]).attachments
    assert problem in attachment.problem


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_right_hash_has_no_problem(algorithm):
    digest = hashlib.new(algorithm, b"GET /bank 200").hexdigest()
    (attachment,) = _draft(evidence=[evidence(hash=f"{algorithm}:{digest.upper()}")]).attachments
    assert attachment.problem == ""
    assert attachment.claimed_sha256 == (digest if algorithm == "sha256" else "")


def test_evidence_above_five_mebibytes_stays_in_the_submission():
    (attachment,) = _draft(evidence=[evidence(b"x" * (5 * 1024**2 + 1))]).attachments
    assert attachment.content == b""
    assert "only in the submission" in attachment.problem


def test_evidence_above_fifteen_mebibytes_in_all_stays_in_the_submission():
    kept = _draft(evidence=[evidence(b"x" * 5 * 1024**2) for _ in range(3)] + [evidence()]).attachments
    assert [bool(each.content) for each in kept] == [True, True, True, False]


def test_more_than_fifty_pieces_stay_in_the_submission():
    kept = _draft(evidence=[evidence() for _ in range(52)]).attachments
    assert [bool(each.content) for each in kept] == [True] * 50 + [False] * 2


def test_every_report_of_a_list_brings_its_evidence():
    reports = [xarf(report_id=str(n), evidence=[evidence()] * 40) for n in range(3)]
    kept = [each for draft in parse(json.dumps(reports).encode()).drafts for each in draft.attachments]
    assert len(kept) == 120
    assert all(each.content for each in kept)


def test_media_of_abused_children_are_not_kept():
    picture = evidence(b"\x89PNG\r\n", content_type="image/png")
    hidden = evidence(base64.b64encode(b"\x89PNG" * 400), content_type="text/plain")
    draft = _draft(
        type="csam", hash_values={"sha256": "0" * 64}, ncmec_report_id="12345", evidence=[picture, hidden, evidence()]
    )
    assert [each.content for each in draft.attachments] == [b"GET /bank 200"]
    assert any("nobody may hold" in each for each in draft.warnings)
    assert draft.details["file_hashes"] == ["sha256:" + "0" * 64]
    assert draft.details["fields"]["ncmec_report_id"] == "12345"


def test_nul_and_half_characters_are_nowhere():
    draft = _draft(description="a\x00b\ud800c", target_brand="x\x00", tags=["a:\x00"], note={"\x00k": "\udfff"})
    assert draft.description == "ab\ufffdc"
    assert "\\u0000" not in json.dumps(dict(draft.details))
    json.dumps(dict(draft.details), ensure_ascii=False).encode()


def test_details_stay_below_their_size():
    draft = _draft(rubbish={f"k{n}": "ü" * 2000 for n in range(300)}, target_brand="Bank")
    assert len(json.dumps(dict(draft.details)).encode()) < 64 * 1024
    assert draft.details["target_brand"] == "Bank"
    assert any("too long to keep here" in each for each in draft.warnings)


def test_hosts_beyond_the_most_are_said():
    draft = _draft(c2_servers=[{"address": f"c{number}.ddns.test"} for number in range(1_200)])
    assert len(draft.subjects) == 1_000
    assert any("1,200 entries; the first 1,000 are read" in each for each in draft.warnings)
