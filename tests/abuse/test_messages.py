"""Messages: the customer answers, the case comes back; the desk writes, the customer is told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import decisions, messages
from abuse.errors import TextMissing, TextTooLong, TooManyMessages
from abuse.models import Case, Decision, Message, Reporter, ReporterMail
from ddns.models import Notification
from ddns.models.notifications import Kind
from tests.abuse.fairness import open_case, report_on
from tests.people import logged_in

pytestmark = pytest.mark.django_db
Side = Message.Side


@pytest.fixture
def case(home, trudy):
    case = open_case(home)
    report_on(case, trudy, contact="trudy@watchers.example")
    return case


def test_what_the_desk_writes_is_told_with_a_link(alice, case, oscar):
    messages.say(case, side=Side.CUSTOMER, text="Is it a camera?", author=oscar, is_ours=True)
    told = Notification.objects.get(account=alice)
    assert told.kind == Kind.STATEMENT
    assert "Is it a camera?" in told.details["text"]
    assert "/abuse/c/" in told.details["text"]
    assert oscar.email not in str(told.details)


def test_a_note_is_told_to_nobody(case, oscar):
    messages.say(case, side=Side.NOTE, text="Known?", author=oscar, is_ours=True)
    assert not Notification.objects.exists()
    assert not ReporterMail.objects.exists()


def test_what_the_desk_writes_to_a_reporter_is_mailed(case, oscar):
    report = case.reports.get()
    messages.say(case, side=Side.REPORTER, text="Which page?", author=oscar, is_ours=True, report=report)
    mail = ReporterMail.objects.get()
    assert mail.address == "trudy@watchers.example"
    assert "Which page?" in mail.text
    assert "/abuse/reports/" in mail.text
    assert not Notification.objects.exists()


def test_an_answer_to_a_warning_brings_the_case_back_and_does_not_wait_for_the_deadline(alice, case, oscar):
    decisions.take(case, action=Decision.Action.WARN, reason="Spam.", by=oscar, parameters={"hours": 72})
    waiting = Case.objects.get(pk=case.pk)
    assert waiting.state == Case.State.WAITING_CUSTOMER
    messages.answer(waiting, text="Done.", author=alice)
    back = Case.objects.get(pk=case.pk)
    assert back.state == Case.State.OPEN
    assert back.due_at <= timezone.now() + back.category.clock
    assert back in Case.objects.in_queue()


def test_an_answer_on_a_closed_case_does_not_open_it_and_is_new_to_the_desk(alice, case):
    Case.objects.filter(pk=case.pk).update(state="closed", closed_at=timezone.now())
    messages.answer(case, text="I have cleaned it.", author=alice)
    assert Case.objects.get(pk=case.pk).state == Case.State.CLOSED
    assert messages.read(case) == 1
    assert messages.read(case) == 0


def test_what_the_customer_says_does_not_end_the_wait_for_the_reporter(alice, case):
    Case.objects.filter(pk=case.pk).update(state="waits_reporter", paused_at=timezone.now())
    messages.answer(case, text="Hello?", author=alice)
    assert Case.objects.get(pk=case.pk).state == Case.State.WAITING_REPORTER


def test_a_reporters_answer_lets_the_clock_go_on(case):
    due_at = Case.objects.get(pk=case.pk).due_at
    at = timezone.now() - timedelta(hours=5)
    Case.objects.filter(pk=case.pk).update(state="waits_reporter", paused_at=at)
    messages.say(case, side=Side.REPORTER, text="This page.", author=None, is_ours=False, report=case.reports.get())
    back = Case.objects.get(pk=case.pk)
    assert back.state == Case.State.OPEN
    assert back.due_at - due_at >= timedelta(hours=5)


def test_a_customer_writes_so_often_and_no_more(alice, case):
    for _ in range(messages.ANSWERS_PER_DAY):
        messages.answer(case, text="And another thing.", author=alice)
    with pytest.raises(TooManyMessages):
        messages.answer(case, text="One more.", author=alice)
    Message.objects.update(at=timezone.now() - timedelta(days=2))
    messages.answer(case, text="Today.", author=alice)


@pytest.mark.parametrize("text", ["", "  \r\n ", "\x00"])
def test_nothing_is_no_message(alice, case, text):
    with pytest.raises(TextMissing):
        messages.answer(case, text=text, author=alice)


def test_a_book_is_no_message(alice, case):
    with pytest.raises(TextTooLong):
        messages.answer(case, text="x" * (messages.MAX_TEXT + 1), author=alice)


def test_what_the_desk_writes_to_all_reporters_each_gets_once(case, oscar):
    report_on(case, case.reports.get().reporter, contact="trudy@watchers.example")
    other = Reporter.objects.create(identity="mailbox:peggy@example.org", kind="person", contact="peggy@example.org")
    report_on(case, other, contact="peggy@example.org")
    messages.say(case, side=Side.REPORTER, text="Still there?", author=oscar, is_ours=True)
    assert sorted(ReporterMail.objects.values_list("address", flat=True)) == [
        "peggy@example.org",
        "trudy@watchers.example",
    ]
    assert Message.objects.filter(report=None).count() == 0


def test_a_question_says_how_long_it_waits(case, oscar):
    decisions.take(case, action=Decision.Action.ASK, reason="Which?", by=oscar, parameters={"text": "Which page?"})
    mail = ReporterMail.objects.get()
    assert "A question about your report" in mail.subject
    assert "in 7 days" in mail.text


def test_new_messages_are_found_at_the_desk_and_read_with_the_case(alice, case, oscar, clerk, client):
    Case.objects.filter(pk=case.pk).update(state="closed", closed_at=timezone.now())
    messages.answer(case, text="I have cleaned <b>it</b>.", author=alice)
    desk = logged_in(oscar)
    page = desk.get("/admin/abuse/message/?read=no").text
    assert "I have cleaned &lt;b&gt;it" in page
    assert f"/admin/abuse/case/{case.pk}/" in page
    desk.get(f"/admin/abuse/case/{case.pk}/")
    assert Message.objects.get().read_at is not None
    for other in (client, logged_in(alice), logged_in(clerk)):
        assert other.get("/admin/abuse/message/").status_code in (302, 403)


def test_messages_of_restricted_cases_are_for_named_people(alice, case, oscar):
    messages.answer(case, text="Hello?", author=alice)
    Case.objects.filter(pk=case.pk).update(route="restricted")
    assert "Hello?" not in logged_in(oscar).get("/admin/abuse/message/").text


def test_text_that_turns_around_is_stored_without_that(alice, case):
    messages.answer(case, text="\u202egpj.exe\x00 \u2067x\u2069", author=alice)
    assert not set(Message.objects.get().text) & set("\u202e\x00\u2067\u2069")
