"""Languages: people read theirs, on pages and in mails; devices and the desk have one, whatever a thread spoke last."""

import json

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation

from ddns import accounts, keys, notifications, requests, tasks
from ddns.errors import DdnsError, NameUnavailable
from ddns.models import Hostname, User
from ddns.models.keys import Permission
from ddns.models.notifications import Kind
from tests.ddns.devices import Device
from tests.ddns.proofs import prove
from tests.people import logged_in

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.1"}


@pytest.fixture(autouse=True)
def _fast_hashes(settings):
    """Nobody guesses here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.PROOF_OF_WORK = 8


@pytest.fixture
def alice(alice) -> User:
    alice.set_password(PASSWORD)
    alice.save()
    return alice


def said(client: Client, page: str = "/", **headers: str) -> str:
    return client.get(page, headers=headers).content.decode()


def test_a_stranger_reads_what_the_browser_asks_for(client):
    german = client.get("/", headers=GERMAN)
    page = german.content.decode()

    assert '<html lang="de"' in page
    assert "Ein Name, der Ihrer Adresse folgt" in page
    assert german["Content-Language"] == "de"
    assert "Accept-Language" in german["Vary"]
    assert '<html lang="en"' in said(client, **{"Accept-Language": "fr"})


def test_a_choice_is_remembered_against_the_browser(client):
    response = client.post("/language/", {"language": "de"}, headers={"Referer": "http://testserver/status/"})
    assert response.url == "http://testserver/status/"

    assert '<html lang="de"' in said(client, "/status/", **{"Accept-Language": "en"})
    client.post("/language/", {"language": "en"})
    assert '<html lang="en"' in said(client, "/status/", **GERMAN)


@pytest.mark.parametrize("referer", ["", "https://elsewhere.example/", "javascript:alert(1)"])
def test_the_switch_of_languages_leads_to_no_other_site(client, referer):
    assert client.post("/language/", {"language": "de"}, headers={"Referer": referer}).url == "/"


@pytest.mark.parametrize("chosen", ["", "xx", "fr", '"><script>'])
def test_what_is_no_language_is_not_remembered(alice, chosen):
    client = logged_in(alice)
    client.post("/language/", {"language": chosen})

    assert "django_language" not in client.cookies
    alice.refresh_from_db()
    assert alice.language == ""


def test_the_switch_is_not_for_foreign_forms():
    assert Client(enforce_csrf_checks=True).post("/language/", {"language": "de"}).status_code == 403


def test_what_alice_chooses_is_the_language_of_her_mails_and_not_of_bobs(alice, bob, home, foreign):
    logged_in(alice).post("/language/", {"language": "de"})
    for hostname in (home, foreign):
        notifications.tell(hostname.account, Kind.SUSPENDED, hostname=hostname)
    tasks.send_mails()
    subjects = {sent.to[0]: sent.subject for sent in mail.outbox}

    assert subjects[alice.email] == "[DDNS] home.ddns.test wurde gesperrt und ist aus dem DNS genommen"
    assert subjects[bob.email] == "[DDNS] bob.ddns.test was suspended and is out of DNS"


def test_logging_in_brings_the_language_of_the_account(client, alice):
    accounts.set_language(alice, "de")
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})

    assert "Noch kein Hostname" in said(client, "/hostnames/", **{"Accept-Language": "en"})


def test_who_signs_up_in_german_gets_german_mails(client):
    fields = {"email": "new@example.com", "password1": PASSWORD, "rules": "on", "proof": prove(client, "sign-up")}
    client.post("/accounts/signup/", fields, headers=GERMAN)

    assert User.objects.get(email="new@example.com").language == "de"
    assert mail.outbox[0].subject == "[DDNS] Bestätigen Sie Ihre E-Mail-Adresse"


def test_account_mails_are_in_the_accounts_language_whatever_the_browser_says(client, alice):
    accounts.set_language(alice, "de")
    fields = {"email": alice.email, "proof": prove(client, "reset-password")}
    client.post("/accounts/password/reset/", fields, headers={"Accept-Language": "en"})

    assert mail.outbox[0].subject == "[DDNS] Ein neues Passwort setzen"
    assert "Wenn Sie es nicht waren" in mail.outbox[0].body


def test_errors_speak_the_readers_language():
    with translation.override("de"):
        assert str(NameUnavailable("x")) == "Dieser Name kann nicht registriert werden: x"
    assert str(NameUnavailable("x")) == "This name cannot be registered: x"
    assert str(DdnsError()) == "That is not possible."


def test_a_refused_name_is_explained_in_german(alice, home):
    fields = {"label": "home", "domain": home.domain_id}
    page = logged_in(alice).post("/hostnames/", fields, headers=GERMAN).content.decode()

    assert "Dieser Name kann nicht registriert werden: home.ddns.test ist vergeben." in page


def test_refusals_of_the_rest_api_are_in_the_programs_language(client):
    problem = client.get("/api/v1/hostnames", headers=GERMAN).json()

    assert problem["title"] == "Niemand ist angemeldet, und es wurde kein Schlüssel gesendet"
    # For programs.
    assert problem["type"].endswith("/not-authenticated")


def test_the_openapi_document_has_one_language(client):
    document = said(client, "/api/v1/openapi.json", **GERMAN)

    assert "certificate challenges only" in document
    assert "Zertifikats" not in document


class TestOfDevices:
    """The thread that answers them has made a German page just before."""

    @pytest.fixture(autouse=True)
    def _german(self):
        with translation.override(None):
            translation.activate("de")
            yield

    def test_duckdns_says_why_in_english(self, home, key):
        answer = Device().get(f"/update?domains=nobody&token={key}&verbose=true").content.decode()

        assert "The key covers no such hostname" in answer

    def test_acme_apis_say_why_in_english(self, home):
        answer = Device().get("/httpreq/present", "POST", b'{"fqdn": "home.ddns.test", "value": "x"}')

        assert json.loads(answer.content)["detail"].startswith("The key was wrong")

    def test_what_is_noted_of_a_request_is_in_english(self, alice, home):
        _, text = keys.create(alice, label="router", permission=Permission.TXT)
        Device(key=text, user="home.ddns.test").update(hostname="home.ddns.test", myip="203.0.113.9")
        requests.flush()

        assert requests.recent(Hostname.objects.get(pk=home.pk))[0].detail == (
            "The key works, and not for this: it may not update addresses."
        )

    def test_a_page_of_the_thread_is_german_again(self, client):
        Device().get("/nic/update")

        assert '<html lang="de"' in said(client, **GERMAN)
