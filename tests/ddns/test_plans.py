"""Plans: new accounts start with few hostnames and grow; accounts made by staff have all of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ddns import hostnames, plans
from ddns.errors import TooManyHostnames
from ddns.models import User
from ddns.plans import Plan

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("age", "allowed"),
    [
        (-DAY, 5),
        (timedelta(), 5),
        (DAY / 2, 5),
        (DAY, 6),
        (7 * DAY, 12),
        (14 * DAY - timedelta(seconds=1), 19),
        (14 * DAY, 20),
        (365 * DAY, 20),
    ],
)
def test_hostnames_grow_evenly_with_age(age, allowed):
    assert plans.hostnames_at(Plan(hostnames=20, young_hostnames=5), age=age, grown_up=14 * DAY) == allowed


@pytest.mark.parametrize("grown_up", [timedelta(), 14 * DAY])
def test_small_plan_does_not_shrink_for_the_young(grown_up):
    assert plans.hostnames_at(Plan(hostnames=3, young_hostnames=5), age=timedelta(), grown_up=grown_up) == 3


def test_without_a_time_to_grow_everybody_has_everything_at_once():
    assert plans.hostnames_at(Plan(hostnames=20, young_hostnames=5), age=timedelta(), grown_up=timedelta()) == 20


@pytest.fixture
def newcomer(alice) -> User:
    """Alice, who has just signed up herself."""
    alice.rules_accepted_at = alice.date_joined
    alice.save()
    return alice


def test_newcomer_is_told_how_many_hostnames_there_are_and_when_there_will_be_more(newcomer, domain, settings):
    settings.PLANS = {"free": {"hostnames": 4, "young_hostnames": 1}}
    hostnames.register(newcomer, domain=domain, label="first")

    with pytest.raises(TooManyHostnames, match=r"1\. .* 14 days after sign-up you may have 4\."):
        hostnames.register(newcomer, domain=domain, label="second")


def test_older_account_has_what_its_plan_says(newcomer, domain, settings):
    settings.PLANS = {"free": {"hostnames": 2, "young_hostnames": 1}}
    newcomer.date_joined = timezone.now() - settings.YOUNG_ACCOUNT
    newcomer.save()
    for label in ("first", "second"):
        hostnames.register(newcomer, domain=domain, label=label)


def test_account_made_by_staff_has_all_of_its_plan_from_the_start(alice, settings):
    settings.PLANS = {"free": {"hostnames": 9, "young_hostnames": 1}}

    assert plans.hostnames_of(alice) == 9
