"""Impact: what an action touches, said before it is decided, and a digest by which a second person approves that and no more."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q
from django.db.models.functions import Coalesce

from abuse import actions, second_looks
from abuse.actions.act import Parameters, Touched
from abuse.models import Case
from ddns.models import Domain, Hostname, Record, User
from ddns.models.hostnames import HostnameQuerySet
from dnsupdate.models import Zone

# What a person can look through; the rest is counted.
MAX_NAMES = 50
# From the commit to the last authoritative server: a second or two where nothing fails (bench/README.md).
PUBLISHING_SECONDS = 2
# Up to here a domain's hostnames are counted; beyond, the planner's estimate is good enough for a share.
MAX_COUNTED = 20_000
# What changes with every minute, and nothing that anybody decides by.
_NOT_IN_DIGEST = ("deadline",)


@dataclass(frozen=True, slots=True)
class Impact:
    """share_of_zone is of the hostnames of the domain that has most of them, 0 to 1. Seconds are None where DNS stays as it is.

    names has MAX_NAMES at most, name_count all. needs_second_person says why, and is empty where it does not.
    """

    names: Sequence[str]
    name_count: int
    accounts: Sequence[str]
    account_count: int
    record_count: int
    share_of_zone: float
    last_seen: datetime | None
    seconds_until_seen: int | None
    seconds_until_undo_seen: int | None
    sentences: Sequence[str]
    needs_second_person: str
    digest: str

    def as_json(self) -> dict[str, Any]:
        """As it is kept with the decision."""
        return {
            "names": list(self.names),
            "name_count": self.name_count,
            "accounts": list(self.accounts),
            "account_count": self.account_count,
            "record_count": self.record_count,
            "share_of_zone": self.share_of_zone,
            "last_seen": self.last_seen and self.last_seen.isoformat(),
            "seconds_until_seen": self.seconds_until_seen,
            "seconds_until_undo_seen": self.seconds_until_undo_seen,
            "sentences": list(self.sentences),
            "needs_second_person": self.needs_second_person,
            "digest": self.digest,
        }


def of(
    case: Case, action: str, parameters: Parameters, ends_at: datetime | None, *, by: User | None, case_count: int = 1
) -> Impact:
    """Of parsed parameters. Ten queries at most, however many names it touches; none of the network."""
    touched = actions.of(action).touch(case, parameters)
    held = touched.hostnames
    totals = held.aggregate(
        names=Count("pk", distinct=True),
        accounts=Count("account", distinct=True),
        seen=Max("contact__at"),
        changed=Max("changed_at"),
        ttl=Max(Coalesce("ttl", "domain__ttl")),
    )
    names = list(held.order_by("name").values_list("name", flat=True)[:MAX_NAMES])
    share = share_of_zone(held) if totals["names"] else 0.0
    looked = second_looks.Looked(
        action=action, hostnames=held, name_count=totals["names"], share=share, by=by, case_count=case_count
    )
    return Impact(
        names=names,
        name_count=totals["names"],
        accounts=list(held.order_by("account__email").values_list("account__email", flat=True).distinct()[:MAX_NAMES]),
        account_count=totals["accounts"],
        record_count=Record.objects.filter(hostname__in=held.values("pk")).count(),
        share_of_zone=share,
        last_seen=max(filter(None, [totals["seen"], totals["changed"]]), default=None),
        seconds_until_seen=None if totals["ttl"] is None else totals["ttl"] + PUBLISHING_SECONDS,
        seconds_until_undo_seen=None if touched.undo_seconds is None else touched.undo_seconds + PUBLISHING_SECONDS,
        sentences=[*touched.sentences, *_of_zones(held)],
        needs_second_person=second_looks.why(looked),
        digest=_digest(case, action, parameters, ends_at, touched),
    )


def share_of_zone(held: HostnameQuerySet) -> float:
    """The largest, of the domains that they are in."""
    by_domain = held.order_by().values_list("domain").annotate(Count("pk"))
    return max((count / max(count, _size(domain)) for domain, count in by_domain), default=0.0)


def _size(domain: int) -> int:
    """How many hostnames the domain has; from MAX_COUNTED on an estimate, since counting millions takes a second."""
    everyones = Hostname.objects.unreleased().filter(domain=domain).order_by()
    counted = everyones[: MAX_COUNTED + 1].count()
    if counted <= MAX_COUNTED:
        return counted
    ((plan,),) = [json.loads(everyones.values("pk").explain(format="json"))]
    return max(counted, int(plan["Plan"]["Plan Rows"]))


def _of_zones(held: HostnameQuerySet) -> list[str]:
    """What is not as usual in the zones of these names."""
    zones = Zone.objects.filter(pk__in=Domain.objects.filter(hostnames__in=held.values("pk")).values("zone"))
    stuck = zones.filter(Q(failing_since__isnull=False) | Q(frozen_at__isnull=False)).order_by("name")[:10]
    return [
        f"{zone} is {'frozen' if zone.is_frozen else 'failing'} at present: the world sees the change when it follows again."
        for zone in stuck
    ]


def _digest(case: Case, action: str, parameters: Parameters, ends_at: datetime | None, touched: Touched) -> str:
    """Over what is decided and over which names and accounts, in what state. Addresses and times come and go."""
    digest = hashlib.sha256()
    decided = {name: value for name, value in parameters.items() if name not in _NOT_IN_DIGEST}
    until = None if "deadline" in parameters else ends_at and ends_at.isoformat()
    digest.update(json.dumps([case.pk, action, decided, until], sort_keys=True).encode())
    rows = touched.hostnames.order_by("name").values_list("name", "account", "account__is_active", "restriction__kind")
    for row in rows.iterator(chunk_size=2000):
        digest.update(repr(row).encode())
    for name in touched.met:
        digest.update(name.encode())
    return digest.hexdigest()
