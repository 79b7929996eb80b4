"""Races about officers: the last place within a limit is had once, and freezing wins against what is under way."""

from functools import partial

import pytest

from abuse import officer_limits, officers
from abuse.errors import AbuseError, OfficerLimit
from abuse.models import OfficerFiling, Vetting
from ddns.models import User
from tests.abuse import order_rows
from tests.abuse.officer_people import applicant
from tests.ddns.together import Together

pytestmark = pytest.mark.django_db(transaction=True)


def outcome(verb, *arguments, **said):
    """What it gives, or the error that it raises."""
    try:
        return verb(*arguments, **said)
    except AbuseError as error:
        return error


def test_last_place_within_the_limit_of_an_agency_is_had_once(settings):
    settings.ORDERS_PER_AGENCY = 1
    people = [order_rows.officer(f"officer{number}@police.example") for number in range(3)]
    with Together(*(partial(outcome, officer_limits.check, each, name_count=1) for each in people)) as together:
        pass
    assert OfficerFiling.objects.count() == 1
    assert sum(isinstance(each, OfficerLimit) for each in together.results) == 2


def test_two_who_confirm_at_once_confirm_once():
    agency, officer = order_rows.agency(), applicant()
    first, *others = (User.objects.create_superuser(f"root{number}@example.com") for number in range(3))
    call = {"called_number": agency.phone, "number_source": "", "spoke_with": "the switchboard"}
    officers.call_back(officer, agency=agency, by=first, **call)
    with Together(*(partial(outcome, officers.confirm, officers.of(officer.account), by=each) for each in others)):
        pass
    assert Vetting.objects.filter(step="confirm").count() == 1


def test_officer_who_is_frozen_while_somebody_confirms_stays_frozen():
    """Whichever is first: frozen afterwards, or frozen before and not confirmed."""
    agency, officer = order_rows.agency(), applicant()
    first, second = (User.objects.create_superuser(f"root{number}@example.com") for number in range(2))
    call = {"called_number": agency.phone, "number_source": "", "spoke_with": "the switchboard"}
    officers.call_back(officer, agency=agency, by=first, **call)
    confirm = partial(outcome, officers.confirm, officers.of(officer.account), by=second)
    freeze = partial(outcome, officers.freeze, officers.of(officer.account), by=first, reason="Taken over.")
    with Together(confirm, freeze):
        pass
    officer.refresh_from_db()
    assert officer.state == "frozen"
