"""Accounts: every name of a customer out of DNS and every key dead with one decision, and all of it back with another."""

from django.db import transaction

from abuse import by_name, ledger
from abuse.errors import ClosedAccount, DecidedOnCase, NothingToDo, ReasonMissing
from abuse.models import Decision
from ddns import accounts, hostnames, keys, notifications
from ddns.models import Hostname, User
from ddns.models.notifications import Kind


@transaction.atomic
def deactivate(account: User, *, reason: str, by: User) -> int:
    """Ends log-in and keys, withdraws every hostname urgently, and enters it in the ledger; gives how many hostnames.

    Locks the account and its hostnames. Raises ReasonMissing, NothingToDo, OwnAccount, StaffAccount unless a superuser
    decides, and NeedsSecondPerson where it is to be decided on a case.
    """
    return _decide(account, is_active=False, reason=reason, by=by)


@transaction.atomic
def reactivate(account: User, *, reason: str, by: User) -> int:
    """Undoes deactivate; what is suspended stays suspended. Gives how many hostnames are published again.

    Locks the account. Raises ReasonMissing, NothingToDo, OwnAccount, StaffAccount, ClosedAccount, and DecidedOnCase where a
    decision is to be undone instead.
    """
    return _decide(account, is_active=True, reason=reason, by=by)


@transaction.atomic
def reopen(account: User, *, reason: str, by: User) -> int:
    """Undoes that its owner closed it, and enters it in the ledger; gives how many hostnames came back.

    Raises ReasonMissing, OwnAccount, StaffAccount unless a superuser decides, and ddns's NotClosed and AlreadyForgotten.
    """
    if not reason.strip():
        raise ReasonMissing
    by_name.check_holder(account, by)
    count = accounts.reopen(account)
    _enter("reopen", account, reason, by, count)
    return count


@transaction.atomic
def revoke_keys(account: User, *, reason: str, by: User) -> int:
    """Ends every working key of the account at once and enters it in the ledger; gives how many. Cannot be undone.

    Raises ReasonMissing, NothingToDo, OwnAccount, and StaffAccount unless a superuser decides.
    """
    if not reason.strip():
        raise ReasonMissing
    account = User.objects.select_for_update(no_key=True).get(pk=account.pk)
    by_name.check_holder(account, by)
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
    notifications.tell(account, Kind.LIFTED if is_active else Kind.SUSPENDED, details={"hostnames": count})
    _enter("reactivate" if is_active else "deactivate", account, reason, by, count)
    return count


def _enter(action: str, account: User, reason: str, by: User, count: int) -> None:
    ledger.append(
        actor=by,
        action=action,
        object=f"account {account.email}",
        reason=reason.strip(),
        details={"account": account.pk, "hostnames": count},
    )


def _check(account: User, is_active: bool, by: User) -> None:
    by_name.check_holder(account, by)
    if is_active and account.closed_at is not None:
        raise ClosedAccount
    if account.is_active == is_active:
        raise NothingToDo
    if not is_active:
        names = Hostname.objects.held_by(account)
        hostnames.lock_all(names)
        by_name.check_limits(names, action=Decision.Action.LOCK_ACCOUNT, by=by)
    elif (lock := _lock_of(account)) is not None:
        raise DecidedOnCase(f"Undo it on case {lock.case_id}.")


def _lock_of(account: User) -> Decision | None:
    """What keeps it locked, where that was decided on a case."""
    locks = Decision.objects.in_force().filter(action=Decision.Action.LOCK_ACCOUNT, case__account=account)
    return locks.order_by("pk").first()
