"""Clocks: how long a case may wait: they stand while its reporter is asked, and somebody is told when one has run out."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from abuse.models import Case
from dnsupdate import alarms
from dnsupdate.models import Alarm

# In all, over the whole life of a case: who is asked again and again must not keep a bad name in DNS.
MOST_PAUSE = timedelta(days=7)
# In one run of the watch; the next is there within the minute.
CHUNK = 500


@transaction.atomic
def pause(case: Case) -> Case:
    """Waits for the reporter: the clock stands, at most MOST_PAUSE in all. A case that has used that up stays in the queue.

    Locks the case.
    """
    lock(case)
    if case.closed_at is not None or case.state == Case.State.WAITING_REPORTER or case.paused_for >= MOST_PAUSE:
        return case
    case.state, case.paused_at = Case.State.WAITING_REPORTER, timezone.now()
    case.save(update_fields=["state", "paused_at"])
    return case


@transaction.atomic
def resume(case: Case) -> Case:
    """Back in the queue; the clock goes on where it stood. A case that waits for nobody stays as it is. Locks the case."""
    lock(case)
    if case.closed_at is None and case.state == Case.State.WAITING_REPORTER:
        go_on(case, timezone.now())
        case.save(update_fields=["state", "due_at", "paused_at", "paused_for"])
    return case


def lock(case: Case) -> None:
    """The row, until the transaction ends; case says then what it says."""
    case.refresh_from_db(from_queryset=Case.objects.select_for_update(of=("self",), no_key=True))


def go_on(case: Case, now: datetime) -> None:
    """The clock of a locked case, which is saved afterwards."""
    if case.paused_at is not None:
        stood = max(min(now - case.paused_at, MOST_PAUSE - case.paused_for), timedelta(0))
        case.due_at, case.paused_for = case.due_at + stood, case.paused_for + stood
    case.state, case.paused_at = Case.State.OPEN, None


def watch() -> int:
    """Brings back what has waited long enough, and tells of what is overdue, once for each; gives how many are newly so."""
    now = timezone.now()
    _bring_back(now)
    with transaction.atomic():
        overdue = _breach(now)
        _tell(overdue, now)
    return len(overdue)


def _bring_back(now: datetime) -> None:
    """Whose reporter had MOST_PAUSE, and whose customer was waited for until the desk's own time has run out."""
    waiting = Case.objects.open().filter(state=Case.State.WAITING_REPORTER)
    is_over = waiting.filter(paused_at__lte=now - MOST_PAUSE + F("paused_for")) | waiting.filter(paused_at=None)
    for case in is_over.order_by("pk")[:CHUNK]:
        resume(case)
    late = Case.objects.open().filter(state=Case.State.WAITING_CUSTOMER, due_at__lte=now)
    late.update(state=Case.State.OPEN)


def _breach(now: datetime) -> list[Case]:
    """Newly overdue ones, marked, so that each is told of once. Within a transaction."""
    due = Case.objects.in_queue().filter(due_at__lt=now, breached_at=None)
    cases = list(due.select_for_update(skip_locked=True, no_key=True)[:CHUNK])
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(breached_at=now)
    return cases


def _tell(overdue: Sequence[Case], now: datetime) -> None:
    if overdue:
        shown = ", ".join(f"{case.pk} ({case.category_id}, since {_ago(now - case.due_at)})" for case in overdue[:10])
        more = f", and {len(overdue) - 10} more" if len(overdue) > 10 else ""
        alarms.open(Alarm.Kind.DESK, f"Cases of the abuse desk are overdue: {shown}{more}. Decide them.")
    elif not Case.objects.in_queue().filter(due_at__lt=now).exists():
        alarms.close(Alarm.Kind.DESK)


def _ago(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
