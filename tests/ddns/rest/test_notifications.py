"""Notifications by REST: read by whoever has the whole account, and marked as read."""

import pytest

from ddns import notifications
from ddns.models import Notification
from ddns.models.notifications import Kind
from tests.ddns.rest.programs import fields, problem


@pytest.fixture
def told(alice, bob, home, program) -> list[Notification]:
    """To Alice that a key was made, and twice that home is silent; to Bob something."""
    silent = [
        notifications.tell(alice, Kind.NOT_SEEN, hostname=home, details={"since": f"2026-01-0{day}T00:00:00+00:00"})
        for day in (1, 2)
    ]
    notifications.tell(bob, Kind.LIFTED)
    return silent


def test_notifications_are_listed_in_words_and_facts(program, told):
    newest, _, made = program.get("/notifications").json()["results"]

    assert (newest["kind"], newest["hostname"], newest["read_at"]) == ("not_seen", "home.ddns.test", None)
    assert newest["headline"] == "home.ddns.test: its device is silent"
    assert newest["details"] == {"since": "2026-01-02T00:00:00+00:00"}
    assert (made["kind"], made["hostname"]) == ("new_key", None)
    assert made["text"]


def test_notifications_are_filtered(program, told):
    assert len(program.get("/notifications?kind=not_seen").json()["results"]) == 2
    assert program.get("/notifications?since=2999-01-01T00:00:00Z").json()["results"] == []
    assert fields(program.get("/notifications?kind=x")) == ["kind"]


def test_those_that_were_seen_are_marked_as_read(program, told, bob):
    assert program.post("/notifications/read", {"up_to": told[0].pk}).json() == {"count": 2}

    unread = Notification.objects.unread()
    assert [each.pk for each in unread.filter(hostname__isnull=False)] == [told[1].pk]
    assert unread.filter(account=bob).exists()


@pytest.mark.parametrize("body", [{}, {"up_to": 0}, {"up_to": "1"}, {"up_to": 10**30}])
def test_mark_must_be_a_number_that_there_can_be(program, body):
    assert fields(program.post("/notifications/read", body)) == ["up_to"]


def test_key_for_a_hostname_neither_sees_nor_marks_them(helper, told):
    assert problem(helper.get("/notifications")) == (403, "beyond-authority")
    assert problem(helper.post("/notifications/read", {"up_to": told[1].pk})) == (403, "beyond-authority")


def test_key_for_reading_marks_nothing(monitor, told):
    assert problem(monitor.post("/notifications/read", {"up_to": told[1].pk})) == (403, "beyond-authority")


def test_list_takes_as_many_queries_for_many_as_for_one(program, told, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        program.get("/notifications")
