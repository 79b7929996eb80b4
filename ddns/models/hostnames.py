"""Hostnames: names that customers hold."""

import hashlib
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now

from ddns.models.contacts import HostnameContact
from ddns.models.restrictions import Restriction
from dnsupdate.errors import InvalidName
from dnsupdate.models import Publication
from dnsupdate.names import normalise, to_unicode


class State(StrEnum):
    """What a hostname answers now."""

    LIVE = "live"
    HELD = "held"
    SUSPENDED = "suspended"
    DIVERTED = "diverted"
    OFFLINE = "offline"
    RELEASED = "released"


_SIGNS = ("created_at", "changed_at", "contact__at", "renewal__at", "account__last_login")


class HostnameQuerySet(models.QuerySet["Hostname"]):
    def unreleased(self) -> "HostnameQuerySet":
        return self.filter(released_at=None)

    def held_by(self, account) -> "HostnameQuerySet":
        return self.unreleased().filter(account=account)

    def taken_by(self, account, *, since: datetime) -> "HostnameQuerySet":
        """Those that the account holds, or has given up after since."""
        return self.filter(Q(released_at=None) | Q(released_at__gt=since), account=account)

    def in_scope_of(self, key) -> "HostnameQuerySet":
        """Those that the key may be used for."""
        if key.covers_account:
            return self.filter(account=key.account_id)
        by_group = Q() if key.group_id is None else Q(group=key.group_id)
        return self.filter(Q(pk__in=key.hostnames.values("pk")) | by_group, account=key.account_id)

    def with_state(self) -> "HostnameQuerySet":
        """Everything that a list of hostnames shows, in one query."""
        return self.select_related("account", "domain", "group", "restriction", "publication", "contact")

    def with_activity(self) -> "HostnameQuerySet":
        """With active_at: the last sign that somebody still cares, by a device, by a person, or that it was registered."""
        return self.annotate(active_at=Greatest(*_SIGNS))

    def idle_since(self, before: datetime) -> "HostnameQuerySet":
        """Those without a sign since, with active_at."""
        return self.annotate(active_at=Greatest(*_SIGNS)).filter(active_at__lt=before)

    def under_no_decision(self) -> "HostnameQuerySet":
        """Neither restricted nor preserved nor of a deactivated account. Of others nothing is taken, and nobody is reminded."""
        is_preserved = Q(account__preserve_until__gt=Now())
        return self.unreleased().filter(restriction=None, account__is_active=True).exclude(is_preserved)

    def in_state(self, state: State) -> "HostnameQuerySet":
        """The rows whose property state says so."""
        if state == State.RELEASED:
            return self.exclude(released_at=None)
        if state in (State.LIVE, State.OFFLINE):
            return self.unreleased().filter(restriction=None, offline=state == State.OFFLINE)
        return self.unreleased().filter(restriction__kind=state.value)

    def restricted(self) -> "HostnameQuerySet":
        """Those under a restriction of whatever kind."""
        return self.unreleased().exclude(restriction=None)

    def silent_since(self, at: datetime) -> "HostnameQuerySet":
        """Those that no device with a working key has spoken of since then, or ever."""
        return self.filter(Q(contact=None) | Q(contact__at__lt=at))

    def waiting(self) -> "HostnameQuerySet":
        """Those whose last change is not in DNS yet."""
        return self.filter(publication__published_revision__lt=F("publication__revision"))

    def matching(self, text: str) -> "HostnameQuerySet":
        """Those with this in their names, or with this address. Reads every row of the set.

        A name in letters beyond ASCII is found by its whole first labels: DNS spells it otherwise.
        """
        try:
            address = ip_address(text.strip())
        except ValueError:
            return self.filter(name__contains=_as_in_dns(text))
        return self.answering(address)

    def answering(self, address: IPv4Address | IPv6Address) -> "HostnameQuerySet":
        """Those that have the address now. Reads the whole table: no index may name a column that updates touch."""
        return self.filter(**{f"ipv{address.version}": str(address)})


class Hostname(models.Model):
    """A name that a customer holds or held. Its addresses stay stored whatever DNS answers for it.

    No index names a column that an address update touches (HOT updates).
    """

    account = models.ForeignKey("ddns.User", on_delete=models.PROTECT, related_name="hostnames")
    domain = models.ForeignKey("ddns.Domain", on_delete=models.PROTECT, related_name="hostnames")
    group = models.ForeignKey("ddns.Group", on_delete=models.SET_NULL, null=True, blank=True, related_name="hostnames")
    name = models.CharField(max_length=253, help_text="The whole name, normalised.")
    ipv4 = models.GenericIPAddressField(protocol="IPv4", null=True, blank=True)
    ipv6 = models.GenericIPAddressField(protocol="IPv6", null=True, blank=True)
    wildcard = models.BooleanField(default=False, help_text="Whether *.name answers the same.")
    offline = models.BooleanField(default=False, help_text="Whether the customer has taken it out of DNS.")
    ttl = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds; empty: the domain's.")
    others = models.JSONField(
        null=True,
        blank=True,
        help_text="RRsets of its records at the name itself, for address updates to read; null: it never had a record.",
    )
    follows_prefix = models.BooleanField(
        default=False, help_text="Whether its IPv6 address moves when the account's delegated prefix does."
    )
    interface_id = models.GenericIPAddressField(
        protocol="IPv6",
        null=True,
        blank=True,
        help_text="The host part of its IPv6 address, subnet bits included; empty: that of its present address.",
    )
    parked = models.BooleanField(
        default=False, help_text="Whether it answers the parking page's addresses while it is offline."
    )
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="+")
    wildcard_publication = models.ForeignKey(Publication, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(null=True, help_text="Last change of an address.")
    released_at = models.DateTimeField(null=True)

    # Only by with_activity and idle_since.
    active_at: datetime

    objects = HostnameQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [
            # Who held it before. With the constraint below every name is found by an index, held or not.
            models.Index(name="hostnames_released", fields=["name"], condition=Q(released_at__isnull=False))
        ]
        constraints = [
            models.UniqueConstraint(name="hostname_held_once", fields=["name"], condition=Q(released_at=None))
        ]

    def __str__(self) -> str:
        return to_unicode(self.name)

    @property
    def state(self) -> State:
        """From the row and its restriction (one query unless selected)."""
        if self.released_at is not None:
            return State.RELEASED
        if (restriction := self.restriction_or_none) is not None:
            return State(restriction.kind)
        return State.OFFLINE if self.offline else State.LIVE

    @property
    def answered_ttl(self) -> int:
        """Seconds that its addresses may be cached: its own or its domain's (one query unless selected)."""
        return self.ttl or self.domain.ttl

    @property
    def version(self) -> str:
        """Names all that its owner sees of it at this moment: what is changed by anybody has another version.

        A query each for its restriction and its domain unless selected.
        """
        shown = (
            *(self.pk, self.name, self.state, self.ipv4, self.ipv6, self.wildcard, self.offline, self.parked, self.ttl),
            *(self.answered_ttl, self.group_id, self.follows_prefix, self.interface_id),
            self.changed_at and self.changed_at.timestamp(),
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:24]

    @property
    def contact_or_none(self) -> HostnameContact | None:
        """A query unless selected."""
        try:
            return self.contact
        except ObjectDoesNotExist:
            return None

    @property
    def restriction_or_none(self) -> Restriction | None:
        try:
            return self.restriction
        except ObjectDoesNotExist:
            return None


def _as_in_dns(text: str) -> str:
    try:
        return normalise(text)
    except InvalidName:
        # A part of a name need not be one: "-home".
        return text.strip().lower()
