"""Harm: what acting on a case would do to its holder, and to others who rely on the name."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from abuse import protected_names
from abuse.models import Appeal, Case
from abuse.reasons import count, span
from ddns import plans
from ddns.models import Hostname

# Heard of so recently: somebody relies on it today.
LIVELY = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Harm:
    """is_ours: it is the platform's own name, and there is no holder. sentences say it all, the gravest first."""

    record_count: int = 0
    below_count: int = 0
    other_name_count: int = 0
    last_contact_at: datetime | None = None
    is_paid: bool = False
    has_wildcard: bool = False
    age: timedelta | None = None
    appeals_won: int = 0
    protection: str = ""
    is_ours: bool = False

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(_sentences(self))

    @property
    def is_critical(self) -> bool:
        return self.is_ours or bool(self.protection)

    @property
    def is_grave(self) -> bool:
        return self.is_critical or self.is_paid or bool(self.appeals_won)


def of(case: Case) -> Harm:
    """Six queries. A case about the platform's own name harms whoever uses the platform: that is said, not counted."""
    hostname = case.hostname
    if hostname is None:
        return Harm(is_ours=True)
    protection = protected_names.reason_of(hostname.name)
    account, contact = hostname.account, hostname.contact_or_none
    return Harm(
        record_count=hostname.records.count(),
        below_count=hostname.below_names.count(),
        other_name_count=Hostname.objects.held_by(account).exclude(pk=hostname.pk).count(),
        last_contact_at=contact.at if contact else None,
        is_paid=account.plan != plans.DEFAULT,
        has_wildcard=hostname.wildcard,
        age=timezone.now() - hostname.created_at,
        appeals_won=Appeal.objects.filter(case__account=account, party=Appeal.Party.CUSTOMER, is_upheld=True).count(),
        protection=protection,
    )


def _sentences(harm: Harm) -> list[str]:
    if harm.is_ours:
        return ["It is the platform's own name: everybody's names depend on it."]
    return [
        *([f"It is a protected name: {harm.protection.rstrip('.')}."] if harm.protection else []),
        *([f"Its holder has won {count(harm.appeals_won, 'appeal')} before."] if harm.appeals_won else []),
        *(["The account pays for its plan."] if harm.is_paid else []),
        *(["Every name below it answers too (wildcard)."] if harm.has_wildcard else []),
        *([f"It has {count(harm.record_count, 'record')} besides its addresses."] if harm.record_count else []),
        *([f"{count(harm.below_count, 'name').capitalize()} below it would go with it."] if harm.below_count else []),
        *([_contact(harm.last_contact_at)]),
        *([f"It is {span(harm.age)} old."] if harm.age else []),
        *([_others(harm.other_name_count)] if harm.other_name_count else []),
    ]


def _others(number: int) -> str:
    stay = "stays as it is" if number == 1 else "stay as they are"
    return f"The account holds {count(number, 'other name')}, which {stay}."


def _contact(at: datetime | None) -> str:
    if at is None:
        return "No device has ever spoken of it."
    since = timezone.now() - at
    if since < LIVELY:
        return f"It is in use: its device was heard {span(since)} ago."
    return f"Its device was last heard {span(since)} ago."
