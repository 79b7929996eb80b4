"""Accounts: every name of a customer out of DNS and every key dead with one decision, and all of it back with another."""

from django.db import transaction

from abuse import ledger
from abuse.errors import NothingToDo, OwnAccount, ReasonMissing, StaffAccount
from ddns import accounts, keys
from ddns.models import User


@transaction.atomic
def deactivate(account: User, *, reason: str, by: User) -> int:
    """Ends log-in and keys, withdraws every hostname urgently, and enters it in the ledger; gives how many hostnames.

    Locks the account. Raises ReasonMissing, NothingToDo, OwnAccount, and StaffAccount unless a superuser decides.
    """
    return _decide(account, is_active=False, reason=reason, by=by)


@transaction.atomic
def reactivate(account: User, *, reason: str, by: User) -> int:
    """Undoes deactivate; what is suspended stays suspended. Gives how many hostnames are published again.

    Locks the account. Raises what deactivate raises.
    """
    return _decide(account, is_active=True, reason=reason, by=by)


@transaction.atomic
def revoke_keys(account: User, *, reason: str, by: User) -> int:
    """Ends every working key of the account at once and enters it in the ledger; gives how many. Cannot be undone.

    Raises ReasonMissing, NothingToDo, OwnAccount, and StaffAccount unless a superuser decides.
    """
    if not reason.strip():
        raise ReasonMissing
    account = User.objects.select_for_update(no_key=True).get(pk=account.pk)
    _check_holder(account, by)
    count = keys.revoke_all(account)
    if not count:
        raise NothingToDo
    ledger.append(
        actor=by,
        action="revoke-keys",
        object=f"account {account.email}",
        reason=reason.strip(),
        details={"account": account.pk, "keys": count},
    )
    return count


def _decide(account: User, *, is_active: bool, reason: str, by: User) -> int:
    if not reason.strip():
        raise ReasonMissing
    account = User.objects.select_for_update(no_key=True).get(pk=account.pk)
    _check(account, is_active, by)
    count = accounts.reactivate(account) if is_active else accounts.deactivate(account)
    ledger.append(
        actor=by,
        action="reactivate" if is_active else "deactivate",
        object=f"account {account.email}",
        reason=reason.strip(),
        details={"account": account.pk, "hostnames": count},
    )
    return count


def _check(account: User, is_active: bool, by: User) -> None:
    _check_holder(account, by)
    if account.is_active == is_active:
        raise NothingToDo


def _check_holder(account: User, by: User) -> None:
    if account.pk == by.pk:
        raise OwnAccount
    if account.is_staff and not by.is_superuser:
        raise StaffAccount
