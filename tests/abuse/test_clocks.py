"""Clocks: they stand while a reporter is asked, for a week at most; what is overdue is told once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import clocks
from abuse.models import Case
from dnsupdate import alarms
from dnsupdate.models import Alarm
from tests.abuse import rows

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def backdate(case: Case, **times: timedelta) -> Case:
    """As if it had happened so long before."""
    for name, ago in times.items():
        setattr(case, name, timezone.now() - ago)
    case.save(update_fields=list(times))
    return case


def test_pause_moves_the_end_by_as_long_as_it_lasted(home):
    case = rows.case(home)
    due_at = case.due_at
    clocks.pause(case)
    assert (case.state, case.paused_at is None) == ("waits_reporter", False)
    backdate(case, paused_at=5 * HOUR)
    clocks.resume(case)
    assert (case.state, case.paused_at) == ("open", None)
    assert abs(case.due_at - due_at - 5 * HOUR) < timedelta(minutes=1)
    assert abs(case.paused_for - 5 * HOUR) < timedelta(minutes=1)


def test_pauses_last_a_week_in_all(home):
    case = rows.case(home, paused_for=6 * DAY)
    due_at = case.due_at
    clocks.pause(case)
    backdate(case, paused_at=3 * DAY)
    clocks.resume(case)
    assert (case.paused_for, case.due_at) == (clocks.MOST_PAUSE, due_at + DAY)


def test_case_that_has_used_up_its_pauses_stays_in_the_queue(home):
    case = rows.case(home, paused_for=clocks.MOST_PAUSE)
    clocks.pause(case)
    assert (case.state, case.paused_at) == ("open", None)


@pytest.mark.parametrize(("waited", "state"), [(6 * DAY, "waits_reporter"), (8 * DAY, "open")])
def test_reporter_is_waited_for_a_week(home, waited, state):
    case = rows.case(home)
    clocks.pause(case)
    backdate(case, paused_at=waited)
    clocks.watch()
    case.refresh_from_db()
    assert case.state == state


def test_customer_is_not_waited_for_beyond_the_desks_time(home, foreign):
    late = rows.case(home, state="waits_customer", due_at=timezone.now() - HOUR)
    waits = rows.case(foreign, state="waits_customer", due_at=timezone.now() + HOUR)
    clocks.watch()
    assert set(Case.objects.values_list("pk", "state")) == {(late.pk, "open"), (waits.pk, "waits_customer")}


def test_overdue_case_is_told_of_once_until_none_is_overdue(home, foreign):
    case = rows.case(home, due_at=timezone.now() - HOUR)
    assert (clocks.watch(), clocks.watch()) == (1, 0)
    alarm = Alarm.objects.open().get(kind="desk")
    assert str(case.pk) in alarm.text
    # Not which name: alarms go by mail, and the case may be a restricted one.
    assert home.name not in alarm.text
    Case.objects.update(due_at=timezone.now() + HOUR)
    clocks.watch()
    assert not Alarm.objects.open().exists()


@pytest.mark.parametrize("fields", [{"state": "waits_reporter"}, {"state": "closed", "closed_at": timezone.now()}])
def test_what_waits_or_is_closed_is_not_overdue(home, fields):
    rows.case(home, due_at=timezone.now() - HOUR, **{"paused_at": timezone.now(), **fields})
    assert clocks.watch() == 0


def test_closed_case_is_not_paused(home):
    case = rows.case(home, state="closed", closed_at=timezone.now())
    assert clocks.pause(case).state == "closed"


def test_what_is_overdue_is_told_although_the_watch_died_in_between(home, monkeypatch):
    case = backdate(rows.case(home), due_at=HOUR)

    def die(*args, **options):
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(alarms, "open", die)
        with pytest.raises(SystemExit):
            clocks.watch()
    assert clocks.watch() == 1
    assert f"{case.pk} (" in Alarm.objects.get().text
