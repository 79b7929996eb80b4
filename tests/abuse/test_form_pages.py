"""The pages around the form: contact for people and machines, is it ours, receipts."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from abuse import contact, flooding, ours, receipts, signing_keys, submissions
from abuse.models import Case, Category, Receipt
from ddns import hostnames
from ddns.addresses import parse
from tests.abuse.stories import open_case
from tests.left_out import left_out
from tests.people import *  # noqa: F403 - fixtures

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_medians_of_another_test():
    cache.clear()


@pytest.fixture
def receipt(db) -> Receipt:
    return submissions.accept(b"a report", door="api", source="192.0.2.1").receipt


# --- Contact ---------------------------------------------------------------------------------------------------------


def test_contact_page_names_every_way_in(client, domain, settings):
    settings.AUTHORITY_CONTACT, settings.SECURITY_CONTACT = "police@ddns.test", "https://ddns.test/security"
    settings.LEGAL_REPRESENTATIVE = "Example GmbH\nExample Street 1"
    page = client.get("/abuse/").content.decode()

    for each in ("/abuse/report/", settings.ABUSE_CONTACT, "police@ddns.test", "policy.json", "Example GmbH<br>"):
        assert each in page
    assert 'href="https://ddns.test/security"' in page


def test_every_page_leads_to_it(client, domain):
    for page in ("/", "/domains/", "/accounts/login/", "/nowhere"):
        assert 'href="/abuse/"' in client.get(page).content.decode()


def test_address_without_a_slash_leads_there(client):
    assert client.get("/abuse").url == "/abuse/"


def test_policy_says_what_machines_need(client, domain, settings):
    response = client.get("/abuse/policy.json")
    policy = response.json()

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert policy["domains"] == ["ddns.test"]
    assert policy["contacts"]["abuse"] == settings.ABUSE_CONTACT
    assert set(policy["doors"]) == {"form", "mail", "api", "is_ours", "authorities"}
    assert {each["key"] for each in policy["categories"]} == set(Category.objects.values_list("key", flat=True))
    phishing = next(each for each in policy["categories"] if each["key"] == "content/phishing")
    assert phishing["clock_seconds"] == 4 * 3600
    assert phishing["decided"] == [
        {"days": 30, "count": 0, "median_seconds": None},
        {"days": 90, "count": 0, "median_seconds": None},
    ]


def decided(home, after: timedelta, ago: timedelta, kind: str = "content/phishing") -> Case:
    at = timezone.now() - ago
    return open_case(
        home, kind, opened_at=at - after, decided_at=at, closed_at=at, state=Case.State.CLOSED, outcome="upheld"
    )


def test_medians_are_of_what_was_decided_in_each_period(home):
    for hours, days in ((1, 1), (3, 5), (8, 20), (50, 60), (900, 200)):
        decided(home, timedelta(hours=hours), timedelta(days=days))
    decided(home, timedelta(minutes=5), timedelta(days=1), kind="messaging/spam")
    open_case(home)

    measured = contact.paces()
    assert [(each.days, each.count, each.median_seconds) for each in measured["content/phishing"]] == [
        (30, 3, 3 * 3600),
        (90, 4, round(5.5 * 3600)),
    ]
    assert measured["messaging/*"][0].median == timedelta(minutes=5)


def test_medians_take_a_query_for_each_period_and_are_remembered(home, django_assert_num_queries):
    decided(home, timedelta(hours=1), timedelta(days=1))
    with django_assert_num_queries(2):
        contact.paces()
    with django_assert_num_queries(0):
        assert contact.paces()["content/phishing"][0].count == 1


def test_medians_are_counted_where_redis_is_away(home, monkeypatch):
    def refuse(*args, **kwargs):
        raise flooding.redis.ConnectionError

    monkeypatch.setattr("abuse.contact.cache.get", refuse)
    monkeypatch.setattr("abuse.contact.cache.set", refuse)
    decided(home, timedelta(hours=1), timedelta(days=1))
    assert contact.paces()["content/phishing"][0].count == 1


def test_security_txt_is_as_rfc_9116_wants_it(client, settings):
    settings.SECURITY_CONTACT = "security@ddns.test"
    response = client.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in response.content.decode().splitlines())

    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert set(fields) == {"Contact", "Expires", "Preferred-Languages", "Canonical", "Policy"}
    assert fields["Contact"] == "mailto:security@ddns.test"
    expires = datetime.strptime(fields["Expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(days=30) < expires - timezone.now() < timedelta(days=365)
    assert fields["Canonical"] == f"{settings.SITE_URL}/.well-known/security.txt"
    assert fields["Preferred-Languages"] == "en, de"


# --- Is it ours ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "standing"),
    [
        ("home.ddns.test", "home.ddns.test", "ours"),
        ("HXXPS://Home[.]DDNS[.]test:8443/x?y", "home.ddns.test", "ours"),
        ("deep.below.home.ddns.test", "deep.below.home.ddns.test", "ours"),
        ("ddns.test", "ddns.test", "ours"),
        ("notddns.test", "notddns.test", "not_ours"),
        ("ddns.test.example.com", "ddns.test.example.com", "not_ours"),
        ("192.0.2.1", "192.0.2.1", "address"),
        ("http://[2001:db8::1]:80/", "2001:db8::1", "address"),
        ("two words", "", "no_name"),
        ("localhost", "", "no_name"),
        ("<script>alert(1)</script>", "", "no_name"),
    ],
)
def test_line_is_ours_or_not(domain, text, name, standing):
    (look,) = ours.look([text])
    assert (look.name, look.standing) == (name, standing)
    assert look.apex == ("ddns.test" if standing == "ours" else "")


def test_name_of_the_site_is_ours_wherever_it_lies(domain, settings):
    settings.SITE_URL = "https://www.provider.example"
    assert ours.look(["https://www.provider.example/"])[0].is_ours


def test_answer_is_the_same_whether_anybody_holds_the_name(client, home):
    """No list of guesses finds out who is a customer."""

    def answer(name: str) -> dict:
        (found,) = client.get("/abuse/is-ours", {"name": f"{name}.ddns.test", "format": "json"}).json()["names"]
        return {key: value.replace(name, "") if isinstance(value, str) else value for key, value in found.items()}

    never = answer("nobody-at-all")
    assert answer("home") == never
    hostnames.release(home)
    assert answer("home") == never


def test_machines_ask_for_several_at_once(client, domain):
    response = client.get(
        "/abuse/is-ours", {"name": ["home.ddns.test", "example.com"]}, headers={"accept": "application/json"}
    )
    assert [(each["asked"], each["is_ours"], each["domain"]) for each in response.json()["names"]] == [
        ("home.ddns.test", True, "ddns.test"),
        ("example.com", False, ""),
    ]


def test_looking_takes_one_query_however_many_names(client, domain, django_assert_num_queries):
    names = [f"n{n}.ddns.test" for n in range(400)]
    with django_assert_num_queries(1):
        answer = client.get("/abuse/is-ours", {"name": names, "format": "json"}).json()
    assert len(answer["names"]) == 50


def test_people_see_where_to_go_with_what_is_not_ours(client, domain):
    html = {"headers": {"accept": "text/html"}}
    assert "lookup.icann.org" in client.get("/abuse/is-ours?name=example.com", **html).content.decode()
    page = client.get("/abuse/is-ours?name=hxxp://home[.]ddns[.]test/a%26b", **html).content.decode()
    assert "ours, under ddns.test" in page
    assert "/abuse/report/?name=hxxp%3A//home%5B.%5Dddns%5B.%5Dtest/a%26b" in page
    assert "There is no name in it." in client.get("/abuse/is-ours?name=%20", **html).content.decode()


def test_markup_in_a_question_is_escaped(client, domain):
    page = client.get("/abuse/is-ours", {"name": '"><script>x'}, headers={"accept": "text/html"}).content.decode()
    assert "<script>x" not in page


@pytest.mark.parametrize("name", ["\0", "x" * 100_000, "é" * 5000, "%00", "a." * 1000, " dot " * 500])
def test_hostile_questions_get_an_answer(client, domain, name):
    assert client.get("/abuse/is-ours", {"name": name, "format": "json"}).status_code == 200


def test_questions_of_a_flood_are_told_when_to_come_back(client, domain, settings):
    settings.REPORT_LOOKS_PER_NETWORK = 2
    page = "/abuse/is-ours?name=a.ddns.test&format=json"
    answers = [client.get(page, REMOTE_ADDR="192.0.2.9") for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert 0 < answers[2].json()["retry_after"] <= 60
    html = client.get("/abuse/is-ours?name=a", headers={"accept": "text/html"}, REMOTE_ADDR="192.0.2.8")
    assert html.status_code == 429
    assert client.get(page, REMOTE_ADDR="198.51.100.9").status_code == 200


def test_nobody_is_kept_out_where_nothing_can_be_counted(monkeypatch):
    def refuse():
        raise flooding.redis.ConnectionError

    monkeypatch.setattr("abuse.flooding.wake.redis_client", refuse)
    assert flooding.count("x", parse("192.0.2.1"), limit=0, window=timedelta(minutes=1)) is None


# --- Receipts --------------------------------------------------------------------------------------------------------


def test_receipt_is_shown_and_holds(client, receipt):
    page = client.get(f"/abuse/receipts/{receipt.pk}/").content.decode()
    assert "It holds" in page
    assert receipt.submission.blob_id in page
    assert "192.0.2.1" not in page


def test_receipt_is_a_file_that_verifies_without_us(client, receipt):
    keys = receipts.keys_of(client.get("/.well-known/abuse-signing-keys.json").json())
    for address in (f"/abuse/receipts/{receipt.pk}.json", f"/abuse/receipts/{receipt.pk}/?format=json"):
        response = client.get(address)
        assert response.headers["Content-Disposition"] == f'attachment; filename="receipt-{receipt.pk}.json"'
        assert receipts.verify(response.json(), keys)["sha256"] == receipt.submission.blob_id


def test_receipt_of_an_earlier_key_holds(client, receipt):
    signing_keys.rotate()
    assert "It holds" in client.get(f"/abuse/receipts/{receipt.pk}/").content.decode()


def test_receipt_that_was_changed_in_the_database_does_not_hold(client, receipt):
    Receipt.objects.filter(pk=receipt.pk).update(payload=receipt.payload.replace('"api"', '"mail"'))
    page = client.get(f"/abuse/receipts/{receipt.pk}/").content.decode()
    assert "does not hold" in page
    assert "It holds" not in page


def test_unknown_receipt_is_not_found(client, db):
    assert client.get("/abuse/receipts/00000000-0000-4000-8000-000000000000/").status_code == 404
    assert client.get("/abuse/receipts/00000000-0000-4000-8000-000000000000.json").status_code == 404


def test_pasted_receipt_is_verified(client, receipt):
    document = json.dumps(receipts.document(receipt))
    page = client.post("/abuse/receipts/", {"receipt": document}).content.decode()
    assert "It holds: we signed this." in page
    assert receipt.submission.blob_id in page


@pytest.mark.parametrize(
    "change",
    [
        lambda shown: shown | {"payload": shown["payload"].replace("api", "mail")},
        lambda shown: shown | {"signature": "AAAA"},
        lambda shown: {},
        lambda shown: [],
        lambda shown: None,
        lambda shown: {"payload": "[]", "signature": ""},
        lambda shown: {"payload": '{"key": []}', "signature": ""},
        lambda shown: "<script>",
    ],
)
def test_pasted_receipt_that_was_changed_does_not_hold(client, receipt, change):
    shown = change(receipts.document(receipt))
    page = client.post("/abuse/receipts/", {"receipt": json.dumps(shown)}).content.decode()
    assert "does not hold" in page
    assert "<script>" not in page.partition("<main")[2]


@pytest.mark.parametrize("pasted", ["", "no json", "[" * 20_000, "\0", "9" * 20_000, "x" * 1_000_000])
def test_hostile_pastes_get_an_answer(client, db, pasted):
    response = client.post("/abuse/receipts/", {"receipt": pasted})
    assert response.status_code == 200
    assert "does not hold" in response.content.decode()


def test_verifying_is_limited(client, receipt, settings):
    settings.REPORT_LOOKS_PER_NETWORK = 1
    answers = [client.post("/abuse/receipts/", {"receipt": "{}"}, REMOTE_ADDR="192.0.2.20") for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]


def test_commands_on_the_page_verify_it(client, receipt, tmp_path):
    for program in ("jq", "openssl", "base64", "bash"):
        if shutil.which(program) is None:
            left_out(program, "not installed")
    (tmp_path / "receipt.json").write_bytes(client.get(f"/abuse/receipts/{receipt.pk}.json").content)
    (tmp_path / "keys.json").write_bytes(client.get("/.well-known/abuse-signing-keys.json").content)
    page = client.get(f"/abuse/receipts/{receipt.pk}/").content.decode()
    commands = re.search(r'<pre id="offline-commands"[^>]*><code>(.*?)</code>', page, re.DOTALL)[1]

    done = subprocess.run(
        ["bash", "-ec", commands.replace("&gt;", ">")], cwd=tmp_path, capture_output=True, text=True, timeout=30
    )
    assert "Signature Verified Successfully" in done.stdout + done.stderr


# --- Both languages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("/abuse/", "Melden Sie einen Namen, der schadet"),
        ("/abuse/report/", "Sexueller Missbrauch von Kindern"),
        ("/abuse/report/?about=content/phishing", "Ein Bildschirmfoto, oder die E-Mail, die dorthin führte"),
        ("/abuse/receipts/", "Eine Quittung prüfen"),
    ],
)
def test_page_speaks_german(client, domain, page, words):
    assert words in client.get(page, headers={"accept-language": "de"}).content.decode()


def test_title_that_the_desk_has_changed_is_shown_as_it_is(client, domain):
    Category.objects.filter(pk="content/phishing").update(title="Phishing und Smishing")
    assert "Phishing und Smishing" in client.get("/abuse/report/", headers={"accept-language": "de"}).content.decode()


def test_pages_cost_the_same_however_many_cases(client, home, django_assert_max_num_queries):
    for kind in ("content/phishing", "content/malware", "messaging/spam"):
        decided(home, timedelta(hours=1), timedelta(days=1), kind=kind)
    # One of them for the median of orders, which is remembered for a while.
    with django_assert_max_num_queries(5):
        client.get("/abuse/")
    with django_assert_max_num_queries(2):
        client.get("/abuse/report/")
