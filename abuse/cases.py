"""Cases: the work on one name of one holder by one route: opened by reports, counted, closed with an answer to all of them."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from celery import current_app
from django.db import connection, transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from abuse import answer_words, answers, clocks, ledger, reporters, sources
from abuse.errors import CaseClosed, ReasonMissing
from abuse.models import Case, Category, Report
from ddns.models import Restriction, User
from dnsupdate import alarms, wake
from dnsupdate.models import Alarm, Zone
from dnsupdate.names import is_within

logger = logging.getLogger(__name__)

Outcome, State = Report.Outcome, Report.State
# hostname, account, route; of a name that no customer held: None, None, route, the name.
Key = tuple[int | None, int | None, str, str]

# A case that was dismissed so lately is not looked at again for what it has said already; after that it may be.
LOOKED_AT_FOR = timedelta(days=14)
_DISMISSED = frozenset({Outcome.REJECTED, Outcome.INSUFFICIENT})
_OUT_OF_DNS = (Restriction.Kind.SUSPENDED, Restriction.Kind.DIVERTED)


@transaction.atomic
def attach(report: Report) -> Case | None:
    """Joins the stored report to the open case about its hostname, or opens one; None where it was answered instead."""
    attach_all([report])
    return report.case


@transaction.atomic
def attach_all(reports: Sequence[Report]) -> None:
    """Joins many stored reports to their cases, or answers them (place_all)."""
    place_all(reports)
    fields = ["case", "state", "outcome", "answer", "answered_at", "mail", "warnings"]
    Report.objects.bulk_update(reports, fields, batch_size=500)
    recount_all({report.case_id for report in reports if report.case_id is not None})


def place_all(reports: Sequence[Report]) -> None:
    """Says of each report which case it is on, or what it is answered at once: its caller saves it, and counts the cases.

    On an open case about the same hostname, account and route, else on a new one; but a name that is out of DNS already, and
    a case that was dismissed lately where the report says nothing new, are an answer. What is restricted always gets a case.

    Within a transaction. Locks the open cases; of two workers at once one opens a case, and the other joins it.
    """
    keys = {report.pk: _key(report) for report in reports}
    wanted = set(keys.values())
    found = _open(wanted)
    # After the cases were locked: who suspended a name and closed its case a moment ago is seen.
    closed = _last_closed(wanted - set(found))
    known = _Known(_out_of_dns(wanted), closed, _heard(closed.values()))
    to_open: dict[Key, Case] = {}
    suspended, repeated, placed = [], [], []
    for report in reports:
        key = keys[report.pk]
        if (since := known.out_of_dns_since(report)) is not None:
            report.case = found.get(key) or known.closed.get(key)
            suspended.append((report, since))
        elif key not in found and known.says_nothing_new(report, key):
            report.case = known.closed[key]
            repeated.append(report)
        else:
            placed.append(report)
            if key not in found:
                to_open.setdefault(key, _new(report, key))
    _answer_suspended(suspended)
    _answer_repeated(repeated)
    found |= _create(to_open)
    before = {key: _clock(case) for key, case in found.items()}
    for report in placed:
        case = found[keys[report.pk]]
        report.case, report.state = case, State.OPEN
        _hurry(case, report)
    _save_clocks([case for key, case in found.items() if _clock(case) != before.get(key)])
    own = [report for report in placed if report.standing == Report.Standing.INFRASTRUCTURE]
    _call_duty(sorted({report.name for report in own if keys[report.pk] in to_open}))
    transaction.on_commit(wake_scorer)


def recount(case: Case) -> Case:
    """Counts again what its reports say: the case as it is then."""
    recount_all({case.pk})
    case.refresh_from_db()
    return case


@transaction.atomic
def recount_all(case_ids: Collection[int]) -> None:
    """Numbers and category of these cases, from their reports, in a number of queries that does not grow with them.

    Locks the cases in the order of their numbers.
    """
    cases = Case.objects.filter(pk__in=case_ids)
    list(cases.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    figures = _figures(case_ids)
    if len(figures) < len(case_ids):
        cases.exclude(pk__in=figures).update(report_count=0, source_count=0)
    several = [case_id for case_id, (count, *_) in figures.items() if count > 1]
    independent = sources.count_all(several) if several else {}
    rows = [(case_id, independent.get(case_id, 1), *each) for case_id, each in sorted(figures.items())]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_SET_FIGURES, [list(column) for column in zip(*rows, strict=True)])


# A statement for all: by the ORM it is a CASE of as many branches for each field, and took ten times as long.
_SET_FIGURES = """
UPDATE abuse_case SET
  source_count = found.source_count, report_count = found.report_count, grade = found.grade,
  last_report_at = found.last_report_at, category_id = found.category_id, severity = found.severity
FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::timestamptz[], %s::text[], %s::int[])
  AS found (id, source_count, report_count, grade, last_report_at, category_id, severity)
WHERE abuse_case.id = found.id
"""


def _figures(case_ids: Collection[int]) -> dict[int, tuple[int, int, datetime, str, int]]:
    """Count, best grade, time of the last, worst category and its severity, of those that have reports that count."""
    severity = dict(Category.objects.values_list("key", "severity"))
    rows = (
        Report.objects.counted()
        .filter(case__in=case_ids)
        .order_by()
        .values_list("case_id", "category_id")
        .annotate(Count("pk"), Max("grade"), Max("received_at"))
    )
    found: dict[int, tuple[int, int, datetime, str, int]] = {}
    for case_id, key, count, best, last in rows:
        each = (count, best, last, key, severity[key])
        if case_id in found:
            known = found[case_id]
            worst = max(known, each, key=lambda row: (row[4], row[3]))
            each = (known[0] + count, max(known[1], best), max(known[2], last), *worst[3:])
        found[case_id] = each
    return found


@transaction.atomic
def close(case: Case, *, outcome: Report.Outcome, by: User | None, reason: str) -> Case:
    """Ends the work with one answer to all its reports, which counts for their reporters. Locks the case.

    Raises ReasonMissing and CaseClosed.
    """
    if not reason.strip():
        raise ReasonMissing
    clocks.lock(case)
    if case.closed_at is not None:
        raise CaseClosed
    now = timezone.now()
    case.state, case.closed_at, case.outcome = Case.State.CLOSED, now, outcome
    case.decided_at, case.paused_at = case.decided_at or now, None
    case.save(update_fields=["state", "closed_at", "outcome", "decided_at", "paused_at"])
    answered = list(case.reports.filter(state=State.OPEN).order_by("pk"))
    answers.give(answered, outcome)
    reporters.count(answered, outcome)
    _release_duty(case)
    return case


@transaction.atomic
def reopen(case: Case, *, by: User | None, reason: str, is_entered: bool = False) -> Case:
    """Takes the work up again: the reports that it answered are open, and its clock starts anew. Locks the case.

    Where another case about the same was opened meanwhile, that one is given, and work goes on there. is_entered: the caller's
    own entry in the ledger says it. Raises ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    clocks.lock(case)
    same = Case.objects.open().filter(hostname=case.hostname_id, account=case.account_id, route=case.route)
    if case.hostname_id is None:
        same = same.filter(name=case.name)
    if (other := same.first()) is not None:
        return other
    answered = case.reports.filter(state=State.CLOSED, outcome=case.outcome)
    reporters.count(list(answered), Outcome(case.outcome), by=-1)
    answers.take_back(answered)
    case.state, case.closed_at, case.outcome = Case.State.OPEN, None, ""
    case.due_at, case.breached_at = timezone.now() + case.category.clock, None
    case.save(update_fields=["state", "closed_at", "outcome", "due_at", "breached_at"])
    if not is_entered:
        ledger.append(
            actor=by,
            action="reopen-case",
            object=f"hostname {case.name}" if case.hostname_id else f"name {case.name}",
            reason=reason.strip(),
            details={"case": case.pk},
        )
    return case


@dataclass(frozen=True, slots=True)
class _Known:
    """What was done before: since when hostnames are out of DNS, the last closed cases, and who was heard on those."""

    out_of_dns: dict[int, datetime]
    closed: dict[Key, Case]
    heard: set[tuple[int, sources.Voice]]

    def out_of_dns_since(self, report: Report) -> datetime | None:
        if report.hostname_id is None or report.category.route == Category.Route.RESTRICTED:
            return None
        return self.out_of_dns.get(report.hostname_id)

    def says_nothing_new(self, report: Report, key: Key) -> bool:
        """Whether what it shows was there to be seen when the case was dismissed, is no more or worse than that, and comes from
        somebody who was heard: a stranger's junk, dismissed, must not answer for others.
        """
        case = self.closed.get(key)
        if case is None or case.outcome not in _DISMISSED or report.category.route == Category.Route.RESTRICTED:
            return False
        is_late = case.closed_at is None or case.closed_at < timezone.now() - LOOKED_AT_FOR
        is_more = report.grade > case.grade or report.category.severity > case.severity
        is_newer = case.closed_at is not None and report.evidence_at > case.closed_at
        is_heard = (case.pk, sources.voice_of(report.reporter_id, report.reporter.identity)) in self.heard
        return is_heard and not (is_late or is_more or is_newer)


def _key(report: Report) -> Key:
    route = report.category.route
    if report.hostname is None:
        return (None, None, route, report.name)
    return (report.hostname.pk, report.hostname.account_id, route, "")


def _order(key: Key) -> tuple:
    return (key[0] or 0, key[1] or 0, *key[2:])


def _key_of(case: Case) -> Key:
    return (case.hostname_id, case.account_id, case.route, "" if case.hostname_id else case.name)


def _of(keys: Iterable[Key], cases: Iterable[Case]) -> dict[Key, Case]:
    wanted = set(keys)
    return {key: case for case in cases if (key := _key_of(case)) in wanted}


def _about(keys: Collection[Key], *, is_open: bool) -> Sequence[QuerySet[Case]]:
    """Cases about these hostnames and about these names, in the order of their numbers."""
    cases = Case.objects.filter(closed_at__isnull=is_open).order_by("pk")
    hostname_ids = {key[0] for key in keys if key[0] is not None}
    names = {key[3] for key in keys if key[0] is None}
    by_hostname = [cases.filter(hostname__in=hostname_ids)] if hostname_ids else []
    return by_hostname + ([cases.filter(hostname=None, name__in=names)] if names else [])


def _open(keys: Collection[Key]) -> dict[Key, Case]:
    """Locked, in the order of their numbers."""
    rows = [case for cases in _about(keys, is_open=True) for case in cases.select_for_update(no_key=True)]
    return _of(keys, rows)


def _last_closed(keys: Collection[Key]) -> dict[Key, Case]:
    rows = [case for cases in _about(keys, is_open=False) for case in cases]
    return _of(keys, rows)


def _heard(closed: Iterable[Case]) -> set[tuple[int, sources.Voice]]:
    """Of those that were dismissed; one query."""
    ids = [case.pk for case in closed if case.outcome in _DISMISSED]
    if not ids:
        return set()
    said = Report.objects.counted().filter(case__in=ids).order_by()
    rows = said.values_list("case_id", "reporter_id", "reporter__identity").distinct()
    return {(case_id, sources.voice_of(reporter_id, identity)) for case_id, reporter_id, identity in rows}


def _out_of_dns(keys: Iterable[Key]) -> dict[int, datetime]:
    hostname_ids = {key[0] for key in keys if key[0] is not None}
    restricted = Restriction.objects.filter(hostname__in=hostname_ids, kind__in=_OUT_OF_DNS)
    return dict(restricted.values_list("hostname_id", "since"))


def _new(report: Report, key: Key) -> Case:
    return Case(
        hostname=report.hostname,
        account_id=key[1],
        name=report.hostname.name if report.hostname else report.name,
        route=report.category.route,
        category=report.category,
        severity=report.category.severity,
        opened_at=timezone.now(),
        due_at=report.received_at + report.category.clock,
        paused_for=timedelta(0),
        last_report_at=report.received_at,
    )


def _create(wanted: dict[Key, Case]) -> dict[Key, Case]:
    """In the order of their keys, so that two workers wait for each other at most once. Locked."""
    if not wanted:
        return {}
    rows = [wanted[key] for key in sorted(wanted, key=_order)]
    Case.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return _open(wanted)


def _hurry(case: Case, report: Report) -> None:
    """A worse report is due sooner. The clock starts with the first report that is complete: what was only said waits for it.

    Something new ends the wait for a reporter, and something worse the wait for the customer.
    """
    due_at = report.received_at + report.category.clock
    is_complete = report.grade > Report.Grade.NONE
    if case.state == Case.State.WAITING_REPORTER:
        clocks.go_on(case, timezone.now())
    if case.state == Case.State.WAITING_CUSTOMER and report.category.severity <= case.severity:
        return
    case.state = Case.State.OPEN
    if (is_complete and case.grade == Report.Grade.NONE and case.report_count) or due_at < case.due_at:
        case.due_at = due_at
    case.grade, case.severity = max(case.grade, report.grade), max(case.severity, report.category.severity)


def _clock(case: Case) -> tuple:
    return case.state, case.due_at, case.paused_at, case.paused_for


def _save_clocks(cases: Iterable[Case]) -> None:
    Case.objects.bulk_update(cases, ["state", "due_at", "paused_at", "paused_for"], batch_size=500)


def _answer_suspended(reports: Sequence[tuple[Report, datetime]]) -> None:
    since = {report.pk: at for report, at in reports}
    answers.prepare(
        [report for report, _ in reports],
        Outcome.ALREADY_DONE,
        say=lambda teller, report: teller.filled(answer_words.SUSPENDED, report, since[report.pk]),
    )


def _answer_repeated(reports: Sequence[Report]) -> None:
    for outcome in _DISMISSED:
        answers.prepare(
            [report for report in reports if report.case is not None and report.case.outcome == outcome],
            Outcome(outcome),
            say=lambda teller, report: teller.filled(answer_words.NOTHING_NEW, report, _closed_at(report)),
        )


def _call_duty(names: Sequence[str]) -> None:
    """A report about the platform's own name is no customer's: whoever is on duty looks at once."""
    zones = list(Zone.objects.filter(retired_at=None)) if names else []
    for zone in zones:
        inside = [name for name in names if is_within(name, zone.name)]
        if inside:
            alarms.open(
                Alarm.Kind.DESK,
                f"Reported as abuse, and no customer's: {', '.join(inside[:10])}. Look at the case before somebody blocks the "
                "whole domain.",
                zone=zone,
            )


def _release_duty(case: Case) -> None:
    if case.hostname_id is not None:
        return
    own = Case.objects.open().filter(hostname=None, reports__standing=Report.Standing.INFRASTRUCTURE)
    others = set(own.values_list("name", flat=True))
    for zone in Zone.objects.all():
        if is_within(case.name, zone.name) and not any(is_within(name, zone.name) for name in others):
            alarms.close(Alarm.Kind.DESK, zone=zone)


def _closed_at(report: Report) -> datetime | None:
    return report.case.closed_at if report.case is not None else None


def wake_scorer() -> None:
    """The row is the queue (scored_at): a wake-up that gets lost costs the seconds until the periodic task."""
    try:
        if wake.redis_client().set("score-cases", 1, nx=True, px=500):
            current_app.send_task("abuse.tasks.score_cases", queue="abuse", retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        logger.warning("No wake-up for the scoring of cases: %s", error)
