"""Protected names: those on which much depends, and those that are known to be good. Policy never holds one, one person never
acts on one alone; putting one on the list and taking it off is in the ledger."""

from django.db import transaction

from abuse import ledger
from abuse.errors import InvalidParameter, NotAllowed, ReasonMissing
from abuse.models import ProtectedName
from ddns.models import User
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise


def reason_of(name: str) -> str:
    """Why the normalised name is protected; empty: it is not. One query."""
    return ProtectedName.objects.filter(name=name).values_list("reason", flat=True).first() or ""


@transaction.atomic
def add(name: str, *, reason: str, by: User) -> ProtectedName:
    """The same again has the new reason. Raises NotAllowed, ReasonMissing, InvalidParameter."""
    _check(by)
    if not reason.strip():
        raise ReasonMissing
    try:
        name = normalise(name.strip())
    except InvalidName as error:
        raise InvalidParameter(f"name: {error}") from error
    row, _ = ProtectedName.objects.update_or_create(name=name, defaults={"reason": reason.strip(), "added_by": by})
    ledger.append(actor=by, action="protect-name", object=f"hostname {name}", reason=reason.strip(), details={})
    return row


@transaction.atomic
def remove(row: ProtectedName, *, reason: str, by: User) -> None:
    """Raises NotAllowed, ReasonMissing."""
    _check(by)
    if not reason.strip():
        raise ReasonMissing
    row.delete()
    ledger.append(actor=by, action="unprotect-name", object=f"hostname {row.name}", reason=reason.strip(), details={})


def _check(by: User) -> None:
    if not by.has_perm("abuse.change_settings"):
        raise NotAllowed("it takes the right to change settings.")
