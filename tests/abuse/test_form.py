"""The public form: what it asks for each category, what it refuses and how it says so, and what it stores."""

import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from abuse import intake, reporter_links
from abuse.models import Category, Receipt, Submission
from ddns import proof_of_work
from tests.ddns.proofs import prove
from tests.people import *  # noqa: F403 - fixtures

pytestmark = pytest.mark.django_db

PAGE = "/abuse/report/"
PHISHING = "content/phishing"
WORDS = "The page asks for the password of Example Bank."


@pytest.fixture(autouse=True)
def _little_work(settings):
    settings.PROOF_OF_WORK = 8


def fields(**changed) -> dict:
    """What a person fills in. A field that is None is left out."""
    usual = {
        "names": "hxxps://home[.]ddns[.]test/login",
        "description": WORDS,
        "name": "Trudy Example",
        "email": "trudy@example.com",
        "is_good_faith": "on",
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def send(client: Client, about: str = PHISHING, **changed):
    meta = {name: changed.pop(name) for name in ("REMOTE_ADDR",) if name in changed}
    if "proof" not in changed and "proof-ticket" not in changed:
        changed["proof"] = prove(client, "report", **meta)
    return client.post(f"{PAGE}?about={about}", fields(**changed), **meta)


def said(response) -> str:
    return response.content.decode()


def stored() -> dict:
    return json.loads(bytes(Submission.objects.select_related("blob").get().blob.content))


def test_report_is_stored_as_it_was_typed_and_has_a_receipt(client, domain):
    response = send(client)
    submission = Submission.objects.get()

    assert response.url == reporter_links.path(submission)
    assert (submission.door, submission.source) == (Submission.Door.FORM, "127.0.0.1")
    assert stored()["names"] == ["hxxps://home[.]ddns[.]test/login"]
    assert stored()["description"] == WORDS
    assert Receipt.objects.get().submission == submission
    page = said(client.get(response.url))
    assert str(Receipt.objects.get().pk) in page


def test_document_is_read_as_one_draft_with_everything(client, domain, settings):
    send(
        client,
        names="hxxps://home[.]ddns[.]test:8443/login?a=1\nattic.ddns.test:1177\n\nhttps://example.com/\n"
        "Home (dot) ddns (dot) test",
        seen_date="2026-03-01",
        seen_time="13:02",
        seen_zone="330",
        target_brand="Example Bank",
        organisation="Example CERT",
        on_behalf_of="Example Bank",
        is_anonymous="on",
        evidence=[SimpleUploadedFile("shot.png", b"\x89PNG", "image/png")],
    )
    submission = Submission.objects.get()
    parsed = intake.parse(bytes(submission.blob.content))
    (draft,) = parsed.drafts

    assert (submission.content_type, parsed.format) == ("application/vnd.ddns.report+json", "ddns-report/1")
    assert draft.kind == PHISHING
    assert [(each.name, each.port, each.url) for each in draft.subjects] == [
        ("home.ddns.test", 8443, "https://home.ddns.test:8443/login?a=1"),
        ("attic.ddns.test", 1177, ""),
        ("example.com", None, "https://example.com/"),
        ("home.ddns.test", None, ""),
    ]
    assert draft.evidence_at == datetime(2026, 3, 1, 7, 32, tzinfo=UTC)
    assert (draft.reporter.org, draft.reporter.contact, draft.reporter.domain) == (
        "Example CERT",
        "trudy@example.com",
        "example.com",
    )
    assert draft.complainant.org == "Example Bank"
    assert (draft.is_anonymous, draft.is_good_faith) == (True, True)
    assert draft.details == {"target_brand": "Example Bank", "reporter_name": "Trudy Example"}
    (shot,) = draft.attachments
    assert (shot.content, shot.filename, shot.content_type, shot.problem) == (b"\x89PNG", "shot.png", "image/png", "")
    assert parsed.passed_over == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"names": None}, "required"),
        ({"names": "example.com"}, "None of this is a name of ours"),
        ({"names": "not a name"}, "None of this is a name of ours"),
        ({"names": "203.0.113.7"}, "an address: which name of ours leads there?"),
        ({"names": "home.ddns.test\n" * 10_000}, "too many: the form takes 200"),
        ({"names": "home.ddns.test/" + "x" * 3000}, "longer than 2048 characters"),
        ({"names": "home.ddns.test\0"}, "Null characters are not allowed"),
        ({"description": None}, "required"),
        ({"description": "bad"}, "at least 20 characters"),
        ({"description": WORDS + "\0"}, "Null characters are not allowed"),
        ({"description": "x" * 20_000}, "at most 10000 characters"),
        ({"seen_date": "yesterday"}, "valid date"),
        ({"seen_date": "2999-01-01"}, "lies in the future"),
        ({"seen_date": "1980-01-01"}, "before there was anything to see"),
        ({"seen_time": "10:00"}, "A time needs its day."),
        ({"seen_date": "2026-01-01", "seen_time": "25:00"}, "valid time"),
        ({"seen_zone": "17"}, "not one of the available choices"),
        ({"name": None}, "required"),
        ({"name": "x" * 201}, "at most 200 characters"),
        ({"email": None}, "required"),
        ({"email": "trudy"}, "valid email"),
        ({"is_good_faith": None}, "Without this statement we cannot act on a report."),
        ({"evidence": SimpleUploadedFile("empty.txt", b"")}, "empty"),
        ({"evidence": [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(11)]}, "11 files are too many"),
        ({"evidence": SimpleUploadedFile("big.bin", bytes(5 * 1024 * 1024 + 1))}, "big.bin is too big"),
        (
            {"evidence": [SimpleUploadedFile(f"{n}", bytes(4 * 1024 * 1024 - 9000)) for n in range(4)]},
            "too big together",
        ),
        ({"proof": "", "proof-ticket": ""}, "proof of work"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else None,
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, domain, changed, words):
    response = send(client, **changed)
    page = said(response)

    assert response.status_code == 200
    assert words in page
    assert "Nothing was sent yet." in page
    assert not Submission.objects.exists()
    kept = fields(**changed)
    for name in ("name", "email"):
        if len(kept.get(name, "")) > 3:
            assert f'value="{kept[name]}"' in page


def test_corrected_form_needs_no_second_proof(client, domain):
    proof = prove(client, "report")
    assert f'value="{proof}"' in said(send(client, name=None, proof=proof))
    send(client, proof=proof)

    assert Submission.objects.count() == 1


def test_proof_for_another_form_is_not_taken(client, domain):
    assert "proof of work" in said(send(client, proof=prove(client, "sign-up")))


def test_same_form_sent_twice_is_one_report(client, domain):
    proof = prove(client, "report")
    send(client, proof=proof)
    send(client, proof=proof)

    assert Submission.objects.count() == 1


def test_each_line_is_shown_back(client, domain):
    page = said(send(client, names="home.ddns.test\nhttps://example.com/\nwhat is this\n192.0.2.1", name=None))
    lines = re.findall(r'<li class="(\w+)"><code>([^<]*)</code>', page)

    assert lines == [
        ("ours", "home.ddns.test"),
        ("not_ours", "example.com"),
        ("no_name", "what is this"),
        ("address", "192.0.2.1"),
    ]


def test_names_can_be_checked_before_anything_else_is_filled_in(client, domain):
    """The button of browsers without scripts. Nothing is complained of, nothing spent, the wait goes on."""
    ticket = proof_of_work.ticket(purpose="report")
    response = client.post(
        f"{PAGE}?about={PHISHING}",
        {
            "names": "home.ddns.test\nexample.com",
            "description": "half",
            "check": "1",
            "proof": "",
            "proof-ticket": ticket,
        },
    )
    page = said(response)

    assert "ours, under ddns.test" in page
    assert "half</textarea>" in page
    assert "Nothing was sent yet." not in page
    assert ticket in page
    assert not Submission.objects.exists()


def test_browser_without_scripts_waits_instead(client, domain, settings):
    settings.WAIT_INSTEAD_OF_WORK = timedelta()
    send(client, **{"proof": "", "proof-ticket": proof_of_work.ticket(purpose="report")})

    assert Submission.objects.count() == 1


def test_browser_without_scripts_that_is_too_fast_is_told_how_long(client, domain):
    page = said(send(client, **{"proof": "", "proof-ticket": proof_of_work.ticket(purpose="report")}))

    assert "seconds." in page
    assert not Submission.objects.exists()


# --- Categories ---------------------------------------------------------------------------------------------------


def on_form() -> list[Category]:
    return list(Category.objects.filter(is_on_form=True))


def test_kinds_are_offered_worst_first(client, domain):
    page = said(client.get(PAGE))
    offered = re.findall(r'name="about" id="kind-\d+" value="([^"]+)"', page)

    assert offered == [each.key for each in on_form()]
    assert offered[0] == "content/csam"
    severities = dict(Category.objects.values_list("key", "severity"))
    assert [severities[key] for key in offered] == sorted((severities[key] for key in offered), reverse=True)


def test_every_kind_asks_for_what_helps_there_and_takes_a_report(client, domain):
    for number, category in enumerate(on_form()):
        page = said(client.get(PAGE, {"about": category.key}))
        for each in category.evidence_wanted:
            assert each.replace("'", "&#x27;") in page, category
        source = f"192.0.{number}.1"
        response = send(client, category.key, REMOTE_ADDR=source)
        assert response.status_code == 302, category
        assert json.loads(bytes(Submission.objects.get(source=source).blob.content))["kind"] == category.key


def test_name_and_address_are_asked_of_nobody_where_the_law_says_so(client, domain):
    for category in on_form():
        response = send(client, category.key, name=None, email=None)
        assert (response.status_code == 302) == category.may_be_anonymous, category
    assert Submission.objects.count() == Category.objects.filter(is_on_form=True, may_be_anonymous=True).count()


def test_restricted_kind_has_no_way_to_send_a_file(client, domain):
    page = said(client.get(PAGE, {"about": "content/csam"}))
    assert 'type="file"' not in page
    assert "Never save, attach or send pictures" in page

    send(client, "content/csam", description=None, evidence=SimpleUploadedFile("x.jpg", b"\xff\xd8"))
    assert stored()["evidence"] == []
    assert b"x.jpg" not in bytes(Submission.objects.get().blob.content)


def test_other_kinds_have_one(client, domain):
    for category in on_form():
        if category.route != Category.Route.RESTRICTED:
            assert 'type="file"' in said(client.get(PAGE, {"about": category.key})), category


def test_details_are_asked_where_they_are_of_use(client, domain):
    assert 'name="target_brand"' in said(client.get(PAGE, {"about": PHISHING}))
    page = said(client.get(PAGE, {"about": "content/malware"}))
    assert 'name="target_brand"' not in page
    assert 'name="file_hashes"' in page

    assert "is not a SHA-256" in said(send(client, "content/malware", file_hashes="abc"))
    send(client, "content/malware", file_hashes="AB" * 32 + "\n" + "0" * 64, malware_family="ExampleRAT")
    assert stored()["details"] == {"malware_family": "ExampleRAT", "file_hashes": ["ab" * 32, "0" * 64]}


@pytest.mark.parametrize("about", ["", "content/unknown", "content/csem", "content/phishing\0", "'; --", "x" * 5000])
def test_kind_that_is_not_offered_is_asked_again(client, domain, about):
    for response in (client.get(PAGE, {"about": about}), client.post(f"{PAGE}?about={about}", fields())):
        assert "Choose one of these." in said(response) or about == "content/phishing\0"
    assert not Submission.objects.exists()


# --- Hostile input -------------------------------------------------------------------------------------------------


def test_markup_is_shown_and_not_run(client, domain):
    evil = '"><script>alert(1)</script>'
    page = said(send(client, names=evil, description=evil, name=evil, email=evil, organisation=evil))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in said(client.get(PAGE, {"about": PHISHING, "name": evil}))
    assert "<script>alert" not in said(client.get(PAGE, {"name": evil}))


@pytest.mark.parametrize(
    ("filename", "content", "kind"),
    [
        ("bomb.zip", b"PK\x03\x04" + bytes(range(256)) * 40, "application/zip"),
        ("shot.png", b"<svg onload=alert(1)>", "image/png"),
        ("x.html", b"<script>", "text/html"),
        ("mail.eml", b"From: a\r\n\r\nhi", "message/rfc822"),
        ("nothing", b"\x00", ""),
    ],
)
def test_file_is_stored_as_it_is_and_opened_by_nobody(client, domain, filename, content, kind):
    send(client, evidence=SimpleUploadedFile(filename, content, kind))
    (attachment,) = intake.parse(bytes(Submission.objects.get().blob.content)).drafts[0].attachments

    assert (attachment.content, attachment.filename, attachment.problem) == (content, filename, "")


def test_path_in_a_filename_is_cut_off(client, domain):
    upload = io.BytesIO(b"x")
    upload.name = "../../etc/passwd"
    send(client, evidence=upload)

    assert stored()["evidence"][0]["filename"] == "passwd"


def test_body_that_is_too_big_is_not_read(client, domain):
    response = client.generic("POST", f"{PAGE}?about={PHISHING}", b"x", CONTENT_LENGTH=str(17 * 1024 * 1024))

    assert response.status_code == 413
    assert "16.0" in said(response)
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    "much",
    [
        {"description": "x" * 3_000_000},
        {f"field{n}": "x" for n in range(1100)},
        {"evidence": [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(101)]},
    ],
    ids=["octets", "fields", "files"],
)
def test_too_much_of_anything_is_refused_and_said(client, domain, much):
    response = send(client, **much)

    assert response.status_code == 413
    assert "Nothing was stored" in said(response)


def test_flood_is_told_when_to_come_back_and_other_networks_are_not(client, domain, settings):
    settings.REPORT_FORMS_PER_NETWORK = 2
    for _ in range(2):
        assert send(client, REMOTE_ADDR="192.0.2.1").status_code == 302
    response = send(client, REMOTE_ADDR="192.0.2.77")

    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    assert "UTC on" in said(response)
    assert settings.ABUSE_CONTACT in said(response)
    assert Submission.objects.count() == 2
    assert send(client, REMOTE_ADDR="198.51.100.1").status_code == 302


def test_form_without_its_token_is_refused(domain):
    client = Client(enforce_csrf_checks=True)
    assert client.post(f"{PAGE}?about={PHISHING}", fields()).status_code == 403


def test_log_knows_nothing_of_who_reports(client, domain, caplog):
    send(client)
    assert "trudy" not in caplog.text.lower()
