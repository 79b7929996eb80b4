"""Scopes: which hostnames a client means that does not write their full names."""

from ddns import keys
from ddns.address_updates import Caller
from ddns.models import Hostname

# A request that changes more than an account usually has is cut there: each is a transaction of its own.
MAX_HOSTNAMES = 500


def names(caller: Caller) -> list[str]:
    """All that the key covers, in order. Raises WrongKey and KeyNotAllowed."""
    return _names(caller)


def names_of_group(caller: Caller, group: str) -> list[str]:
    """Those in the account's group of this name, in whatever case, that the key covers. Raises WrongKey and KeyNotAllowed."""
    return _names(caller, group__name__iexact=group)


def names_labelled(caller: Caller, label: str) -> list[str]:
    """Those that the key covers and whose first label it is. Raises WrongKey and KeyNotAllowed."""
    return _names(caller, name__startswith=f"{label}.")


def _names(caller: Caller, **wanted: str) -> list[str]:
    key = keys.recognise(caller.key, caller.source, caller.agent)
    held = Hostname.objects.unreleased().in_scope_of(key).filter(**wanted).order_by("name")
    return list(held.values_list("name", flat=True)[:MAX_HOSTNAMES])
