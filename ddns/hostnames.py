"""Hostnames: registered, configured, restricted, reinstated, released. What each answers follows from desired_rrsets.

Every verb here locks the hostname's publications first and reads its rows after that. Address updates
(address_updates.py) compare the publications' revisions instead. So a restriction is never undone by a
change that was already under way, nor a change lost.
"""

import re
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from ddns import addresses, blocks, plans
from ddns.addresses import Address
from ddns.errors import (
    AddressBlocked,
    HostnameReleased,
    HostnameRestricted,
    InvalidRecord,
    NameUnavailable,
    NotInPlan,
    TooManyHostnames,
)
from ddns.models import BelowName, Domain, Hostname, Record, ReservedName, Restriction, User
from ddns.models.hostnames import State
from dnsupdate import outbox
from dnsupdate.models import Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.names import normalise, normalise_host_label
from dnsupdate.rrsets import RRsets

# A released label rests, so that nobody inherits the last holder's visitors, certificates and cookies.
RELEASE_REST = timedelta(days=30)
# Why such a label is reserved.
RELEASED = "released"
# What nameservers are called. Whoever holds the name that an NS record of the zone points to, now or after the operator
# has added a server, answers for the whole zone. ReservedName has the operator's other names, one by one.
_NAMESERVER_LABEL = re.compile(r"d?ns[0-9]*")
# What acme-dns accounts are called (ddns.acme_accounts): whoever held such a name would answer for what points to it.
_ACCOUNT_LABEL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_kept(label: str) -> bool:
    """Whether the platform keeps the label for itself, in every domain."""
    return any(form.fullmatch(label) for form in (_NAMESERVER_LABEL, _ACCOUNT_LABEL))


def address_rrsets(ipv4: str | None, ipv6: str | None, ttl: int, others: RRsets | None = None) -> RRsets:
    """The RRsets of a name that answers these addresses, and its other records. Beside a CNAME no address is answered."""
    rrsets: RRsets = dict(others) if others else {}
    if "CNAME" in rrsets:
        # Further addresses, too: devices send them whatever their owners have put there.
        return {rdtype: rrset for rdtype, rrset in rrsets.items() if rdtype not in ("A", "AAAA")}
    for rdtype, address in (("A", ipv4), ("AAAA", ipv6)):
        if address is not None:
            further = rrsets[rdtype]["rdata"] if rdtype in rrsets else []
            rrsets[rdtype] = {"ttl": ttl, "rdata": [address, *(each for each in further if each != address)]}
    return rrsets


def parking_rrsets(ttl: int) -> RRsets:
    """The RRsets of a name that its owner has taken offline and parked: the operator's parking page, if there is one."""
    rrsets: RRsets = {}
    for address in settings.PARKING_ADDRESSES:
        rrset = rrsets.setdefault("A" if address.version == 4 else "AAAA", {"ttl": ttl, "rdata": []})
        rrset["rdata"].append(str(address))
    return rrsets


def desired_rrsets(hostname: Hostname) -> RRsets:
    """What DNS shall answer at the hostname itself in its present state."""
    match hostname.state:
        case State.DIVERTED:
            return hostname.restriction.answer
        case State.HELD if hostname.account.is_active:
            return hostname.restriction.answer
        case State.LIVE | State.OFFLINE if hostname.account.is_active:
            return owners_rrsets(hostname)
    return {}


def owners_rrsets(hostname: Hostname) -> RRsets:
    """What its owner wants it to answer, whatever is in force over it: what a hold freezes."""
    if hostname.offline:
        return parking_rrsets(hostname.answered_ttl) if hostname.parked else {}
    return address_rrsets(hostname.ipv4, hostname.ipv6, hostname.answered_ttl, hostname.others)


def desired_names(hostname: Hostname) -> dict[str, RRsets]:
    """What DNS shall answer at every name that is the hostname's, by owner name; {} where a name is to be withdrawn.

    One query more where the hostname has or had records.
    """
    rrsets = desired_rrsets(hostname)
    wanted = {hostname.name: rrsets}
    if hostname.wildcard or hostname.wildcard_publication_id:
        wanted[f"*.{hostname.name}"] = rrsets if hostname.wildcard else {}
    if hostname.others is not None:
        below = BelowName.objects.filter(hostname=hostname).values_list("label", flat=True)
        wanted |= {f"{label}.{hostname.name}": {} for label in below}
        # A hold freezes: neither records nor options can be changed under it, so what they say is what stood.
        if hostname.account.is_active and hostname.state in (State.LIVE, State.HELD) and not hostname.offline:
            wanted |= _rrsets_below(hostname)
    return wanted


@transaction.atomic
def register(account: User, *, domain: Domain, label: str) -> Hostname:
    """A new hostname of the account, without addresses yet. Raises InvalidName, NameUnavailable, TooManyHostnames."""
    label = normalise_host_label(label)
    name = normalise(f"{label}.{domain.name}")
    # Locked, so that two requests at once cannot both take the last place.
    User.objects.select_for_update(no_key=True).get(pk=account.pk)
    # Resting ones too: else a loop of registering and releasing would reserve name after name.
    limit = plans.hostnames_of(account)
    if Hostname.objects.taken_by(account, since=timezone.now() - RELEASE_REST).count() >= limit:
        raise TooManyHostnames(_limit_in_words(account, limit))
    if not domain.is_open or domain.zone.is_retired:
        raise NameUnavailable(_("{domain} takes no new names at present.").format(domain=domain))
    if is_kept(label) or ReservedName.objects.covering(label, name).exists() or blocks.bars_label(label):
        raise NameUnavailable(_("{name} is reserved.").format(name=name))
    ids = outbox.publish(domain.zone, {name: {}})
    try:
        with transaction.atomic():
            return Hostname.objects.create(account=account, domain=domain, name=name, publication_id=ids[name])
    except IntegrityError as error:
        raise NameUnavailable(_("{name} is taken.").format(name=name)) from error


@transaction.atomic
def configure(
    hostname: Hostname, *, wildcard: bool | None = None, offline: bool | None = None, parked: bool | None = None
) -> Hostname:
    """Sets what is given. Raises HostnameRestricted, HostnameReleased, NotInPlan, AddressBlocked."""
    hostname = lock_unrestricted(hostname)
    check_options(hostname, wildcard=wildcard, offline=offline)
    if hostname.offline and offline is False:
        check_blocks(stored_addresses(hostname))
    hostname.wildcard = hostname.wildcard if wildcard is None else wildcard
    hostname.offline = hostname.offline if offline is None else offline
    hostname.parked = hostname.parked if parked is None else parked
    hostname.save(update_fields=["wildcard", "offline", "parked"])
    publish(hostname)
    return hostname


def check_options(hostname: Hostname, *, wildcard: bool | None, offline: bool | None) -> None:
    """What is on already stays, whatever the plan says by now. Raises NotInPlan."""
    plan = plans.of(hostname.account)
    if wildcard and not hostname.wildcard and not plan.has_wildcard:
        raise NotInPlan(_("wildcards."))
    if offline and not hostname.offline and not plan.has_offline:
        raise NotInPlan(_("taking hostnames offline."))


def stored_addresses(hostname: Hostname) -> list[Address]:
    """Those that it answers unless it is offline, further ones included."""
    rrsets = address_rrsets(hostname.ipv4, hostname.ipv6, 0, hostname.others)
    return [addresses.parse(each) for rdtype in ("A", "AAAA") if rdtype in rrsets for each in rrsets[rdtype]["rdata"]]


def check_blocks(gained: Iterable[Address]) -> None:
    """Of addresses that it gets, not of those that it has. Raises AddressBlocked."""
    for address in gained:
        if blocks.bars([address]):
            raise AddressBlocked(f"{address}.")


@transaction.atomic
def set_ttl(hostname: Hostname, ttl: int | None) -> Hostname:
    """Seconds that its records may be cached, where they have no TTL of their own; None: as long as its domain's.

    Raises InvalidRecord outside the domain's bounds, HostnameRestricted, HostnameReleased.
    """
    hostname = lock_unrestricted(hostname)
    check_ttl(hostname, ttl)
    hostname.ttl = ttl
    hostname.save(update_fields=["ttl"])
    publish(hostname)
    return hostname


def longest_ttl(hostname: Hostname) -> int:
    """Seconds that resolvers may remember anything of the hostname (one query)."""
    of_records = hostname.records.aggregate(longest=Max("ttl"))["longest"] or 0
    return max(hostname.answered_ttl, of_records)


def check_ttl(hostname: Hostname, ttl: int | None) -> None:
    """Raises InvalidRecord."""
    domain = hostname.domain
    if ttl is not None and not domain.min_ttl <= ttl <= domain.max_ttl:
        raise InvalidRecord(
            _("a TTL in {domain} is between {least} and {most} seconds.").format(
                domain=domain, least=domain.min_ttl, most=domain.max_ttl
            )
        )


@transaction.atomic
def impose(
    hostname: Hostname,
    kind: Restriction.Kind | None,
    answer: RRsets | None = None,
    urgency: Urgency = Urgency.WITHDRAWAL,
) -> None:
    """Makes this the restriction in force in the place of whatever is; None ends it. Which one is to be the caller knows.

    answer is what the name answers instead, while held or diverted. Raises HostnameReleased, except where it is ended.
    """
    locked = lock(hostname)
    if kind is not None:
        if locked.state == State.RELEASED:
            raise HostnameReleased
        _restrict(locked, kind, answer or {}, urgency)
        return
    Restriction.objects.filter(hostname=locked).delete()
    # A name that was given up may be somebody else's by now.
    if locked.state != State.RELEASED:
        publish(lock(hostname))


def suspend(hostname: Hostname) -> None:
    """Withdraws the name from DNS, before all ordinary updates; takes the place of a hold or a diversion.

    Raises HostnameReleased.
    """
    impose(hostname, Restriction.Kind.SUSPENDED)


@transaction.atomic
def hold(hostname: Hostname) -> None:
    """Freezes what the name answers now, or would if its account were not deactivated; updates are refused.

    Raises HostnameReleased, and HostnameRestricted where a restriction is in force: a hold must not weaken a suspension.
    """
    locked = lock_unrestricted(hostname)
    impose(locked, Restriction.Kind.HELD, owners_rrsets(locked))


@transaction.atomic
def divert(hostname: Hostname, *, answer: RRsets) -> None:
    """Makes the name answer other records: a sinkhole's or a notice page's.

    Raises HostnameReleased, and HostnameRestricted where a restriction is in force: a diversion must not weaken a suspension.
    """
    impose(lock_unrestricted(hostname), Restriction.Kind.DIVERTED, answer)


def reinstate(hostname: Hostname) -> None:
    """Ends the restriction, of whatever kind: the name answers again what its stored records say."""
    impose(hostname, None)


@transaction.atomic
def release(hostname: Hostname) -> Hostname:
    """The customer gives the name up: out of DNS, and reserved for RELEASE_REST, in which it counts as the account's.

    Raises HostnameReleased and HostnameRestricted.
    """
    hostname = lock_unrestricted(hostname)
    hostname.released_at = timezone.now()
    hostname.save(update_fields=["released_at"])
    ReservedName.objects.reserve(hostname.name, reason=RELEASED, until=hostname.released_at + RELEASE_REST)
    # Not Urgency.WITHDRAWAL: a customer's choice does not stand in line with the desk's.
    publish(hostname)
    return hostname


def publish(hostname: Hostname, urgency: Urgency = Urgency.ORDINARY) -> None:
    """Writes what the hostname, as it was locked and read, shall answer: itself, its wildcard, the names below it."""
    publish_all([hostname], urgency)


def publish_all(held: Iterable[Hostname], urgency: Urgency = Urgency.ORDINARY) -> None:
    """As publish for each, one statement for each zone. All of them were locked (lock_all) before they were read."""
    by_zone: dict[Zone, list[Hostname]] = {}
    for hostname in held:
        if hostname.others is not None:
            _gather_others(hostname)
            _forget_withdrawn(hostname)
        by_zone.setdefault(hostname.domain.zone, []).append(hostname)
    for zone, theirs in by_zone.items():
        wanted = [desired_names(hostname) for hostname in theirs]
        whole = {name: rrsets for names in wanted for name, rrsets in names.items()}
        ids = outbox.publish(zone, whole, urgency)
        for hostname, names in zip(theirs, wanted, strict=True):
            _keep_ids(hostname, {name: ids[name] for name in names})


def lock_unrestricted(hostname: Hostname) -> Hostname:
    """The hostname as it is now, locked until the transaction ends. Raises HostnameReleased, HostnameRestricted."""
    hostname = lock(hostname)
    if hostname.state == State.RELEASED:
        raise HostnameReleased
    if hostname.restriction_or_none is not None:
        raise HostnameRestricted
    return hostname


def lock(hostname: Hostname) -> Hostname:
    """Locks the publications, then reads: in that order, so that every decision before ours is seen."""
    lock_all([hostname])
    return Hostname.objects.select_related("account", "domain__zone", "restriction").get(pk=hostname.pk)


def lock_all(held: Iterable[Hostname]) -> None:
    """Locks the publications of these hostnames until the transaction ends."""
    # From the rows as they are now: locking one later than the others would be out of order.
    outbox.lock_unread(publication_ids(held))


def publication_ids(held: Iterable[Hostname]) -> list[int]:
    """The publications of every name that is theirs, as the rows are now. One query, or two where one had records."""
    rows = Hostname.objects.filter(pk__in=[hostname.pk for hostname in held]).values_list(
        "publication_id", "wildcard_publication_id", ExpressionWrapper(Q(others__isnull=False), BooleanField()), "pk"
    )
    ids = [each for row in rows for each in row[:2] if each is not None]
    if with_records := [pk for *_, had_records, pk in rows if had_records]:
        ids += BelowName.objects.filter(hostname__in=with_records).values_list("publication_id", flat=True)
    return ids


def _limit_in_words(account: User, limit: int) -> str:
    words = _("{limit}. Names given up in the last {days} days count too.").format(limit=limit, days=RELEASE_REST.days)
    grown_up = plans.of(account).hostnames
    if limit < grown_up:
        growth = _("New accounts grow: {days} days after sign-up you may have {count}.")
        words += " " + growth.format(days=settings.YOUNG_ACCOUNT.days, count=grown_up)
    return words


def _gather_others(hostname: Hostname) -> None:
    """Puts its records at the name itself where address updates read them."""
    others = _rrsets(hostname.records.filter(label=""), hostname.answered_ttl).get("", {})
    if others != hostname.others:
        hostname.others = others
        hostname.save(update_fields=["others"])


def _forget_withdrawn(hostname: Hostname) -> None:
    """Names below it that are out of DNS: else every change would write all that it ever had."""
    in_dns = F("publication__revision")
    hostname.below_names.filter(publication__rrsets={}, publication__published_revision=in_dns).delete()


def _keep_ids(hostname: Hostname, ids: dict[str, int]) -> None:
    """Of the publications of its names, where they are new."""
    ids.pop(hostname.name)
    wildcard_id = ids.pop(f"*.{hostname.name}", None)
    if wildcard_id != hostname.wildcard_publication_id:
        hostname.wildcard_publication_id = wildcard_id
        hostname.save(update_fields=["wildcard_publication_id"])
    below = {name.removesuffix(f".{hostname.name}"): publication_id for name, publication_id in ids.items()}
    BelowName.objects.bulk_create(
        [BelowName(hostname=hostname, label=label, publication_id=each) for label, each in below.items()],
        ignore_conflicts=True,
    )


def _rrsets_below(hostname: Hostname) -> dict[str, RRsets]:
    by_label = _rrsets(hostname.records.exclude(label=""), hostname.answered_ttl)
    return {f"{label}.{hostname.name}": rrsets for label, rrsets in by_label.items()}


def _rrsets(rows: Iterable[Record], default_ttl: int) -> dict[str, RRsets]:
    """By label. The records of an RRset have one TTL (RFC 2181 §5.2): the least that was asked for."""
    by_label: dict[str, RRsets] = {}
    for row in rows:
        rrsets, ttl = by_label.setdefault(row.label, {}), row.ttl or default_ttl
        rrset = rrsets.setdefault(row.rdtype, {"ttl": ttl, "rdata": []})
        rrset["ttl"] = min(rrset["ttl"], ttl)
        rrset["rdata"].append(row.rdata)
    return by_label


def _restrict(locked: Hostname, kind: Restriction.Kind, answer: RRsets, urgency: Urgency) -> None:
    Restriction.objects.update_or_create(hostname=locked, defaults={"kind": kind, "answer": answer})
    publish(lock(locked), urgency)
