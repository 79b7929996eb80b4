"""Groups: hostnames of an account that a key may cover together, and that move to a new IPv6 prefix together."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from ddns import keys, plans
from ddns.errors import GroupExists, TooManyGroups
from ddns.models import Group, Hostname, UpdateKey, User


@transaction.atomic
def create(account: User, *, name: str) -> Group:
    """Locks the account. Raises GroupExists and TooManyGroups."""
    User.objects.select_for_update(no_key=True).get(pk=account.pk)
    limit = plans.of(account).groups
    if Group.objects.filter(account=account).count() >= limit:
        raise TooManyGroups(f"{limit}.")
    try:
        with transaction.atomic():
            return Group.objects.create(account=account, name=name)
    except IntegrityError as error:
        raise GroupExists(f"{name}.") from error


def rename(group: Group, name: str) -> None:
    """Raises GroupExists."""
    try:
        with transaction.atomic():
            Group.objects.filter(pk=group.pk).update(name=name)
    except IntegrityError as error:
        raise GroupExists(f"{name}.") from error


def assign(group: Group | None, hostnames: Iterable[Hostname]) -> int:
    """Puts the account's hostnames into its group, or into none; gives how many. Those of other accounts stay as they are."""
    held = Hostname.objects.unreleased().filter(pk__in=[hostname.pk for hostname in hostnames])
    if group is not None:
        held = held.filter(account=group.account_id)
    return held.update(group=group)


@transaction.atomic
def delete(group: Group) -> int:
    """Its hostnames stay, in no group. Keys that covered it would cover nothing: they are revoked; gives how many."""
    revoked = sum(keys.revoke(key) for key in UpdateKey.objects.working().filter(group=group))
    group.delete()
    return revoked
