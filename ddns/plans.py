"""Plans: how much an account may have. Their figures are settings (DDNS_PLANS); an account names its plan."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from ddns.models import User

DEFAULT = "free"


@dataclass(frozen=True, slots=True)
class Plan:
    """Limits of an account; of a hostname where that is said."""

    hostnames: int
    # Per hostname, challenges for certificates not counted.
    records: int = 20
    # Challenges at one name: two are needed at once (a name and its wildcard), some more while renewals overlap.
    texts: int = 10
    keys: int = 50
    groups: int = 20
    # What an account may have that has just signed up itself; it grows to `hostnames` with its age.
    young_hostnames: int = 5
    has_wildcard: bool = True
    has_offline: bool = True


def of(account: User) -> Plan:
    """The account's plan; the default one where there is none of that name."""
    chosen = settings.PLANS.get(account.plan, settings.PLANS.get(DEFAULT, {}))
    return Plan(**{"hostnames": settings.HOSTNAMES_PER_ACCOUNT, **chosen})


def hostnames_of(account: User) -> int:
    """How many hostnames the account may have today."""
    plan = of(account)
    if account.rules_accepted_at is None:
        # Made by staff, who know whom they let in.
        return plan.hostnames
    return hostnames_at(plan, age=timezone.now() - account.date_joined, grown_up=settings.YOUNG_ACCOUNT)


def hostnames_at(plan: Plan, *, age: timedelta, grown_up: timedelta) -> int:
    """Grows evenly with age, from those of a new account to all of the plan's."""
    if age >= grown_up or plan.young_hostnames >= plan.hostnames:
        return plan.hostnames
    grown = (plan.hostnames - plan.young_hostnames) * max(age, timedelta()) // grown_up
    return plan.young_hostnames + grown
