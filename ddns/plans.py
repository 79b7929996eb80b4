"""Plans: how much an account may have. Their figures are settings (DDNS_PLANS); an account names its plan."""

from dataclasses import dataclass

from django.conf import settings

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
    has_wildcard: bool = True
    has_offline: bool = True


def of(account: User) -> Plan:
    """The account's plan; the default one where there is none of that name."""
    chosen = settings.PLANS.get(account.plan, settings.PLANS.get(DEFAULT, {}))
    return Plan(**{"hostnames": settings.HOSTNAMES_PER_ACCOUNT, **chosen})
