"""Second looks: when one person is not enough. Facts in, a sentence out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import IntegerField, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from abuse import actions
from abuse.models import Decision, LedgerEntry, ProtectedName
from ddns.models import User
from ddns.models.hostnames import HostnameQuerySet

HOUR = timedelta(hours=1)
# Of the ledger, which has no index by person or time: more than a desk enters within an hour.
LATEST_ENTRIES = 5000


@dataclass(frozen=True, slots=True)
class Looked:
    """What is about to be decided. share is the part of a domain's hostnames; case_count how many cases at once."""

    action: str
    hostnames: HostnameQuerySet
    name_count: int
    share: float
    by: User | None
    case_count: int


def why(looked: Looked) -> str:
    """Why a second person has to look, or nothing. Three queries at most."""
    act = actions.of(looked.action)
    if act.second_look:
        return act.second_look
    if looked.case_count > settings.ABUSE_CASES_PER_BATCH:
        return f"{looked.case_count} cases at once are more than {settings.ABUSE_CASES_PER_BATCH}."
    if not looked.name_count:
        return ""
    if name := _protected(looked.hostnames):
        return f"{name} is protected."
    if looked.name_count > settings.ABUSE_NAMES_PER_DECISION:
        return f"{looked.name_count} names at once are more than {settings.ABUSE_NAMES_PER_DECISION}."
    # One name of a small domain is much of it, and no mass action.
    if looked.name_count >= settings.ABUSE_SHARE_FROM_NAMES and looked.share * 1000 > settings.ABUSE_PER_MILLE_OF_ZONE:
        return f"{looked.share:.1%} of a domain is more than {settings.ABUSE_PER_MILLE_OF_ZONE / 1000:.1%}."
    if looked.by is not None and (count := _lately(looked.by)) + looked.name_count > settings.ABUSE_NAMES_PER_HOUR:
        return (
            f"{looked.by} has acted on {count} names within an hour, and more than "
            f"{settings.ABUSE_NAMES_PER_HOUR} are too many for one person."
        )
    return ""


def _protected(hostnames: HostnameQuerySet) -> str:
    """The first that is on the list, or whose account has a plan that protects its names."""
    listed = hostnames.filter(name__in=ProtectedName.objects.values("name"))
    found = (listed | hostnames.filter(account__plan__in=settings.ABUSE_PROTECTED_PLANS)).order_by("name")
    return found.values_list("name", flat=True).first() or ""


def _lately(by: User) -> int:
    """Names on which this person has acted in the last hour, a batch that waited for approval not counted."""
    since = timezone.now() - HOUR
    touched = Cast(KeyTextTransform("name_count", "impact"), IntegerField())
    recent = Decision.objects.filter(decided_by=by, decided_at__gt=since, done_at__isnull=False)
    # They ask these here.
    from abuse import order_looks

    on_cases = recent.filter(approved_by=None).aggregate(total=Sum(touched))["total"] or 0
    return on_cases + _by_name(by, since) + order_looks.lately(by, since)


def _by_name(by: User, since: datetime) -> int:
    """Without a case: names that were suspended one by one, and those of accounts that were deactivated."""
    last = Subquery(LedgerEntry.objects.order_by("-sequence").values("sequence")[:1])
    recent = LedgerEntry.objects.filter(sequence__gt=last - LATEST_ENTRIES, at__gt=since, actor=by)
    entries = recent.filter(action__in=["suspend", "deactivate"]).exclude(details__has_key="decision")
    return sum(details.get("hostnames", 1) for details in entries.values_list("details", flat=True))
