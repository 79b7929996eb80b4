"""Scopes: which hostnames a client means that does not write their full names, and which refusals are theirs to see."""

from collections.abc import Sequence

from ddns import keys, requests
from ddns.address_updates import Caller
from ddns.models import Hostname, UpdateKey

# More are not changed by one request, since each is a transaction of its own; one more is read, for whoever refuses it.
MAX_HOSTNAMES = 500
# Of a request that was refused.
MAX_NOTED = 20


def names(caller: Caller) -> list[str]:
    """All that the key covers, in order. Raises WrongKey and KeyNotAllowed."""
    return _names(caller)


def names_of_group(caller: Caller, group: str) -> list[str]:
    """Those in the account's group of this name, in whatever case, that the key covers. Raises WrongKey and KeyNotAllowed."""
    return _names(caller, group__name__iexact=group)


def names_labelled(caller: Caller, label: str) -> list[str]:
    """Those that the key covers and whose first label it is. Unless there is one, it is among the key's last requests.

    Raises WrongKey and KeyNotAllowed.
    """
    key = keys.recognise(caller.key, caller.source, caller.agent)
    found = _in_scope(key, name__startswith=f"{label}.")
    if len(found) != 1:
        requests.note_of_key(key.pk, caller, unclear(found), label)
    return found


def note_refusal(caller: Caller, names: Sequence[str | None], code: str, detail: str = "") -> None:
    """Of a request with a working key: among the last requests of each hostname that the key covers, else of the key.

    A refusal noted for a hostname counts as its last contact, which is nobody's to make but its holder's. Raises WrongKey and
    KeyNotAllowed.
    """
    key = keys.recognise(caller.key, caller.source, caller.agent)
    named = list(dict.fromkeys(filter(None, names[:MAX_NOTED])))
    covered = set(Hostname.objects.unreleased().in_scope_of(key).filter(name__in=named).values_list("name", flat=True))
    for name in named:
        if name in covered:
            requests.note(name, caller, code, detail)
        else:
            requests.note_of_key(key.pk, caller, "nohost", name)
    if not named:
        requests.note_of_key(key.pk, caller, code, detail)


def unclear(names: Sequence[str]) -> str:
    """The code for a label that is of none of the key's hostnames, or of several."""
    return "ambiguous" if names else "nohost"


def _names(caller: Caller, **wanted: str) -> list[str]:
    return _in_scope(keys.recognise(caller.key, caller.source, caller.agent), **wanted)


def _in_scope(key: UpdateKey, **wanted: str) -> list[str]:
    held = Hostname.objects.unreleased().in_scope_of(key).filter(**wanted).order_by("name")
    return list(held.values_list("name", flat=True)[: MAX_HOSTNAMES + 1])
