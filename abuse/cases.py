"""Cases: the work on one name of one holder by one route: opened by reports, counted, closed with an answer to all of them."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from abuse import ledger
from abuse.errors import CaseClosed, ReasonMissing
from abuse.models import Case, Report
from ddns.models import User

Outcome = Report.Outcome
# hostname, account and route; for a name that no customer held: None, None, route and the name.
Key = tuple[int | None, int | None, str, str]


def attach(report: Report) -> Case:
    """Joins the report to the open case about its hostname, or opens one. The report is stored."""
    attach_all([report])
    return Case.objects.get(reports=report)


@transaction.atomic
def attach_all(reports: Sequence[Report]) -> None:
    """Joins many to their cases. Locks those cases in the order of their keys; of two workers one opens a case."""
    keys = {report.pk: _key(report) for report in reports}
    found = _open_cases(set(keys.values()))
    missing: dict[Key, Case] = {}
    for report in reports:
        key = keys[report.pk]
        if key not in found:
            missing.setdefault(key, _new(report, key))
    if missing:
        new = [missing[key] for key in sorted(missing, key=lambda key: (key[0] or 0, key[1] or 0, *key[2:]))]
        Case.objects.bulk_create(new, ignore_conflicts=True, batch_size=1000)
        found |= _open_cases(set(missing))
    for report in reports:
        report.case, report.state = found[keys[report.pk]], Report.State.OPEN
    Report.objects.bulk_update(reports, ["case", "state"], batch_size=1000)
    recount_all({report.case_id for report in reports if report.case_id is not None})


def recount(case: Case) -> Case:
    """Counts again what its reports say: the case as it is then."""
    recount_all({case.pk})
    case.refresh_from_db()
    return case


@transaction.atomic
def recount_all(case_ids: set[int]) -> None:
    """Numbers, category and due time of these cases, from their reports."""
    for case in Case.objects.filter(pk__in=case_ids).order_by("pk").select_for_update(no_key=True):
        counted = list(case.reports.counted().select_related("category", "reporter"))
        if not counted:
            Case.objects.filter(pk=case.pk).update(report_count=0, source_count=0)
            continue
        worst = max((report.category for report in counted), key=lambda category: (category.severity, category.pk))
        Case.objects.filter(pk=case.pk).update(
            report_count=len(counted),
            source_count=len({report.reporter_id for report in counted}),
            grade=max(report.grade for report in counted),
            last_report_at=max(report.received_at for report in counted),
            category=worst,
            severity=worst.severity,
            due_at=min(report.received_at + report.category.clock for report in counted) + case.paused_for,
        )


@transaction.atomic
def close(case: Case, *, outcome: Report.Outcome, by: User | None, reason: str) -> Case:
    """Ends the work with one answer to all its reports. Raises ReasonMissing and CaseClosed."""
    from abuse import reports

    if not reason.strip():
        raise ReasonMissing
    case = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
    if case.closed_at is not None:
        raise CaseClosed
    case.state, case.closed_at, case.outcome = Case.State.CLOSED, timezone.now(), outcome
    case.decided_at = case.decided_at or case.closed_at
    case.paused_at = None
    case.save(update_fields=["state", "closed_at", "outcome", "decided_at", "paused_at"])
    reports.answer_all(list(case.reports.filter(state=Report.State.OPEN)), outcome, by=by)
    return case


@transaction.atomic
def reopen(case: Case, *, by: User | None, reason: str) -> Case:
    """Takes the work up again where an answer did not hold. Its clock starts anew. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    case = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
    if case.closed_at is None:
        return case
    case.state, case.closed_at, case.outcome = Case.State.OPEN, None, ""
    case.due_at, case.breached_at = timezone.now() + case.category.clock, None
    case.save(update_fields=["state", "closed_at", "outcome", "due_at", "breached_at"])
    ledger.append(
        actor=by, action="reopen-case", object=f"case {case.pk}", reason=reason.strip(), details={"name": case.name}
    )
    return case


def _key(report: Report) -> Key:
    route = report.category.route
    if report.hostname is None:
        return (None, None, route, report.name)
    return (report.hostname.pk, report.hostname.account_id, route, "")


def _open_cases(keys: set[Key]) -> dict[Key, Case]:
    hostnames = {key[0] for key in keys if key[0] is not None}
    names = {key[3] for key in keys if key[0] is None}
    rows = [
        *Case.objects.open().filter(hostname__in=hostnames).order_by("pk").select_for_update(no_key=True),
        *Case.objects.open().filter(hostname=None, name__in=names).order_by("pk").select_for_update(no_key=True),
    ]
    found = {(row.hostname_id, row.account_id, row.route, "" if row.hostname_id else row.name): row for row in rows}
    return {key: row for key, row in found.items() if key in keys}


def _new(report: Report, key: Key) -> Case:
    now = timezone.now()
    return Case(
        hostname=report.hostname,
        account_id=key[1],
        name=report.hostname.name if report.hostname else report.name,
        route=report.category.route,
        category=report.category,
        severity=report.category.severity,
        opened_at=now,
        due_at=report.received_at + report.category.clock,
        paused_for=timedelta(0),
        last_report_at=report.received_at,
    )
