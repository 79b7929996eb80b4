"""What has happened before a test begins: cases that were opened by a report."""

from datetime import timedelta
from importlib import import_module

from django.utils import timezone

from abuse import categories, submissions
from abuse.models import Case, Category, Report, Reporter
from ddns.models import Hostname


def restore_categories() -> None:
    """Tests that commit empty every table in the end, and what the migrations wrote with it."""
    if Category.objects.exists():
        return
    migration = import_module("abuse.migrations.0006_categories")
    Category.objects.bulk_create(Category(**dict(zip(migration.FIELDS, row, strict=True))) for row in migration.ROWS)


def open_case(hostname: Hostname, kind: str = "content/phishing", **fields) -> Case:
    """A case about it with one report, as the reader leaves it."""
    restore_categories()
    category, now = categories.of(kind), timezone.now()
    case = Case.objects.create(
        **{
            "hostname": hostname,
            "account": hostname.account,
            "name": hostname.name,
            "route": category.route,
            "category": category,
            "severity": category.severity,
            "opened_at": now,
            "due_at": now + category.clock,
            "paused_for": timedelta(),
            "last_report_at": now,
            "report_count": 1,
            "source_count": 1,
            **fields,
        }
    )
    add_report(case, kind)
    return case


def add_report(case: Case, kind: str = "content/phishing", **fields) -> Report:
    reporter, _ = Reporter.objects.get_or_create(
        identity="org:example.net", defaults={"kind": "organisation", "contact": "soc@example.net"}
    )
    count = case.reports.count()
    submission = submissions.accept(f"{case.pk} {count} {kind}".encode(), door="api", source="198.51.100.9")
    now = timezone.now()
    return Report.objects.create(
        **{
            "submission": submission,
            "reporter": reporter,
            "category": categories.of(kind),
            "kind": kind,
            "name": case.name,
            "evidence_at": now,
            "received_at": now,
            "fingerprint": f"{case.pk}-{count}",
            "state": Report.State.OPEN,
            "standing": Report.Standing.HELD,
            "hostname": case.hostname,
            "case": case,
            **fields,
        }
    )
