"""Repeats: the same report again, which is one with the first; and what becomes of it when the first is taken back."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Func, JSONField, Value
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from abuse import answer_words, reporters
from abuse.models import Report, Submission

State = Report.State
# A name that a feed has not listed for so long, and lists again, is a new report. Shorter gaps are a pull that failed.
GONE_FOR = timedelta(days=14)
# That a feed lists a name still is written down so often: feeds are pulled every few minutes.
LISTED_EVERY = timedelta(days=1)


def find(rows: Iterable[Report]) -> list[tuple[Report, Report]]:
    """The same again with what it repeats, before or in the same submission; rows say so then.

    One that shows more than the first is none, and neither is one of what was seen since the first was answered.
    """
    rows = list(rows)
    earlier = Report.objects.counted().filter(fingerprint__in={row.fingerprint for row in rows}).select_related("case")
    # The last of them: it is one more because there was more to it than to those before.
    known = {each.fingerprint: each for each in earlier.order_by("received_at", "submission", "position")}
    again = []
    for row in rows:
        if row.state == State.WITHDRAWN:
            continue
        first = known.get(row.fingerprint)
        if first is not None and row.grade <= first.grade and not _is_over(first, row):
            row.duplicate_of, row.state = first, State.DUPLICATE
            again.append((row, first))
        else:
            known[row.fingerprint] = row
    return again


def follow(again: Iterable[tuple[Report, Report]]) -> None:
    """What repeats another is on its case, and has its answer: told where that was given long ago, else with it."""
    teller = answer_words.Teller()
    for row, first in again:
        row.case, row.outcome = first.case, first.outcome
        row.answer = teller.filled(answer_words.DUPLICATE, row, first.received_at)


def still_listed(again: Iterable[tuple[Report, Report]]) -> set[Report]:
    """Those that only say that a feed lists a name still: nobody reports, and thousands with every pull would be no rows
    that anybody reads. The first remembers the day.
    """
    found = [(row, first) for row, first in again if _is_listed(row)]
    now = timezone.now()
    stale = [first.pk for _, first in found if _listed_at(first) < now - LISTED_EVERY]
    said = Value({"listed_at": now.isoformat()}, output_field=JSONField())
    merged = Func(F("details"), said, template="(%(expressions)s)", arg_joiner=" || ", output_field=JSONField())
    if stale:
        Report.objects.filter(pk__in=stale).update(details=merged)
    return {row for row, _ in found}


def take_over(taken_back: Collection[Report]) -> list[Report]:
    """What repeated those is taken back with them, where it is surely the same reporter's. Of people whom nobody knows the
    next one's stands from now on in the place of the first; those are given.
    """
    firsts = {first.pk: first for first in taken_back}
    repeats = Report.objects.filter(duplicate_of__in=firsts, state=State.DUPLICATE)
    heirs: dict[UUID, Report] = {}
    gone = []
    for row in repeats.select_related("reporter").order_by("received_at", "position"):
        first = firsts[row.duplicate_of_id]  # type: ignore[index]
        if reporters.is_proven(row.reporter) or row.submission_id == first.submission_id:
            gone.append(row.pk)
        else:
            heirs.setdefault(first.pk, row)
    repeats.filter(pk__in=gone).update(state=State.WITHDRAWN)
    for first_id, heir in heirs.items():
        first = firsts[first_id]
        heir.state, heir.duplicate_of, heir.case = first.state, None, first.case
        heir.outcome, heir.answer = Report.Outcome.PENDING, ""
        heir.save(update_fields=["state", "duplicate_of", "case", "outcome", "answer"])
        repeats.filter(duplicate_of=first_id).update(duplicate_of=heir)
    return list(heirs.values())


def _is_over(first: Report, row: Report) -> bool:
    """Whether the first was answered, and this was seen since. A feed sees nothing: it has left the name out meanwhile.

    Under the reporter's own number the same again, with no word of when, is the same: scanners send it every day.
    """
    if first.case is None or first.state != State.CLOSED or first.answered_at is None:
        return False
    if _is_listed(row):
        return _listed_at(first) < row.received_at - GONE_FOR
    is_said_when = not row.external_id or row.evidence_at < row.received_at
    return is_said_when and row.evidence_at > first.answered_at


def _is_listed(row: Report) -> bool:
    return row.submission.door == Submission.Door.FEED


def _listed_at(first: Report) -> datetime:
    said = first.details.get("listed_at")
    return (parse_datetime(said) if isinstance(said, str) else None) or first.received_at
