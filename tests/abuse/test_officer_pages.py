"""An officer's own pages: applying, colleagues, keys, freezing."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.utils import timezone

from abuse import officer_keys, officer_mails, reporter_mails
from abuse.models import Officer, OfficerKey
from ddns import exports
from ddns.models import User
from tests.abuse import order_rows
from tests.abuse.officer_people import applicant, show, with_second_factor
from tests.people import logged_in

pytestmark = pytest.mark.django_db

SAID = {
    "agency_said": "Example Police",
    "country_said": "at",
    "name": "Olivia <b>Example</b>",
    "title": "Inspector",
    "badge": "4711",
    "phone_said": "+43 1 555 0199",
    "purpose": "Botnets.",
}


@pytest.fixture
def olivia() -> Officer:
    return order_rows.officer()


def test_first_page_is_for_everybody_and_says_the_way(client, settings):
    page = client.get("/authorities/").content.decode()
    assert settings.AUTHORITY_CONTACT in page
    assert "/accounts/signup/?next=/authorities/apply/" in page


def test_stranger_logs_in_before_applying(client):
    for response in (client.get("/authorities/apply/"), client.post("/authorities/apply/", SAID)):
        assert response.url == "/accounts/login/?next=/authorities/apply/"


def test_somebody_with_an_agencys_address_applies(client):
    account = User.objects.create_user("olivia@police.example")
    client.force_login(account)
    response = client.post("/authorities/apply/", SAID, follow=True)
    assert response.redirect_chain == [("/authorities/account/", 302)]
    page = response.content.decode()
    assert "Olivia &lt;b&gt;Example&lt;/b&gt;" in page
    officer = Officer.objects.get()
    assert (officer.account, officer.state, officer.country_said) == (account, "applied", "AT")
    assert client.get("/authorities/apply/").url == "/authorities/account/"
    reporter_mails.send_due()
    assert "we call your agency back" in mail.outbox[0].body


def test_customer_with_free_mail_or_hostnames_is_told_why_not(home, client):
    client.force_login(home.account)
    page = client.post("/authorities/apply/", SAID).content.decode()
    assert "it holds hostnames" in page
    client.force_login(User.objects.create_user("olivia@gmail.com"))
    assert "anybody gets a mailbox in gmail.com" in client.post("/authorities/apply/", SAID).content.decode()
    assert not Officer.objects.exists()


def test_application_lacks_nothing(client):
    client.force_login(User.objects.create_user("olivia@police.example"))
    for name in ("agency_said", "country_said", "name", "phone_said"):
        response = client.post("/authorities/apply/", {**SAID, name: ""})
        assert (response.status_code, Officer.objects.exists()) == (200, False)


def test_network_that_applies_too_often_waits(client, settings):
    settings.AUTHORITY_FORMS_PER_NETWORK = 1
    client.force_login(User.objects.create_user("olivia@police.example"))
    answers = [client.post("/authorities/apply/", {}, REMOTE_ADDR="203.0.113.77").status_code for _time in range(2)]
    assert answers == [200, 429]


def test_colleagues_are_shown_to_whoever_has_shown_the_second_factor(olivia):
    order_rows.officer("otto@police.example", name="Otto Example")
    order_rows.officer(
        "pia@court.example", name="Pia", agency=order_rows.agency("Court", mail_domains=["court.example"])
    )
    with_log_in_alone = logged_in(olivia.account).get("/authorities/account/").content.decode()
    assert "Otto Example" not in with_log_in_alone
    page = with_second_factor(olivia).get("/authorities/account/").content.decode()
    assert "Otto Example" in page
    assert "Pia" not in page


def key_fields(**fields) -> dict:
    in_a_month = (timezone.now() + timedelta(days=30)).date()
    return {"label": "case management", "networks": "192.0.2.0/24", "expires_on": in_a_month, **fields}


def test_key_is_made_after_showing_again_who_one_is_and_shown_once(olivia):
    olivia.account.set_password("correct horse battery")
    olivia.account.save()
    client = with_second_factor(olivia)
    asked = client.post("/authorities/keys/", key_fields())
    assert asked.status_code == 302
    assert "reauthenticate" in asked.url
    assert not OfficerKey.objects.exists()
    show(client, Authenticator.objects.get(), is_again=True)
    response = client.post("/authorities/keys/", key_fields())
    key = OfficerKey.objects.get()
    assert key.prefix in response.content.decode()
    assert "only time that it is shown" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "only time that it is shown" not in client.get("/authorities/keys/").content.decode()


@pytest.mark.parametrize(
    "fields",
    [{"networks": ""}, {"networks": "0.0.0.0/0"}, {"expires_on": ""}, {"expires_on": "2020-01-01"}, {"label": ""}],
)
def test_key_without_networks_or_end_is_not_made(olivia, fields):
    client = with_second_factor(olivia)
    show(client, Authenticator.objects.get(), is_again=True)
    assert client.post("/authorities/keys/", key_fields(**fields)).status_code == 200
    assert not OfficerKey.objects.exists()


def test_officer_revokes_own_keys_and_nobody_elses(olivia):
    otto = order_rows.officer("otto@police.example")
    end = timezone.now() + timedelta(days=1)
    own, _ = officer_keys.make(olivia, label="a", networks=["192.0.2.0/24"], expires_at=end)
    ottos, _ = officer_keys.make(otto, label="b", networks=["192.0.2.0/24"], expires_at=end)
    client = with_second_factor(olivia)
    assert client.post(f"/authorities/keys/{ottos.pk}/revoke/").status_code == 404
    assert client.post(f"/authorities/keys/{own.pk}/revoke/").url == "/authorities/keys/"
    assert list(OfficerKey.objects.working()) == [ottos]


def test_officer_freezes_the_account_with_a_log_in_alone(olivia):
    client = logged_in(olivia.account)
    response = client.post("/authorities/account/freeze/")
    assert "The account is frozen" in response.content.decode()
    olivia.refresh_from_db()
    assert (olivia.state, olivia.frozen_by) == ("frozen", olivia.account)
    assert client.get("/authorities/account/").url.startswith("/accounts/login/")


def test_link_of_a_mail_freezes_after_a_look_and_without_a_log_in(olivia):
    client = Client(enforce_csrf_checks=True)
    path = officer_mails.freeze_path(olivia)
    looked = client.get(path)
    assert "Freeze the account" in looked.content.decode()
    assert looked["Referrer-Policy"] == "no-referrer"
    olivia.refresh_from_db()
    assert olivia.state == "vetted"
    for _time in range(2):
        assert "The account is frozen" in client.post(path).content.decode()
    olivia.refresh_from_db()
    assert olivia.state == "frozen"
    assert "It is frozen already" in client.get(path).content.decode()


def test_link_that_was_made_up_freezes_nobody(olivia, client):
    path = officer_mails.freeze_path(olivia)
    for wrong in (path[:-3] + "xx/", "/authorities/freeze/1/", f"/authorities/freeze/{olivia.pk}.x/"):
        assert client.post(wrong).status_code == 404
    olivia.refresh_from_db()
    assert olivia.state == "vetted"


def test_stranger_and_customer_freeze_nobody_by_the_button(client, alice, olivia):
    assert client.post("/authorities/account/freeze/").url.startswith("/accounts/login/")
    assert logged_in(alice).post("/authorities/account/freeze/").status_code == 404
    olivia.refresh_from_db()
    assert olivia.state == "vetted"


def test_pages_speak_german(client, olivia):
    """Every sentence of them, by the catalogue's own test; here that they use it."""
    for page in ("/authorities/",):
        assert "Für Behörden" in client.get(page, headers={"accept-language": "de"}).content.decode()


def test_officer_takes_their_data_along_without_who_vetted_them(olivia, root):
    key, text = officer_keys.make(
        olivia, label="cases", networks=["192.0.2.0/24"], expires_at=timezone.now() + timedelta(days=1)
    )
    document = "".join(exports.document(olivia.account))
    assert "Olivia Example" in document
    assert key.prefix in document
    assert text not in document
    assert root.email not in document


def test_applicant_does_not_see_the_button_of_those_in_office(client):
    client.force_login(applicant().account)
    page = client.get("/authorities/account/").content.decode()
    assert "/authorities/keys/" not in page
    assert "Freeze my account" in page
