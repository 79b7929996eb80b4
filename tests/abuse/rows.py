"""Rows of the desk for tests that need them and are not about how they come to be."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from abuse import categories, submissions
from abuse.models import Case, Decision, Report, Reporter, Submission
from ddns.models import Hostname, User


def reporter(identity: str = "org:example.net", **fields: Any) -> Reporter:
    kind = Reporter.Kind.ORGANISATION
    return Reporter.objects.get_or_create(identity=identity, defaults={"kind": kind, **fields})[0]


def submission(content: bytes = b"a report", **fields: Any) -> Submission:
    made = submissions.accept(content, door=Submission.Door.MAIL, source="trudy@example.net")
    Submission.objects.filter(pk=made.pk).update(state=Submission.State.READ, **fields)
    made.refresh_from_db()
    return made


def case(
    hostname: Hostname, *, kind: str = "content/phishing", opened_at: datetime | None = None, **fields: Any
) -> Case:
    category, at = categories.of(kind), opened_at or timezone.now()
    made = Case(
        hostname=hostname,
        account=hostname.account,
        name=hostname.name,
        route=category.route,
        category=category,
        severity=category.severity,
        opened_at=at,
        due_at=at + category.clock,
        paused_for=timedelta(),
        last_report_at=at,
        report_count=1,
        source_count=1,
    )
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()
    return made


def report(case: Case | None, *, content: bytes = b"a report", **fields: Any) -> Report:
    """An open one on the case, else one about a name that is not ours."""
    at = timezone.now()
    values: dict[str, Any] = {
        "submission": submission(content),
        "reporter": reporter(),
        "category": case.category if case else categories.of("content/phishing"),
        "kind": "content/phishing",
        "name": case.name if case else "www.example.org",
        "evidence_at": at,
        "received_at": at,
        "description": "It imitates a bank.",
        "fingerprint": "0" * 64,
        "state": Report.State.OPEN if case else Report.State.NOT_OURS,
        "standing": Report.Standing.HELD if case else Report.Standing.NOT_OURS,
        "hostname": case.hostname if case else None,
        "case": case,
    }
    return Report.objects.create(**values | fields)


def decision(case: Case, *, by: User | None, action: str = Decision.Action.SUSPEND, **fields: Any) -> Decision:
    at = timezone.now()
    values: dict[str, Any] = {
        "case": case,
        "action": action,
        "reason": "It imitates a bank.",
        "state": Decision.State.DONE,
        "decided_by": by,
        "rule": "" if by else "young_name",
        "decided_at": at,
        "done_at": at,
    }
    return Decision.objects.create(**values | fields)
