"""The timeline: everything that happened to a name, in order, counted, and as a picture that people and readers can read."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import timeline
from abuse.models import Case
from abuse.timeline import Kind
from ddns.models import AddressUpdate
from tests.abuse import rows

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def case(home):
    return rows.case(home)


def change(hostname, ago: timedelta, new: str, old: str | None = None, **fields) -> AddressUpdate:
    values = {"source": "192.0.2.1", "agent": "inadyn/2.12", "protocol": "dyndns2", "old_ipv4": old, "new_ipv4": new}
    return AddressUpdate.objects.create(hostname=hostname, at=timezone.now() - ago, **values | fields)


def test_everything_is_in_order_the_newest_first(case, home, oscar):
    change(home, 2 * HOUR, "203.0.113.7", "192.0.2.9")
    change(home, 3 * DAY, "192.0.2.9")
    change(home, 30 * DAY, "192.0.2.8")
    rows.report(case, received_at=timezone.now() - HOUR)
    rows.decision(case, by=oscar, undone_at=timezone.now(), undone_by=oscar, undo_reason="A mistake.", state="undone")
    found = timeline.of(case)

    kinds = [each.kind for each in found.entries]
    assert set(kinds) == {Kind.SIGN_UP, Kind.CREATION, Kind.CHANGE, Kind.REPORT, Kind.DECISION}
    assert [each.at for each in found.entries] == sorted((each.at for each in found.entries), reverse=True)
    assert (found.changes_in_day, found.changes_in_week, found.reports_in_day) == (1, 2, 1)
    assert found.agents == ("inadyn/2.12",)
    newest = found.of_kind(Kind.CHANGE)[0]
    assert (newest.old, newest.new, newest.text) == (("192.0.2.9",), ("203.0.113.7",), "192.0.2.9 → 203.0.113.7")
    assert newest.network.kind == "reserved"


def test_last_log_in_is_told_where_no_session_is_left(case, alice):
    alice.last_login = timezone.now() - DAY
    alice.save()

    assert [each.text for each in timeline.of(Case.objects.get(pk=case.pk)).of_kind(Kind.LOG_IN)] == [
        "Its holder last logged in."
    ]


def test_queries_do_not_grow(case, home, oscar, django_assert_num_queries):
    rows.report(case)
    rows.decision(case, by=oscar)
    with CaptureQueriesContext(connection) as before:
        timeline.of(Case.objects.get(pk=case.pk))
    for number in range(5):
        change(home, number * HOUR, f"198.51.100.{number}")
        rows.report(case, reporter=rows.reporter(f"org:example{number}.net"))
        rows.decision(case, by=oscar)

    with django_assert_num_queries(len(before)):
        timeline.of(Case.objects.get(pk=case.pk))


def test_case_without_a_holder_has_a_timeline_of_its_reports(case):
    case.hostname = None
    rows.report(case)

    assert [each.kind for each in timeline.of(case).entries] == [Kind.REPORT]
