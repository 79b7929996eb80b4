"""What customers see of cases: what was told to them, by log-in or link, and never who reported."""

import json
import logging
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from abuse import appeals, customer_pages, decisions, messages, redactions, statements
from abuse.errors import WrongLink
from abuse.models import Appeal, Case, Decision, Message, Report, Reporter, Statement, Submission
from ddns import exports, mails
from ddns.models import AddressUpdate, Notification, User
from tests.abuse.fairness import REPORTER_WORDS, decide, open_case, report_on
from tests.people import logged_in

pytestmark = pytest.mark.django_db
Action = Decision.Action


@pytest.fixture
def case(home, trudy):
    case = open_case(home)
    report_on(case, trudy)
    return case


@pytest.fixture
def suspended(case, oscar) -> Decision:
    decision = decide(case, Action.SUSPEND, oscar)
    statements.issue(decision)
    return decision


@pytest.fixture
def warned(case, oscar) -> Decision:
    ends_at = timezone.now() + timedelta(hours=48)
    decision = decide(case, Action.WARN, oscar, ends_at=ends_at, parameters={"deadline": ends_at.isoformat()})
    Case.objects.filter(pk=case.pk).update(state="waits_customer")
    statements.issue(decision)
    return decision


def page_of(case: Case) -> str:
    return f"/abuse/cases/{case.pk}/"


def path_of(about) -> str:
    return reverse("customer_link", args=[customer_pages.token(about)])


def names_nobody(text: str) -> bool:
    found = [word for word in REPORTER_WORDS if word in text]
    assert found == []
    return True


def test_a_customer_sees_what_was_decided_why_and_what_was_seen(alice, home, case, suspended):
    AddressUpdate.objects.create(
        hostname=home, at=timezone.now() - timedelta(days=2), protocol="dyndns2", new_ipv4="203.0.113.77"
    )
    page = logged_in(alice).get(page_of(case)).text
    for words in (
        "home.ddns.test was suspended",
        "Under this name a page was seen that imitates",
        "https://home.ddns.test/login/",
        "home.ddns.test pointed to 203.0.113.77 then.",
        "A page that imitates a bank.",
        "Write an appeal",
    ):
        assert words in page
    assert names_nobody(page)


def test_an_anonymous_report_shows_none_of_its_words(alice, case, suspended):
    Report.objects.update(is_anonymous=True)
    page = logged_in(alice).get(page_of(case)).text
    assert "imitates a bank" not in page
    assert "/login/" in page


def test_a_case_that_nobody_was_told_of_is_not_there(alice, case, oscar):
    decide(case, Action.SUSPEND, oscar, withheld="An order forbids it.")
    client = logged_in(alice)
    assert client.get(page_of(case)).status_code == 404
    assert "home.ddns.test" not in client.get("/abuse/cases/").text
    assert Client().get(path_of(case)).status_code == 404


def test_a_decision_that_is_withheld_is_not_on_the_page_of_another(alice, case, suspended, oscar):
    decide(case, Action.LOCK_ACCOUNT, oscar, withheld="An order forbids it.")
    assert "locked" not in logged_in(alice).get(page_of(case)).text


def test_notes_and_talks_with_reporters_are_not_on_the_page(alice, case, suspended, oscar):
    for side in (Message.Side.NOTE, Message.Side.REPORTER):
        messages.say(case, side=side, text="behind your back", author=oscar, is_ours=True)
    assert "behind your back" not in logged_in(alice).get(page_of(case)).text


def test_another_customer_and_a_stranger_see_nothing(bob, case, suspended):
    assert logged_in(bob).get(page_of(case)).status_code == 404
    assert logged_in(bob).post(page_of(case), {"do": "answer", "text": "x"}).status_code == 404
    assert "home.ddns.test" not in logged_in(bob).get("/abuse/cases/").text
    for page in ("/abuse/cases/", page_of(case)):
        assert "/login/" in Client().get(page).headers["Location"]
    assert not Message.objects.exists()


def test_a_link_of_one_account_opens_no_case_of_another(bob, case, suspended):
    token = customer_pages._signer().sign(f"{bob.pk}-{case.pk}")
    with pytest.raises(WrongLink):
        customer_pages.read(token)


def test_a_locked_customer_reads_answers_and_appeals_by_the_link_in_the_mail(alice, home, case, oscar, judge):
    oscar.is_superuser = True
    oscar.save()
    decision = decisions.take(case, action=Action.SUSPEND, reason="Phishing.", by=oscar)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    mails.send_due()
    (letter,) = [each for each in outbox.outbox if "was suspended" in each.subject]
    assert names_nobody(letter.body + letter.subject)
    link = next(word for word in letter.body.split() if "/abuse/c/" in word)
    client = Client(enforce_csrf_checks=True)
    path = "/" + link.split("/", 3)[3]
    page = client.get(path)
    assert "home.ddns.test was suspended" in page.text
    assert names_nobody(page.text)

    assert client.post(path, {"do": "answer", "text": "It was my camera."}).status_code == 302
    assert Message.objects.get(case=case).author == alice
    assert client.post(path, {"do": "appeal", "decision": decision.pk, "text": "Look again."}).status_code == 302
    appeal = Appeal.objects.get()
    assert (appeal.party, appeal.decision) == ("customer", decision)
    assert "is being looked at" in client.get(path).text
    again = client.post(path, {"do": "appeal", "decision": decision.pk, "text": "Again."})
    assert Appeal.objects.count() == 1
    assert again.status_code == 200


def test_the_statement_on_the_page_has_no_link_to_it_and_no_sentence_without_an_end(case, suspended):
    page = Client().get(customer_pages.link_path(case), follow=True).content.decode()

    assert "works without logging in." in page
    assert "/abuse/c/" not in page.partition("What was decided, and why")[2].partition("</details>")[0]


def test_a_link_of_the_account_shows_all_its_cases_with_links_that_need_no_log_in(alice, case, suspended):
    page = Client().get(path_of(alice))
    assert path_of(case) in page.text
    assert Client().post(path_of(alice)).status_code == 405


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: "1" + t, lambda t: t.split(".")[0], lambda t: "x", lambda t: t + "é"]
)
def test_a_tampered_link_opens_nothing(case, suspended, spoil):
    response = Client().get(reverse("customer_link", args=[spoil(customer_pages.token(case))]))
    assert response.status_code == 404
    assert "This link is not valid" in response.text
    assert "home.ddns.test" not in response.text


def test_a_signature_for_something_else_opens_nothing(alice, case, suspended):
    for salt in ("ddns.renewals", "abuse.reporter_links"):
        token = signing.Signer(salt=salt, sep=".").sign(f"{alice.pk}-{case.pk}")
        assert Client().get(reverse("customer_link", args=[token])).status_code == 404


def test_links_end_with_the_secret_and_with_the_account(alice, case, suspended, settings):
    path = path_of(case)
    settings.SECRET_KEY = "another"
    assert Client().get(path).status_code == 404
    path = path_of(case)
    User.objects.filter(pk=alice.pk).update(forgotten_at=timezone.now())
    assert Client().get(path).status_code == 404


def test_the_link_is_told_to_no_other_page_and_kept_by_no_cache(case, suspended):
    response = Client().get(path_of(case))
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert "/abuse/c/" not in response.text.replace(f'action="{path_of(case)}"', ""), "nor by who looks over a shoulder"


def test_links_are_in_no_log(case, suspended, caplog, client):
    token = customer_pages.token(case)
    with caplog.at_level(logging.DEBUG):
        client.get(f"/abuse/c/{token}x/")
        client.get(f"/abuse/c/{token}/nothing")
        client.post(path_of(case), {"do": "answer", "text": ""})
        client.put(path_of(case))
    handler_sees = [logging.Formatter("%(message)s").format(record) for record in caplog.records if passes(record)]
    assert not [line for line in handler_sees if token in line]


def passes(record: logging.LogRecord) -> bool:
    from config.logs import WithoutLinks

    return WithoutLinks().filter(record)


def test_a_warning_has_a_clock_and_a_button(alice, case, warned):
    client = logged_in(alice)
    page = client.get(page_of(case)).text
    assert "Until 20" in page
    assert "left" in page
    assert client.post(page_of(case), {"do": "fixed"}).status_code == 302
    assert Message.objects.get().text == "I have put it right."
    assert Case.objects.get(pk=case.pk).state == Case.State.OPEN
    assert "I have put it right</button>" not in client.get(page_of(case)).text


def test_an_answer_without_words_is_asked_for(alice, case, suspended):
    response = logged_in(alice).post(page_of(case), {"do": "answer", "text": "  "})
    assert response.status_code == 200
    assert 'role="alert"' in response.text
    assert not Message.objects.exists()


def test_answers_are_limited(alice, case, suspended):
    for _ in range(messages.ANSWERS_PER_DAY):
        messages.answer(case, text="x", author=alice)
    assert "You have written a lot today" in logged_in(alice).post(page_of(case), {"do": "answer", "text": "x"}).text


def test_a_decision_of_another_case_is_not_appealed_from_here(alice, bob, case, suspended, foreign, oscar):
    other = decide(open_case(foreign), Action.SUSPEND, oscar)
    statements.issue(other)
    for number in (other.pk, 0, "x", 10**30):
        response = logged_in(alice).post(page_of(case), {"do": "appeal", "decision": number, "text": "x"})
        assert response.status_code == 200
    assert not Appeal.objects.exists()


def test_a_log_in_needs_the_token_of_the_form(alice, case, suspended):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(page_of(case), {"do": "answer", "text": "x"}).status_code == 403


@pytest.mark.parametrize(("language", "words"), [("en", "You and the desk"), ("de", "Sie und das Abuse-Team")])
def test_pages_speak_the_language_of_the_browser(alice, case, suspended, language, words):
    for client, path in ((logged_in(alice), page_of(case)), (Client(), path_of(case))):
        assert words in client.get(path, headers={"accept-language": language}).text


def test_what_was_written_is_shown_and_not_run(alice, case, suspended):
    Report.objects.update(description="<script>alert(1)</script>", url="https://home.ddns.test/<img src=x>")
    messages.answer(case, text="<b>bold</b>", author=alice)
    page = logged_in(alice).get(page_of(case)).text
    for markup in ("<script>alert", "<img src=x", "<b>bold"):
        assert markup not in page


def test_pages_need_the_same_queries_however_much_there_is(
    alice, home, case, suspended, trudy, oscar, django_assert_max_num_queries
):
    client = logged_in(alice)
    for number in range(5):
        report_on(case, trudy, position=number)
        messages.answer(case, text="x", author=alice)
        statements.issue(
            decide(
                open_case(
                    home, f"content/{'malware' if number % 2 else 'fraud'}", state="closed", closed_at=timezone.now()
                ),
                Action.HOLD,
                oscar,
            )
        )
    with django_assert_max_num_queries(14):
        client.get(page_of(case))
    with django_assert_max_num_queries(9):
        client.get("/abuse/cases/")


def test_the_page_of_a_suspended_hostname_leads_there(alice, home, case, oscar):
    decisions.take(case, action=Action.SUSPEND, reason="Phishing.", by=oscar)
    client = logged_in(alice)
    assert "/abuse/cases/?name=home.ddns.test" in client.get("/hostnames/home.ddns.test/").text
    assert "Those about home.ddns.test" in client.get("/abuse/cases/?name=home.ddns.test").text
    assert page_of(case) in client.get("/notifications/").text


def test_an_export_has_what_was_told(alice, bob, case, suspended):
    messages.answer(case, text="It is a camera.", author=alice)
    mine = json.loads("".join(exports.document(alice)))
    assert mine["decisions"][0]["subject"] == "home.ddns.test was suspended"
    assert mine["case_messages"][0]["text"] == "It is a camera."
    assert mine["appeals"] == []
    assert names_nobody(json.dumps(mine))
    assert json.loads("".join(exports.document(bob)))["decisions"] == []


def test_a_suspension_on_a_case_is_told_once(alice, case, oscar):
    decisions.take(case, action=Action.SUSPEND, reason="Phishing.", by=oscar)
    assert [each.kind for each in Notification.objects.filter(account=alice)] == ["statement"]


def test_a_locked_account_on_a_case_is_told_once(alice, case, judge):
    decisions.take(case, action=Action.LOCK_ACCOUNT, reason="Phishing.", by=judge)
    assert [each.kind for each in Notification.objects.filter(account=alice)] == ["statement"]
    assert Statement.objects.get().account == alice


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@home.ddns.test/a?b=c#d", "https://home.ddns.test/a"),
        ("https://home.ddns.test/x%40y.example/z", "https://home.ddns.test/[…]/z"),
        ("home.ddns.test/a;jsessionid=1", "home.ddns.test/a"),
        ("", "home.ddns.test"),
    ],
)
def test_a_place_names_nobody(url, shown):
    assert customer_pages.place(Report(url=url, name="home.ddns.test")) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail me: a.b+c@example.com now", "mail me: […] now"),
        ("me [at] example.com", "[…]"),
        ("call +49 30 1234567 or (030) 123 45 67", "call […] or […]"),
        ("seen 2026-11-25 08:58:01 from 203.0.113.7:443", "seen 2026-11-25 08:58:01 from 203.0.113.7:443"),
    ],
)
def test_mails_and_telephone_numbers_are_taken_out(text, shown):
    assert redactions.strangers(text) == shown


NAMES = ("Trudy Watcher", "trudy@watchers.example", "watchers.example", "Victim Bank", "192.0.2.99", "W-4711")


@given(
    st.lists(
        st.one_of(st.text(max_size=30), st.sampled_from(NAMES), st.sampled_from([n.upper() for n in NAMES])), max_size=8
    )
)
def test_no_description_names_its_reporter(parts):
    reporter = Reporter(identity="org:watchers.example", name="Trudy Watcher", contact="trudy@watchers.example")
    report = Report(
        reporter=reporter,
        submission=Submission(source="192.0.2.99"),
        complainant={"org": "Victim Bank"},
        external_id="W-4711",
        description=" ".join(parts),
    )
    shown = redactions.description(report).lower()
    assert not [name for name in NAMES if name.lower() in shown]
    report.is_anonymous = True
    assert redactions.description(report) == ""


def test_who_writes_for_a_house_that_somebody_else_wrote_for_first_is_not_named():
    report = Report(
        reporter=Reporter(identity="org:watchers.example", name="Watchers", contact="abuse@watchers.example"),
        submission=Submission(source="192.0.2.99"),
        contact="jane.doe@watchers.example",
        description="Jane Doe has seen it at noon.",
    )
    assert "jane" not in redactions.description(report).lower()
    assert "doe" not in redactions.description(report).lower()


def test_opening_the_case_at_the_desk_is_a_look_at_its_appeal(case, suspended, oscar, judge):
    appeal = appeals.file(suspended, party=Appeal.Party.CUSTOMER, text="Look.")
    logged_in(oscar).get(f"/admin/abuse/case/{case.pk}/")
    assert Appeal.objects.get(pk=appeal.pk).looked_at is None, "who decided it does not count"
    logged_in(judge).get(f"/admin/abuse/case/{case.pk}/")
    assert Appeal.objects.get(pk=appeal.pk).looked_at is not None
