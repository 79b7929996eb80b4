"""Metrics of the desk: what waits and is late is told, by whichever process is asked."""

from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.registry import CollectorRegistry

from abuse.metrics import Desk, Doors
from abuse.models import Appeal, Case, Mailbox
from tests.abuse import rows

pytestmark = pytest.mark.django_db


def told(collector, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry.get_sample_value(name, labels)


def test_overdue_and_unscored_cases_are_counted(home, foreign):
    late, fresh = rows.case(home), rows.case(foreign)
    Case.objects.filter(pk=late.pk).update(due_at=timezone.now() - timedelta(hours=1))
    Case.objects.filter(pk=fresh.pk).update(scored_report_count=1)

    assert told(Desk(), "ddns_abuse_cases", state="overdue") == 1
    assert told(Desk(), "ddns_abuse_cases", state="unscored") == 1


def test_case_that_waits_for_its_reporter_is_not_overdue(home):
    case, long_ago = rows.case(home), timezone.now() - timedelta(hours=1)
    Case.objects.filter(pk=case.pk).update(due_at=long_ago, paused_at=long_ago, state="waits_reporter")

    assert told(Desk(), "ddns_abuse_cases", state="overdue") == 0


def test_appeals_are_counted_by_their_time(home, oscar):
    decision = rows.decision(rows.case(home), by=oscar)
    now = timezone.now()
    for party, hours in (("customer", 1), ("reporter", -1)):
        due_at = now + timedelta(hours=hours)
        Appeal.objects.create(
            case=decision.case, decision=decision, party=party, text="No.", filed_at=now, due_at=due_at
        )

    assert [told(Desk(), "ddns_abuse_appeals", state=state) for state in ("waiting", "overdue")] == [1, 1]


def test_mailbox_that_was_never_looked_into_is_told_as_infinitely_late(db, settings):
    settings.ABUSE_IMAP_HOST = ""
    assert told(Doors(), "ddns_abuse_mailbox_seconds") is None
    settings.ABUSE_IMAP_HOST = "imap.example.com"
    assert told(Doors(), "ddns_abuse_mailbox_seconds") == float("inf")
    Mailbox.objects.create(name="somebody@elsewhere/INBOX", succeeded_at=timezone.now())
    assert told(Doors(), "ddns_abuse_mailbox_seconds") == float("inf")
