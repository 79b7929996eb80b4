"""Authority: what somebody who calls may see and change, logged in or by a key. By a key nobody gets more than it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ddns import keys, preferences, tsig_keys
from ddns.errors import BeyondAuthority
from ddns.hostname_changes import KEEP, Change
from ddns.models import AcmeAccount, Group, Hostname, TsigKey, UpdateKey, User
from ddns.models.acme_accounts import AcmeAccountQuerySet
from ddns.models.hostnames import HostnameQuerySet
from ddns.models.keys import UpdateKeyQuerySet
from ddns.models.notifications import Kind
from ddns.preferences import Wanted


@dataclass(frozen=True, slots=True)
class Authority:
    """An account, and the key that was presented for it; None for somebody who is logged in and may do all."""

    account: User
    key: UpdateKey | None = None

    @property
    def covers_account(self) -> bool:
        return self.key is None or self.key.covers_account

    def hostnames(self) -> HostnameQuerySet:
        """What it may see: everything else does not exist."""
        held = Hostname.objects.held_by(self.account)
        return held if self.key is None else held.in_scope_of(self.key)

    def groups(self) -> "QuerySet[Group]":
        own = Group.objects.filter(account=self.account)
        return own if self.key is None or self.key.covers_account else own.filter(keys=self.key)

    def keys(self) -> UpdateKeyQuerySet:
        own = UpdateKey.objects.working().filter(account=self.account)
        return own if self.key is None else own.within_scope_of(self.key)

    def acme_accounts(self) -> AcmeAccountQuerySet:
        """Those registered with keys that cover no more than its own does, ended ones among them."""
        own = AcmeAccount.objects.owned_by(self.account)
        if self.key is None or self.key.covers_account:
            return own
        return own.filter(key__in=UpdateKey.objects.within_scope_of(self.key))

    def check_reads(self) -> None:
        """Raises BeyondAuthority."""
        if self.key is not None and not self.key.may_read:
            raise BeyondAuthority(
                _("it is for devices and not for the REST API. Make one with the permission read or manage.")
            )

    def check_changes(self) -> None:
        """Raises BeyondAuthority."""
        if self.key is not None and not self.key.may_manage:
            raise BeyondAuthority(_("it may only read. Use one with the permission manage."))

    def check_covers_account(self) -> None:
        """What concerns the account as a whole, or who may do what in it. Raises BeyondAuthority."""
        if not self.covers_account:
            raise BeyondAuthority(
                _("it covers some hostnames, and this concerns the account. Use a key for the whole account.")
            )

    def check_change(self, change: Change) -> None:
        """Raises BeyondAuthority: with its group a hostname comes under other keys, and leaves some."""
        if change.group is not KEEP:
            self.check_covers_account()

    def check_leaves_traces(self) -> None:
        """For what goes on telling of the account when the key has ended, and anywhere. Raises BeyondAuthority."""
        if self.key is not None and (self.key.expires_at is not None or self.key.networks):
            raise BeyondAuthority(
                _("what it makes here would outlast it. Use one without an end that works from anywhere.")
            )

    def check_preferences(self, wanted: Mapping[Kind, Wanted]) -> None:
        """Raises BeyondAuthority: whoever has stolen a key shall not keep its owner from being told of what they do."""
        if self.key is not None and preferences.switches_mail_off(self.account, wanted):
            raise BeyondAuthority(_("mail is switched off by somebody who is logged in. A key may switch it on."))


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key may do: hostnames and group are None where it covers the whole account."""

    hostnames: Sequence[Hostname] | None
    group: Group | None
    networks: Sequence[str] = ()
    expires_at: datetime | None = None

    @classmethod
    def of(cls, key: UpdateKey) -> "Grant":
        covered = None if key.covers_account else list(key.hostnames.all())
        return cls(covered, key.group, key.networks, key.expires_at)


def create_key(authority: Authority, grant: Grant, *, label: str, permission: str) -> tuple[UpdateKey, str]:
    """As keys.create, which says what is raised. Raises BeyondAuthority for a key that outdoes the one presented."""
    check_grant(authority, grant)
    return keys.create(
        authority.account,
        label=label,
        hostnames=grant.hostnames,
        group=grant.group,
        permission=permission,
        networks=grant.networks,
        expires_at=grant.expires_at,
    )


def rotate_key(authority: Authority, key: UpdateKey, *, overlap: timedelta) -> tuple[UpdateKey, str]:
    """As keys.rotate: whoever rotates a key holds its successor. Raises BeyondAuthority likewise, and WrongKey."""
    check_grant(authority, Grant.of(key))
    return keys.rotate(key, overlap=overlap)


def create_tsig_key(authority: Authority, key: UpdateKey, *, algorithm: str) -> tuple[TsigKey, str]:
    """As tsig_keys.create: whoever makes it may do what the update key may. Raises BeyondAuthority likewise."""
    check_grant(authority, Grant.of(key))
    return tsig_keys.create(key, algorithm=algorithm)


def check_grant(authority: Authority, grant: Grant) -> None:
    """Raises BeyondAuthority, InvalidNetwork."""
    own = authority.key
    if own is None:
        return
    if not _covers(own, grant):
        raise BeyondAuthority(_("a key for more hostnames than its own is beyond it."))
    if own.expires_at is not None and (grant.expires_at is None or grant.expires_at > own.expires_at):
        raise BeyondAuthority(_("a key that works for longer than itself is beyond it."))
    if own.networks and not _is_within(keys.parse_networks(grant.networks), keys.parse_networks(own.networks)):
        raise BeyondAuthority(_("a key for more networks than its own is beyond it."))


def _covers(own: UpdateKey, grant: Grant) -> bool:
    if own.covers_account:
        return True
    if grant.hostnames is None and grant.group is None:
        return False
    wanted = {hostname.pk for hostname in grant.hostnames or ()}
    in_scope = Hostname.objects.in_scope_of(own).filter(pk__in=wanted).count()
    return in_scope == len(wanted) and (grant.group is None or grant.group.pk == own.group_id)


def _is_within(wanted: Sequence[IPv4Network | IPv6Network], own: Sequence[IPv4Network | IPv6Network]) -> bool:
    """No network at all is every network."""
    return bool(wanted) and all(any(_is_subnet(each, other) for other in own) for each in wanted)


def _is_subnet(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)
