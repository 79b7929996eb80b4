"""Sign-up: proof of work, confirmation by mail, and that nobody learns who has an account."""

import re
from datetime import timedelta
from ipaddress import ip_address

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from ddns import accounts, proof_of_work, sign_ups
from ddns.models import User
from tests.ddns.proofs import prove

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"
PAGE = "/accounts/signup/"
ADDRESS = "new@example.com"


@pytest.fixture(autouse=True)
def _little_work(settings):
    settings.PROOF_OF_WORK = 8
    # Nobody guesses here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def sign_up(client: Client, email: str = ADDRESS, **changed: str):
    """As a person with a browser does. A field that is None is left out."""
    meta = {name: changed.pop(name) for name in ("REMOTE_ADDR",) if name in changed}
    fields = {"email": email, "password1": PASSWORD, "rules": "on"}
    if "proof" not in changed and "proof-ticket" not in changed:
        fields["proof"] = prove(client, "sign-up", **meta)
    fields = {name: value for name, value in {**fields, **changed}.items() if value is not None}
    return client.post(PAGE, fields, **meta)


def link_in(message) -> str:
    return re.search(r"http://[^/]+(/accounts/\S+)", message.body)[1]


def ticket(age: timedelta, monkeypatch) -> str:
    """Of a form that was opened so long ago."""
    now = proof_of_work.time.time()
    with monkeypatch.context() as earlier:
        earlier.setattr("ddns.proof_of_work.time.time", lambda: now - age.total_seconds())
        return proof_of_work.ticket(purpose="sign-up")


def test_new_customer_is_logged_in_once_the_address_is_confirmed(client):
    response = sign_up(client)
    assert response.url == "/accounts/confirm-email/"
    assert "three days" in client.get(response.url).content.decode()
    assert client.get("/hostnames/").status_code == 302

    (message,) = mail.outbox
    assert message.to == [ADDRESS]
    assert "new@example.com" in client.get(link_in(message)).content.decode()
    response = client.post(link_in(message), follow=True)

    assert response.redirect_chain[-1][0] == "/hostnames/"
    assert User.objects.get().rules_accepted_at is not None


def test_network_of_a_sign_up_is_kept_and_no_finer(client):
    sign_up(client)

    assert User.objects.get().sign_up_network == "127.0.0.0/24"


def test_mail_names_the_site_and_not_the_host_header(client, settings):
    settings.ALLOWED_HOSTS = ["*"]
    sign_up(client)

    assert mail.outbox[0].subject == f"[{settings.SITE_NAME}] Confirm your e-mail address"
    assert settings.SITE_URL in mail.outbox[0].body


def test_no_log_in_before_confirmation(client):
    sign_up(client)
    response = Client().post("/accounts/login/", {"login": ADDRESS, "password": PASSWORD}, follow=True)

    assert "Confirm your e-mail address" in response.content.decode()
    assert response.context["user"].is_anonymous


def test_link_works_once(client):
    sign_up(client)
    link = link_in(mail.outbox[0])
    client.post(link)

    assert "used already" in Client().get(link).content.decode()


def test_link_in_another_browser_confirms_and_does_not_log_in(client):
    """Links leak: into logs, to whoever reads the mail over a shoulder."""
    sign_up(client)
    other = Client()
    response = other.post(link_in(mail.outbox[0]))

    assert response.url == "/accounts/login/"
    assert EmailAddress.objects.get().verified
    assert other.get("/hostnames/").status_code == 302


def test_address_with_an_account_gets_the_same_page_and_another_mail(client, alice):
    alice.set_password("another phrase of hers")
    alice.save()
    hers = sign_up(Client(), alice.email)
    new = sign_up(client)

    assert (hers.status_code, hers.url) == (new.status_code, new.url)
    assert hers.wsgi_request.path == new.wsgi_request.path
    assert mail.outbox[0].to == ["alice@example.com"]
    assert "has an account already" in mail.outbox[0].body
    assert User.objects.get(pk=alice.pk).check_password("another phrase of hers")


def test_signing_up_twice_makes_one_account(client):
    sign_up(client)
    sign_up(Client(), ADDRESS.upper(), password1="quite another phrase")

    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"email": "nobody"}, "valid email"),
        ({"email": None}, "required"),
        ({"password1": "short"}, "too short"),
        ({"password1": "password1234"}, "too common"),
        ({"password1": "new@example.com"}, "too similar"),
        ({"rules": None}, "Without the rules there is no account."),
    ],
)
def test_what_is_wrong_is_said_and_the_proof_is_not_spent(client, changed, said):
    proof = prove(client, "sign-up")
    response = sign_up(client, **{"email": ADDRESS, "proof": proof, **changed})
    assert said in response.content.decode()
    assert f'value="{proof}"' in response.content.decode()
    assert not User.objects.exists()

    sign_up(client, proof=proof)
    assert User.objects.exists()


@pytest.mark.parametrize("closed_by", ["SIGN_UP"])
def test_closed_sign_up_says_so_and_takes_nobody(client, settings, closed_by):
    setattr(settings, closed_by, False)
    sign_up(client)

    assert "Sign-up is closed" in client.get(PAGE).content.decode()
    assert "Sign-up is closed" in client.get("/accounts/login/").content.decode()
    assert not User.objects.exists()


def test_site_without_mail_says_why_nobody_can_sign_up(client, settings):
    settings.SIGN_UP = settings.CAN_MAIL = False

    assert "could not confirm your address" in client.get(PAGE).content.decode()
    assert "cannot send you a link" in client.get("/accounts/password/reset/").content.decode()
    assert "password/reset" not in client.get("/accounts/login/").content.decode()


def test_mail_server_that_is_down_is_said_and_signing_up_goes_on_later(client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    response = sign_up(client)
    assert response.status_code == 503
    assert "No mail could be sent" in response.content.decode()

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    reset = {"email": ADDRESS, "proof": prove(client, "reset-password")}
    client.post("/accounts/password/reset/", reset)
    assert mail.outbox[0].to == [ADDRESS]


# --- The proof of work ------------------------------------------------------------------------------------


def test_without_a_proof_nobody_signs_up(client):
    response = sign_up(client, proof="")

    assert "has not finished its proof of work" in response.content.decode()
    assert not User.objects.exists()


def test_proof_is_accepted_once(client):
    proof = prove(client, "sign-up")
    sign_up(client, proof=proof)
    response = sign_up(Client(), "second@example.com", proof=proof)

    assert "used already" in response.content.decode()
    assert User.objects.count() == 1


def test_refused_proof_is_not_sent_again(client):
    proof = prove(client, "sign-up")
    sign_up(client, proof=proof)
    html = sign_up(Client(), "second@example.com", proof=proof).content.decode()

    assert proof not in html
    assert 'name="proof" value=""' in html


def test_two_sign_ups_in_the_same_moment_make_one_account(client, alice, monkeypatch):
    monkeypatch.setattr(accounts, "has_address", lambda email: False)
    response = sign_up(client, alice.email)

    assert response.url == "/accounts/confirm-email/"
    assert "has an account already" in mail.outbox[0].body
    assert User.objects.count() == 1


def test_challenges_are_read_and_nothing_else(client):
    assert client.post("/proof-of-work/sign-up/").status_code == 405
    assert client.get("/proof-of-work/sign-up/")["Cache-Control"].startswith("max-age=0")


def test_proof_for_one_form_does_not_fit_another(client):
    response = sign_up(client, proof=prove(client, "reset-password"))

    assert "does not fit" in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("proof", ["x", "e30=", "W10=", "bnVsbA==", "A" * 5000, "eyJjaGFsbGVuZ2UiOnt9fQ==", "ÄÖ"])
def test_what_is_no_proof_is_said_to_be_none(client, proof):
    assert "does not fit" in sign_up(client, proof=proof).content.decode()
    assert not User.objects.exists()


def test_old_proof_is_refused(client, monkeypatch):
    monkeypatch.setattr(proof_of_work, "LIFETIME", timedelta(seconds=-1))

    assert "too old" in sign_up(client).content.decode()


def test_many_sign_ups_of_a_network_make_the_next_harder(settings):
    settings.SIGN_UPS_UNHINDERED = 2
    source, neighbour, stranger = map(ip_address, ("198.51.100.1", "198.51.100.200", "203.0.113.1"))
    for _ in range(4):
        sign_ups.count(source)

    assert proof_of_work.demanded(neighbour) == 4 * settings.PROOF_OF_WORK
    assert proof_of_work.demanded(stranger) == settings.PROOF_OF_WORK


@pytest.mark.parametrize(
    ("one", "other", "is_one_network"),
    [
        ("198.51.100.1", "198.51.100.255", True),
        ("198.51.100.1", "198.51.101.1", False),
        ("2001:db8:0:1::1", "2001:db8:0:ff::1", True),
        ("2001:db8:0:1::1", "2001:db8:0:100::1", False),
    ],
)
def test_what_counts_as_one_network(one, other, is_one_network):
    assert (sign_ups.network(ip_address(one)) == sign_ups.network(ip_address(other))) == is_one_network


@pytest.mark.parametrize(("recent", "doublings"), [(0, 0), (5, 0), (6, 1), (8, 3), (11, 6), (10_000, 6)])
def test_work_doubles_with_each_sign_up_beyond_the_unhindered(settings, recent, doublings):
    settings.SIGN_UPS_UNHINDERED = 5

    assert sign_ups.doublings(recent) == doublings


def test_proofs_hoarded_before_a_wave_are_too_easy_in_it(client, settings):
    settings.SIGN_UPS_UNHINDERED = 0
    hoarded = prove(client, "sign-up")
    for _ in range(3):
        sign_ups.count(ip_address("127.0.0.1"))

    assert "making a harder proof of work" in sign_up(client, proof=hoarded).content.decode()
    assert not User.objects.exists()


def test_network_with_very_many_sign_ups_is_told_when_to_come_back(client, settings):
    settings.SIGN_UPS_PER_NETWORK = 2
    for number in range(2):
        sign_up(Client(), f"a{number}@example.com", REMOTE_ADDR="198.51.100.1")
    response = client.get(PAGE, REMOTE_ADDR="198.51.100.9")

    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 86400
    assert "come back after" in response.content.decode()
    assert client.get(PAGE, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_without_redis_sign_ups_are_not_counted(broker):
    broker.kill()

    assert sign_ups.recent(ip_address("198.51.100.1")) == sign_ups.count(ip_address("198.51.100.1")) == 0


# --- Without scripts --------------------------------------------------------------------------------------


def test_browser_without_scripts_waits_instead(client, monkeypatch, settings):
    text = ticket(settings.WAIT_INSTEAD_OF_WORK, monkeypatch)
    sign_up(client, **{"proof-ticket": text})

    assert User.objects.exists()


def test_who_has_not_waited_is_told_how_long_and_keeps_the_time(client, monkeypatch, settings):
    text = ticket(settings.WAIT_INSTEAD_OF_WORK - timedelta(seconds=30), monkeypatch)
    html = sign_up(client, **{"proof-ticket": text}).content.decode()

    assert re.search(r"Send it again in (29|30|31) seconds", html)
    assert f'value="{text}"' in html
    assert not User.objects.exists()


def test_form_says_what_a_browser_without_scripts_does(client):
    assert "if it has been open for 60 seconds" in client.get(PAGE).content.decode()


def test_a_wait_counts_once(client, monkeypatch, settings):
    text = ticket(settings.WAIT_INSTEAD_OF_WORK, monkeypatch)
    sign_up(client, **{"proof-ticket": text})
    response = sign_up(Client(), "second@example.com", **{"proof-ticket": text})

    assert "used already" in response.content.decode()


def test_few_waits_count_per_network_and_day(monkeypatch, settings):
    monkeypatch.setattr(proof_of_work, "WAITS_PER_NETWORK", 1)
    for number in range(2):
        text = ticket(settings.WAIT_INSTEAD_OF_WORK, monkeypatch)
        response = sign_up(Client(), f"a{number}@example.com", **{"proof-ticket": text})

    assert "Use a browser that runs scripts" in response.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize("text", ["x", "a:b:c", ""])
def test_forged_wait_is_refused(client, text):
    sign_up(client, **{"proof-ticket": text})

    assert not User.objects.exists()


# --- Confirmation -----------------------------------------------------------------------------------------


def test_sign_up_that_nobody_confirmed_is_deleted_after_a_week(client, alice):
    sign_up(client)
    now = timezone.now()
    assert accounts.purge_unconfirmed(now) == 0

    assert accounts.purge_unconfirmed(now + accounts.UNCONFIRMED) == 1
    assert list(User.objects.all()) == [alice]


def test_confirmed_account_is_not_deleted_though_nobody_logs_in(client):
    sign_up(client)
    Client().post(link_in(mail.outbox[0]))

    assert accounts.purge_unconfirmed(timezone.now() + 10 * accounts.UNCONFIRMED) == 0


def test_no_address_is_flooded_by_signing_up(settings):
    for _ in range(4):
        sign_up(Client())

    assert len(mail.outbox) == 1


def test_no_address_is_flooded_by_asking_for_passwords(alice):
    statuses = []
    for _ in range(5):
        client = Client()
        form = {"email": alice.email, "proof": prove(client, "reset-password")}
        statuses.append(client.post("/accounts/password/reset/", form).status_code)

    assert statuses == [302, 302, 302, 429, 429]
    assert len(mail.outbox) == 3


def test_new_password_for_an_address_without_account_gets_the_same_answer(client, alice):
    answers = []
    for email in (alice.email, "nobody@example.com"):
        response = client.post(
            "/accounts/password/reset/", {"email": email, "proof": prove(client, "reset-password")}, follow=True
        )
        answers.append((response.redirect_chain, response.status_code))

    assert answers[0] == answers[1]
    assert [message.to for message in mail.outbox] == [[alice.email], ["nobody@example.com"]]
    assert "There is no account" in mail.outbox[1].body


def test_new_password_needs_a_proof_of_work(client, alice):
    response = client.post("/accounts/password/reset/", {"email": alice.email})

    assert "has not finished its proof of work" in response.content.decode()
    assert mail.outbox == []


def test_address_that_somebody_else_is_about_to_change_to_can_sign_up(client, bob):
    """Else whoever names strangers' addresses would keep them out."""
    EmailAddress.objects.create(user=bob, email=ADDRESS)
    sign_up(client)
    response = client.post(link_in(mail.outbox[0]), follow=True)

    assert response.context["user"].email == ADDRESS


def test_link_for_a_new_password_goes_to_the_address_of_the_account_alone(client, bob):
    EmailAddress.objects.create(user=bob, email=ADDRESS)
    client.post("/accounts/password/reset/", {"email": ADDRESS, "proof": prove(client, "reset-password")})

    assert "There is no account" in mail.outbox[0].body
