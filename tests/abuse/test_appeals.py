"""Appeals: filed once, in time; decided by a person who had no part in it; what is upheld is undone exactly."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from abuse import appeals, decisions, receipts, statements
from abuse.errors import (
    AppealDecided,
    AppealedAlready,
    NotAllowed,
    NotAppealable,
    OwnAccount,
    ReasonMissing,
    SamePerson,
    TextMissing,
    TextTooLong,
)
from abuse.models import Appeal, Case, Decision, LedgerEntry, Message, Receipt, Report
from ddns import hostnames
from ddns.models import Hostname, Notification
from ddns.models.hostnames import State
from dnsupdate.models import Alarm
from tests.abuse.fairness import REPORTER_WORDS, decide, open_case, report_on
from tests.people import logged_in

pytestmark = pytest.mark.django_db
Action, Party = Decision.Action, Appeal.Party


@pytest.fixture
def case(home, trudy):
    case = open_case(home)
    report_on(case, trudy)
    return case


@pytest.fixture
def suspended(case, oscar) -> Decision:
    """By the verb, so that the name is out of DNS."""
    return decisions.take(case, action=Action.SUSPEND, reason="Phishing was seen.", by=oscar)


@pytest.fixture
def appeal(suspended) -> Appeal:
    return appeals.file(suspended, party=Party.CUSTOMER, text="It is my camera.")


def told(account) -> list[str]:
    return [each.details.get("headline", "") for each in Notification.objects.filter(account=account).order_by("pk")]


def test_an_appeal_starts_two_clocks_and_gives_a_signed_receipt(alice, suspended, appeal):
    assert appeal.look_due_at - appeal.filed_at <= timedelta(hours=24)
    assert timedelta(hours=71) < appeal.due_at - appeal.filed_at <= timedelta(hours=72)
    receipt = Receipt.objects.get(appeal=appeal)
    body = receipts.verify(receipts.document(receipt), receipts.keys_of(receipts.published_keys()))
    assert (body["appeal"], body["decision"], body["is_upheld"]) == (appeal.pk, suspended.pk, None)
    assert "camera" not in receipt.payload
    assert LedgerEntry.objects.filter(action="appeal", object=f"case {suspended.case_id}").exists()
    assert told(alice) == ["home.ddns.test was suspended", "home.ddns.test: we have your appeal"]


def test_an_upheld_appeal_restores_exactly_what_was(alice, home, appeal, judge):
    Hostname.objects.filter(pk=home.pk)
    assert Hostname.objects.get(pk=home.pk).state == State.SUSPENDED
    appeals.decide(appeal, is_upheld=True, reason="It is a camera.", by=judge)
    after = Hostname.objects.get(pk=home.pk)
    assert (after.state, after.ipv4, after.ipv6) == (State.LIVE, home.ipv4, home.ipv6)
    assert appeal.case.decisions.get().state == Decision.State.UNDONE
    assert Case.objects.get(pk=appeal.case_id).closed_at is None
    assert told(alice)[2:] == ["home.ddns.test is no longer suspended", "home.ddns.test: your appeal was upheld"]
    assert json.loads(Receipt.objects.filter(appeal=appeal).first().payload)["is_upheld"] is True


def test_a_rejected_appeal_gives_its_reason_and_changes_nothing(alice, home, appeal, judge):
    appeals.decide(appeal, is_upheld=False, reason="The page is still there.", by=judge)
    assert Hostname.objects.get(pk=home.pk).state == State.SUSPENDED
    words = Notification.objects.filter(account=alice).first().details["text"]
    assert "The page is still there." in words
    assert "a certified body for settlement out of court" in words
    assert LedgerEntry.objects.filter(action="reject-appeal", actor=judge).exists()


def test_a_second_appeal_is_refused_with_where_to_go(suspended, appeal, judge):
    for _ in range(2):
        with pytest.raises(AppealedAlready) as error:
            appeals.file(suspended, party=Party.CUSTOMER, text="Again.")
        assert "or to a court" in str(error.value)
        if Appeal.objects.waiting().exists():
            appeals.decide(appeal, is_upheld=False, reason="No.", by=judge)


def test_who_decided_or_approved_does_not_judge_it(suspended, appeal, judge, senior, root):
    judged_by_decider = Decision.objects.get(pk=suspended.pk).decided_by
    judged_by_decider.is_superuser = True
    judged_by_decider.save()
    with pytest.raises(SamePerson):
        appeals.decide(appeal, is_upheld=True, reason="Mine.", by=judged_by_decider)
    Decision.objects.filter(pk=suspended.pk).update(approved_by=root)
    with pytest.raises(SamePerson):
        appeals.decide(appeal, is_upheld=True, reason="Mine.", by=root)
    appeals.decide(appeal, is_upheld=True, reason="Another.", by=judge)


def test_the_database_refuses_the_same_person_too(appeal, oscar):
    with pytest.raises(IntegrityError):
        Appeal.objects.filter(pk=appeal.pk).update(
            decided_by=oscar, decided_at=timezone.now(), is_upheld=False, reason="Mine."
        )


def test_anybody_else_judges_what_a_rule_decided(case, judge):
    hold = decisions.take(case, action=Action.HOLD, reason="Young.", by=None, rule="young")
    appeal = appeals.file(hold, party=Party.CUSTOMER, text="Why?")
    appeals.decide(appeal, is_upheld=True, reason="Known for years.", by=judge)
    assert Decision.objects.get(pk=hold.pk).state == Decision.State.UNDONE


def test_who_may_not_decide_appeals_does_not(appeal, clerk, alice, judge):
    for person in (clerk, alice):
        with pytest.raises(NotAllowed):
            appeals.decide(appeal, is_upheld=True, reason="x", by=person)
    Case.objects.filter(pk=appeal.case_id).update(account=judge)
    with pytest.raises(OwnAccount):
        appeals.decide(appeal, is_upheld=True, reason="x", by=judge)


def test_an_appeal_of_a_restricted_case_is_for_named_people(appeal, judge):
    Case.objects.filter(pk=appeal.case_id).update(route="restricted")
    with pytest.raises(NotAllowed):
        appeals.decide(appeal, is_upheld=True, reason="x", by=judge)


def test_an_appeal_needs_words_and_its_decision_a_reason(suspended, judge):
    with pytest.raises(TextMissing):
        appeals.file(suspended, party=Party.CUSTOMER, text=" \n\x00")
    with pytest.raises(TextTooLong):
        appeals.file(suspended, party=Party.CUSTOMER, text="x" * 10_001)
    appeal = appeals.file(suspended, party=Party.CUSTOMER, text="x")
    with pytest.raises(ReasonMissing):
        appeals.decide(appeal, is_upheld=True, reason=" ", by=judge)
    appeals.decide(appeal, is_upheld=False, reason="No.", by=judge)
    with pytest.raises(AppealDecided):
        appeals.decide(appeal, is_upheld=True, reason="Yes.", by=judge)


@pytest.mark.parametrize("action", [Action.DISMISS, Action.INFORM, Action.REFER, Action.PRESERVE])
def test_what_restricts_nothing_has_no_appeal(case, oscar, action):
    with pytest.raises(NotAppealable):
        appeals.file(decide(case, action, oscar), party=Party.CUSTOMER, text="x")


@pytest.mark.parametrize("state", [Decision.State.UNDONE, Decision.State.ENDED, Decision.State.PROPOSED])
def test_what_is_not_in_force_has_no_appeal(case, oscar, state):
    with pytest.raises(NotAppealable):
        appeals.file(decide(case, Action.SUSPEND, oscar, state=state), party=Party.CUSTOMER, text="x")


def test_after_six_months_there_is_no_appeal(case, oscar):
    at = timezone.now() - timedelta(days=185)
    with pytest.raises(NotAppealable, match="184 days"):
        appeals.file(decide(case, Action.SUSPEND, oscar, done_at=at), party=Party.CUSTOMER, text="x")


def test_a_reporter_objects_to_a_dismissal_and_the_case_is_open_again(case, oscar, judge):
    dismissed = decisions.take(case, action=Action.DISMISS, reason="Nothing there.", by=oscar)
    report = Report.objects.get(case=case)
    appeal = appeals.file(dismissed, party=Party.REPORTER, text="It is there at night.", report=report)
    appeals.decide(appeal, is_upheld=True, reason="Seen at night.", by=judge)
    assert Case.objects.get(pk=case.pk).closed_at is None
    said = [each.text for each in Message.objects.filter(report=report, side="reporter", is_ours=True)]
    assert "Seen at night." in said[-1]
    assert len(said) == 2


def test_what_is_decided_beside_a_case_is_nothing_to_object_to(case, oscar, judge, root):
    """Else whoever dismissed it could judge the objection: it would be against somebody else's decision."""
    dismissed = decisions.take(case, action=Action.DISMISS, reason="Nothing there.", by=oscar)
    preserved = decisions.take(case, action=Action.PRESERVE, reason="police", by=root)
    report = Report.objects.get(case=case)
    assert appeals.decision_about(report) == dismissed
    with pytest.raises(NotAppealable):
        appeals.file(preserved, party=Party.REPORTER, text="It is there at night.", report=report)


def test_a_reporter_whose_report_was_acted_on_has_nothing_to_object_to(case, suspended):
    with pytest.raises(NotAppealable):
        appeals.file(suspended, party=Party.REPORTER, text="More!", report=Report.objects.get(case=case))


def test_a_reporter_of_another_case_has_nothing_to_object_to(case, suspended, foreign, trudy):
    other = report_on(open_case(foreign), trudy, outcome="rejected", answered_at=timezone.now())
    with pytest.raises(NotAppealable):
        appeals.file(suspended, party=Party.REPORTER, text="x", report=other)


def test_appeals_that_wait_too_long_raise_an_alarm_until_they_are_decided(appeal, judge):
    assert appeals.watch() == 0
    Appeal.objects.update(look_due_at=timezone.now() - timedelta(hours=1))
    assert appeals.watch() == 1
    assert f"{appeal.pk} (case {appeal.case_id}" in Alarm.objects.open().get(kind="appeal").text
    appeals.look(appeal)
    assert appeals.watch() == 0
    assert not Alarm.objects.open().filter(kind="appeal").exists()
    Appeal.objects.update(due_at=timezone.now() - timedelta(hours=1))
    assert appeals.watch() == 1
    assert Appeal.objects.get().breached_at is not None
    appeals.decide(appeal, is_upheld=False, reason="No.", by=judge)
    assert appeals.watch() == 0


def test_an_appeal_is_decided_at_the_desk(appeal, judge, home):
    client = logged_in(judge)
    page = f"/admin/abuse/appeal/{appeal.pk}/change/"
    assert "It is my camera." in client.get(page).text
    assert Appeal.objects.get().looked_at is not None
    decide_page = f"/admin/abuse/appeal/{appeal.pk}/decide/"
    assert "needs a reason" in client.post(decide_page, {"verdict": "uphold", "reason": ""}).text
    assert client.post(decide_page, {"verdict": "uphold", "reason": "A camera."}).status_code == 302
    assert Hostname.objects.get(pk=home.pk).state == State.LIVE
    assert "A camera." in client.get(page).text


def test_who_decided_sees_the_appeal_and_no_button(appeal, oscar):
    page = logged_in(oscar).get(f"/admin/abuse/appeal/{appeal.pk}/change/").text
    assert "Uphold: undo it" not in page
    assert Appeal.objects.get().looked_at is None
    response = logged_in(oscar).post(f"/admin/abuse/appeal/{appeal.pk}/decide/", {"verdict": "uphold", "reason": "x"})
    assert response.status_code == 403


def test_strangers_and_customers_are_kept_from_the_queue(appeal, alice, client, clerk):
    for who in (client, logged_in(alice), logged_in(clerk)):
        for page in ("/admin/abuse/appeal/", f"/admin/abuse/appeal/{appeal.pk}/change/"):
            assert who.get(page).status_code in (302, 403)


def test_the_queue_has_the_oldest_first_in_few_queries(
    appeal,
    case,
    foreign,
    oscar,
    judge,
    django_assert_max_num_queries,
):
    second = decisions.take(open_case(foreign), action=Action.HOLD, reason="x", by=oscar)
    appeals.file(second, party=Party.CUSTOMER, text="Too.")
    client = logged_in(judge)
    client.get("/admin/abuse/appeal/")
    with django_assert_max_num_queries(12):
        page = client.get("/admin/abuse/appeal/").text
    assert page.index(f"{case.pk}: home.ddns.test") < page.index("bob.ddns.test")


def test_the_queue_has_what_waits_first_however_it_came_in(appeal, alice, domain, oscar, judge):
    """By the time of filing, not by number: and what was decided below it, the latest first."""

    def file(label, *, hours_ago, decided_hours_ago=None):
        hostname = hostnames.register(alice, domain=domain, label=label)
        decision = decisions.take(open_case(hostname), action=Action.HOLD, reason="x", by=oscar)
        made, now = appeals.file(decision, party=Party.CUSTOMER, text="No."), timezone.now()
        Appeal.objects.filter(pk=made.pk).update(filed_at=now - timedelta(hours=hours_ago))
        if decided_hours_ago is not None:
            Appeal.objects.filter(pk=made.pk).update(
                decided_at=now - timedelta(hours=decided_hours_ago), decided_by=judge, is_upheld=False, reason="No."
            )

    file("younger", hours_ago=2)
    file("eldest", hours_ago=30)
    file("decided-before", hours_ago=90, decided_hours_ago=50)
    file("decided-lately", hours_ago=99, decided_hours_ago=1)
    file("elder", hours_ago=20)
    page = logged_in(judge).get("/admin/abuse/appeal/").text
    order = ["eldest", "elder", "younger", "home", "decided-lately", "decided-before"]
    places = [page.index(f": {label}.ddns.test") for label in order]
    assert places == sorted(places)


def test_nothing_that_a_customer_is_told_names_the_reporter(alice, appeal, judge):
    appeals.decide(appeal, is_upheld=False, reason="No.", by=judge)
    for each in Notification.objects.filter(account=alice):
        assert not [word for word in REPORTER_WORDS if word in str(each.details)]


def test_a_preview_of_a_reserved_action_is_harmless(case):
    assert statements.preview(case, Action.BLOCK_NETWORK, {"network": "203.0.113.0/24"}, "de").subject
