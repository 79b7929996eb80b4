"""Many readers at once: nothing is read twice, nothing is lost, one case is opened."""

import threading
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from abuse import cases, intake, reports, submissions
from abuse.intake.drafts import Draft, Parsed, Party, Subject
from abuse.models import Case, Report, Reporter, Submission
from ddns.models import Hostname
from tests.abuse.readable import submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _categories(transactional_db) -> None:
    """Those of the migration: tests that commit are followed by empty tables."""
    import_module("abuse.migrations.0006_categories").add(apps, None)


def draft(number: int, name: str = "home.ddns.test") -> Draft:
    subject = Subject(name=name, url=f"https://{name}/{number}")
    return Draft("content/phishing", (subject,), reporter=Party(contact=f"a{number}@example-{number}.com"))


def at_once(*works: Callable[[], object]) -> None:
    """Each in a thread and a connection of its own; what one raises is raised here."""
    together, errors = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Callable[[], object]) -> None:
        try:
            together.wait(timeout=30)
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_two_workers_share_what_there_is(monkeypatch, home, foreign):
    names = ("home.ddns.test", "bob.ddns.test")
    for number in range(120):
        submission(monkeypatch, draft(number, names[number % 2]))
    at_once(reports.read_all, reports.read_all, reports.read_all)
    assert Submission.objects.filter(state="read").count() == Report.objects.count() == 120
    assert sorted(Case.objects.values_list("name", "report_count")) == [("bob.ddns.test", 60), ("home.ddns.test", 60)]


def test_one_submission_is_read_by_one_of_two(monkeypatch, home):
    made = submission(monkeypatch, draft(1))
    at_once(lambda: reports.read(made), lambda: reports.read(made))
    assert Report.objects.count() == Case.objects.get().report_count == 1


def test_first_reports_on_one_name_at_once_open_one_case(monkeypatch, home):
    for turn in range(8):
        Report.objects.all().delete()
        Case.objects.all().delete()
        one, other = (submission(monkeypatch, draft(10 * turn + number)) for number in range(2))
        at_once(lambda one=one: reports.read(one), lambda other=other: reports.read(other))
        assert Case.objects.get().report_count == 2


def test_report_that_comes_while_its_case_is_closed_is_answered_or_opens_another(monkeypatch, home, oscar):
    (first,) = reports.read(submission(monkeypatch, draft(1)))
    case = Case.objects.get(pk=first.case_id)
    later = submission(monkeypatch, draft(2))
    at_once(
        lambda: cases.close(case, outcome=Report.Outcome.UPHELD, by=oscar, reason="phishing"),
        lambda: reports.read(later),
    )
    report = Report.objects.get(submission=later)
    assert report.case is not None
    is_answered = report.state == Report.State.CLOSED
    assert is_answered == (report.case_id == case.pk) == (report.case.closed_at is not None)


def test_name_that_is_given_up_meanwhile_stays_its_holders(monkeypatch, home):
    """The case is about who held it; that it is given up a moment later changes nothing of that."""
    made = submission(monkeypatch, draft(1))
    at_once(
        lambda: reports.read(made),
        lambda: Hostname.objects.filter(pk=home.pk).update(released_at=timezone.now()),
    )
    report = Report.objects.get()
    assert report.hostname == home
    assert report.standing in ("held", "released")


def test_worker_that_dies_leaves_the_submission_to_the_next(monkeypatch, home):
    submission(monkeypatch, draft(1))
    store = reports._keep_evidence

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(reports, "_keep_evidence", die)
    with pytest.raises(KeyboardInterrupt):
        reports.read_all()
    assert (Report.objects.count(), Case.objects.count()) == (0, 0)
    monkeypatch.setattr(reports, "_keep_evidence", store)
    assert reports.read_all() == 0
    Submission.objects.update(claimed_until=timezone.now())
    assert reports.read_all() == 1
    assert Report.objects.count() == Case.objects.get().report_count == 1


def test_what_kills_its_readers_ends_up_with_a_person_and_takes_no_others_with_it(monkeypatch, home):
    deadly = submissions.accept(b"deadly", door=Submission.Door.MAIL, source="trudy@example.com")
    good = [submission(monkeypatch, draft(number)) for number in range(3)]
    understand = intake.parse

    def parse(content: bytes, **options) -> Parsed:
        if content == b"deadly":
            raise SystemExit
        return understand(content, **options)

    monkeypatch.setattr(intake, "parse", parse)
    for _ in range(20):
        try:
            if reports.read_all() == 0 and not Submission.objects.unread().exists():
                break
        except SystemExit:
            pass
        Submission.objects.update(claimed_until=timezone.now())
    deadly.refresh_from_db()
    assert (deadly.state, deadly.try_count) == ("unreadable", reports.MOST_TRIES)
    assert {Submission.objects.get(pk=each.pk).state for each in good} == {"read"}


def test_one_that_cannot_be_stored_does_not_keep_the_others(monkeypatch, home):
    bad = submission(monkeypatch, Draft("content/phishing", (Subject(name="home.ddns.test"),), description="\x00"))
    good = submission(monkeypatch, draft(1))
    assert reports.read_all() == 2
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("unreadable", "read")
    assert "Storing it failed" in bad.problem


def test_reading_waits_for_nobody_who_holds_the_submission(monkeypatch, home):
    made = submission(monkeypatch, draft(1))
    with transaction.atomic():
        Submission.objects.select_for_update().get(pk=made.pk)
        at_once(lambda: reports.read_all())
    assert Submission.objects.get(pk=made.pk).state == "received"


def test_whoever_has_proven_who_it_is_does_not_wait_behind_a_flood(monkeypatch, home):
    house = Reporter.objects.create(identity="org:cert.example", kind=Reporter.Kind.ORGANISATION)
    monkeypatch.setattr(reports, "CHUNK", 2)
    for number in range(6):
        submission(monkeypatch, draft(number))
    submission(monkeypatch, draft(9), reporter=house)
    read_all, order = reports._read_together, []

    def remember(claimed):
        order.append([each.reporter for each in claimed])
        read_all(claimed)

    monkeypatch.setattr(reports, "_read_together", remember)
    assert reports.read_all() == 7
    assert order[0] == [house]
    # And nobody waits for ever behind those either: every other time the oldest come first.
    for number in range(20, 26):
        submission(monkeypatch, draft(number), reporter=house)
    submission(monkeypatch, draft(30))
    Submission.objects.filter(reporter=None, state="received").update(received_at=timezone.now() - timedelta(hours=1))
    order.clear()
    reports.read_all()
    assert None in order[1]
