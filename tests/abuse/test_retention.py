"""Retention: what was said leaves in time, what is needed stays, and that something left is in the ledger."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from abuse import retention, submissions
from abuse.models import Appeal, Blob, Case, Decision, Evidence, LedgerEntry, Report, Statement, Submission, Suspension
from ddns.models import User
from tests.abuse import rows

pytestmark = pytest.mark.django_db

TWO_YEARS_AND_A_DAY = timedelta(days=731)


@pytest.fixture
def closed(home) -> Case:
    """Closed just now, with a report that has evidence."""
    case = rows.case(home, state=Case.State.CLOSED, closed_at=timezone.now())
    report = rows.report(case, state=Report.State.CLOSED)
    Evidence.objects.create(report=report, blob=submissions.keep(b"a picture"), filename="victim.png")
    return case


def purge_after(age: timedelta = TWO_YEARS_AND_A_DAY) -> int:
    return retention.purge(timezone.now() + age)


def test_what_was_said_leaves_with_its_octets(closed):
    assert purge_after() == 3
    report = Report.objects.get()
    assert (report.description, report.name) == ("", "home.ddns.test")
    assert Evidence.objects.get().filename == ""
    assert {bytes(blob.content) for blob in Blob.objects.all()} == {b""}
    assert Submission.objects.get().source == ""


def test_that_it_left_is_in_the_ledger(closed):
    purge_after()
    entry = LedgerEntry.objects.get(action="purge")
    assert entry.details == {"cases": [closed.pk], "reports": 1, "submissions": 1, "octets": 17}


def test_nothing_leaves_before_its_time(closed):
    assert purge_after(timedelta(days=729)) == 0
    assert not LedgerEntry.objects.exists()


def test_second_run_finds_nothing(closed):
    purge_after()
    assert purge_after() == 0
    assert LedgerEntry.objects.count() == 1


def test_retention_is_the_categorys(home):
    case = rows.case(home, kind="content/csam", state=Case.State.CLOSED, closed_at=timezone.now())
    rows.report(case, category=case.category, state=Report.State.CLOSED)
    assert purge_after(timedelta(days=366)) == 3


def preserve(case: Case, oscar) -> None:
    until = timezone.now() + timedelta(days=800)
    User.objects.filter(pk=case.account_id).update(preserve_until=until)


def appeal(case: Case, oscar) -> None:
    Appeal.objects.create(
        case=case, decision=rows.decision(case, by=oscar), party="customer", text="no", due_at=timezone.now()
    )


def propose(case: Case, oscar) -> None:
    rows.decision(case, by=oscar, state=Decision.State.PROPOSED)


def suspend(case: Case, oscar) -> None:
    Suspension.objects.create(
        hostname=case.hostname,
        decision=rows.decision(case, by=oscar),
        reason="lure",
        decided_by=oscar,
        decided_at=timezone.now(),
    )


def reopen(case: Case, oscar) -> None:
    Case.objects.filter(pk=case.pk).update(state=Case.State.OPEN, closed_at=None)


@pytest.mark.parametrize("what", [preserve, appeal, propose, suspend, reopen])
def test_what_is_needed_stays(closed, oscar, what):
    what(closed, oscar)
    assert purge_after() == 0
    assert Report.objects.get().description


def test_octets_that_another_report_needs_stay(closed, foreign):
    other = rows.report(rows.case(foreign), content=b"another")
    Evidence.objects.create(report=other, blob=submissions.keep(b"a picture"))
    purge_after()
    kept = {bytes(blob.content) for blob in Blob.objects.filter(purged_at=None)}
    assert kept == {b"a picture", b"another"}


def test_report_about_nothing_of_ours_leaves_too(db):
    rows.report(None)
    assert purge_after() == 2
    assert Report.objects.get().description == ""


def test_submission_that_waits_for_a_person_stays(db):
    rows.submission(b"unreadable")
    Submission.objects.update(state=Submission.State.UNREADABLE)
    assert purge_after() == 0


def test_submission_that_was_no_report_leaves(db):
    rows.submission(b"an advertisement")
    assert purge_after() == 1
    assert bytes(Blob.objects.get().content) == b""


def test_same_octets_sent_again_later_are_stored_again(closed):
    purge_after()
    submissions.keep(b"a picture")
    assert bytes(Blob.objects.get(size=9).content) == b"a picture"


def test_words_to_the_customer_leave_and_the_decision_stays(closed, oscar):
    decision = rows.decision(closed, by=oscar)
    Statement.objects.create(decision=decision, account=closed.account, language="en", subject="s", text="t")
    purge_after()
    statement = Statement.objects.get()
    assert (statement.text, statement.decision.reason) == ("", "It imitates a bank.")


def test_report_that_came_to_a_case_whose_time_was_over_leaves_in_its_own(closed):
    """What repeats a report is on its case, also years later."""
    purge_after()
    late = rows.report(
        closed, content=b"the same again", state=Report.State.DUPLICATE, duplicate_of=Report.objects.get()
    )
    assert purge_after(timedelta(days=700)) == 0
    assert purge_after() == 2
    late.refresh_from_db()
    assert late.description == ""


def test_list_of_a_feed_that_named_nothing_new_of_ours_leaves_within_days():
    """Pulled every few minutes, two years of them are a terabyte."""
    made = submissions.accept(b"elsewhere.example", door=Submission.Door.FEED, source="https://feed.example/")
    mailed = submissions.accept(b"hello", door=Submission.Door.MAIL, source="trudy@example.net")
    Submission.objects.update(state=Submission.State.READ)
    assert purge_after(settings.ABUSE_FEED_RETENTION - timedelta(hours=1)) == 0
    assert purge_after(settings.ABUSE_FEED_RETENTION + timedelta(hours=1)) == 1
    made.refresh_from_db()
    mailed.refresh_from_db()
    assert (made.purged_at is None, mailed.purged_at is None) == (False, True)
