"""Alerts about officers: each waits until a member of staff has looked, and all that wait are one alarm."""

from django.db import transaction
from django.utils import timezone

from abuse import ledger
from abuse.errors import NotAllowed, NothingToDo
from abuse.models import Officer, OfficerAlert, Order
from ddns.models import User
from dnsupdate import alarms
from dnsupdate.models import Alarm

What = OfficerAlert.What
# In the text of the alarm; the desk has the rest.
MAX_SHOWN = 10


@transaction.atomic
def add(officer: Officer, what: OfficerAlert.What, text: str, *, order: Order | None = None) -> OfficerAlert:
    """One thing to look at. The same about the same officer and order, that still waits, is said anew and not twice.

    Locks the ledger, as whoever freezes has done before: whoever locks the alarm has locked that first.
    """
    ledger.lock()
    alert = OfficerAlert.objects.waiting().filter(officer=officer, what=what, order=order).select_for_update().first()
    if alert is None:
        alert = OfficerAlert.objects.create(officer=officer, what=what, text=text, order=order)
    elif alert.text != text:
        alert.text = text
        alert.save(update_fields=["text"])
    tell()
    return alert


@transaction.atomic
def see(alert: OfficerAlert, *, by: User) -> None:
    """Somebody has looked, and it is told no more. Raises NotAllowed, and NothingToDo where another was faster."""
    if not (by.has_perm("abuse.freeze_officer") or by.has_perm("abuse.vet_officer")):
        raise NotAllowed("it takes the right to vet or to freeze officers.")
    ledger.lock()
    if not OfficerAlert.objects.waiting().filter(pk=alert.pk).update(seen_by=by, seen_at=timezone.now()):
        raise NothingToDo
    tell()


def tell() -> None:
    """Opens the alarm with what waits, or closes it. Numbers and words of ours alone: alarms are mailed in the open."""
    waiting = list(OfficerAlert.objects.waiting().select_related("officer__agency")[: MAX_SHOWN + 1])
    if not waiting:
        alarms.close(Alarm.Kind.OFFICER)
        return
    shown = "; ".join(f"officer {each.officer_id}: {each.text}" for each in waiting[:MAX_SHOWN])
    more = "; and more" if len(waiting) > MAX_SHOWN else ""
    alarms.open(
        Alarm.Kind.OFFICER,
        f"Look at these accounts of authorities, and freeze one that is not its officer's: {shown}{more}.",
    )
