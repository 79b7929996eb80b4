"""Links: other names that have to do with a case's, each with the reasons. A lead for people: nothing is done by association."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from abuse import stays, stems
from abuse.models import Case
from ddns.models import Hostname, UpdateKey, User
from ddns.models.hostnames import HostnameQuerySet, State

SAME_KEY = "same key"
SAME_ACCOUNT = "same account"
SAME_SIGN_UP = "same network within an hour"
SAME_ADDRESS = "same address now"
SAME_STEM = "same stem"
SAME_CLIENT = "same client string"

HOUR = timedelta(hours=1)
# Names of one reason that are shown. How many there are is counted, up to MOST_COUNTED.
MOST_SHOWN = 50
MOST_COUNTED = 1000
# What a shorter string says, half of all devices say.
LEAST_CLIENT_CHARACTERS = 12


@dataclass(slots=True)
class Link:
    """Another name, and why it is here."""

    hostname: Hostname
    reasons: list[str] = field(default_factory=list)

    @property
    def state(self) -> State:
        return self.hostname.state

    @property
    def is_suspended(self) -> bool:
        return self.state in (State.SUSPENDED, State.DIVERTED)


@dataclass(frozen=True, slots=True)
class Total:
    """How many names there are for one reason, those not shown included; is_least: more than were counted."""

    reason: str
    count: int
    suspended_count: int
    is_least: bool = False


class Links(list[Link]):
    """Suspended ones first, then those with the most reasons. totals has a line for each reason."""

    def __init__(self, links: Iterable[Link] = (), totals: tuple[Total, ...] = ()) -> None:
        super().__init__(links)
        self.totals = totals


def of(case: Case) -> Links:
    """A constant number of queries, however many names there are."""
    hostname = case.hostname
    if hostname is None:
        return Links()
    found: dict[int, Link] = {}
    totals = []
    for reason, names, is_least in _groups(case, hostname):
        totals.append(Total(reason, len(names), sum(_is_suspended(each) for each in names), is_least))
        # Suspended ones are never among those left out.
        for each in sorted(names, key=lambda each: not _is_suspended(each))[:MOST_SHOWN]:
            found.setdefault(each.pk, Link(each)).reasons.append(reason)
    client = hostname.contact_or_none.agent if hostname.contact_or_none else ""
    if len(client) >= LEAST_CLIENT_CHARACTERS:
        same = [each for each in found.values() if _client(each.hostname) == client]
        for link in same:
            link.reasons.append(SAME_CLIENT)
        totals.append(Total(SAME_CLIENT, len(same), sum(each.is_suspended for each in same)))
    links = sorted(found.values(), key=lambda each: (not each.is_suspended, -len(each.reasons), each.hostname.name))
    return Links(links, tuple(each for each in totals if each.count))


Group = tuple[str, list[Hostname], bool]


def _groups(case: Case, hostname: Hostname) -> list[Group]:
    """For each reason the names, and whether there are more."""
    now = timezone.now()
    account = hostname.account
    others = Hostname.objects.unreleased().exclude(pk=hostname.pk).with_state()
    keys = UpdateKey.hostnames.through.objects.filter(hostname=hostname).values("updatekey_id")
    by_key = UpdateKey.hostnames.through.objects.filter(updatekey__in=keys).values("hostname_id")
    groups = [
        _cut(SAME_KEY, others.filter(pk__in=by_key)),
        _cut(SAME_ACCOUNT, others.filter(account=account)),
        _cut(SAME_SIGN_UP, _signed_up_near(others, account)),
        _stem(others, hostname),
    ]
    here = [stays.at(each, since=now, besides=hostname) for each in (hostname.ipv4, hostname.ipv6) if each]
    at_address = {row.hostname.pk: row.hostname for each in here for row in each.rows if row.is_there}
    return [*groups, (SAME_ADDRESS, list(at_address.values()), any(each.is_least for each in here))]


def _cut(reason: str, names: HostnameQuerySet) -> Group:
    rows = list(names.order_by("pk")[: MOST_COUNTED + 1])
    return reason, rows[:MOST_COUNTED], len(rows) > MOST_COUNTED


def _signed_up_near(others: HostnameQuerySet, account: User) -> HostnameQuerySet:
    if not account.sign_up_network:
        return others.none()
    window = (account.date_joined - HOUR, account.date_joined + HOUR)
    near = User.objects.filter(sign_up_network=account.sign_up_network, date_joined__range=window)
    return others.filter(account__in=near.exclude(pk=account.pk).values("pk"))


def _stem(others: HostnameQuerySet, hostname: Hostname) -> Group:
    stem = stems.of(_label(hostname))
    if not stem:
        return SAME_STEM, [], False
    reason, rows, is_least = _cut(SAME_STEM, others.filter(stems.siblings(stem)))
    return reason, [each for each in rows if stems.is_sibling(_label(each), stem)], is_least


def _label(hostname: Hostname) -> str:
    return hostname.name.partition(".")[0]


def _client(hostname: Hostname) -> str:
    contact = hostname.contact_or_none
    return contact.agent if contact else ""


def _is_suspended(hostname: Hostname) -> bool:
    return hostname.state in (State.SUSPENDED, State.DIVERTED)
