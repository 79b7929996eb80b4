"""What a customer is told of decisions: that they were taken, once, and never why."""

import pytest

from abuse import accounts, suspensions
from ddns import wordings
from ddns.models import Notification, User
from ddns.models.notifications import Kind

pytestmark = pytest.mark.django_db


def told(account: User) -> list[tuple[str, str | None]]:
    rows = Notification.objects.filter(account=account).select_related("hostname").order_by("pk")
    return [(each.kind, each.hostname.name if each.hostname else None) for each in rows]


def test_a_customer_is_told_that_a_hostname_was_suspended_and_that_it_is_back(alice, bob, home, oscar):
    suspension = suspensions.suspend(home, reason="phishing of Example Bank", by=oscar)
    suspensions.lift(suspension, reason="cleaned up", by=oscar)
    assert told(alice) == [(Kind.SUSPENDED, "home.ddns.test"), (Kind.LIFTED, "home.ddns.test")]
    assert told(bob) == told(oscar) == []


def test_the_reason_is_in_no_notification(alice, home, oscar):
    suspensions.suspend(home, reason="phishing of Example Bank", by=oscar)
    notification = Notification.objects.get()
    assert notification.details == {}
    assert "phishing" not in " ".join(wordings.of(notification))


def test_a_second_suspension_and_the_end_of_one_of_two_change_nothing_and_are_not_told(alice, home, oscar):
    first = suspensions.suspend(home, reason="phishing", by=oscar)
    second = suspensions.suspend(home, reason="malware", by=oscar)
    suspensions.lift(first, reason="cleaned up", by=oscar)
    assert told(alice) == [(Kind.SUSPENDED, "home.ddns.test")]
    suspensions.lift(second, reason="cleaned up", by=oscar)
    assert told(alice)[1:] == [(Kind.LIFTED, "home.ddns.test")]


def test_a_customer_is_told_of_the_account_as_a_whole(alice, home, oscar):
    accounts.deactivate(alice, reason="spam", by=oscar)
    accounts.reactivate(alice, reason="mistake", by=oscar)
    assert told(alice) == [(Kind.SUSPENDED, None), (Kind.LIFTED, None)]
