"""Entries: orders that staff file for an officer who calls or writes, with how it was made sure that it is they."""

from collections.abc import Sequence

from django.db import transaction

from abuse import ledger, orders
from abuse.errors import NotAllowed, ReasonMissing
from abuse.models import Officer, Order
from abuse.orders import Filing, UploadedFile
from ddns.models import User


@transaction.atomic
def enter(
    officer: Officer,
    filing: Filing,
    files: Sequence[UploadedFile],
    *,
    checked: str,
    by: User,
    is_meant_twice: bool = False,
) -> Order:
    """As orders.file, at the desk: by handles it then. checked says who was called back, at which number.

    Raises NotAllowed, ReasonMissing, and what orders.file raises.
    """
    if not by.has_perm("abuse.act_on_order"):
        raise NotAllowed("it takes the right to act on orders.")
    if not checked.strip():
        raise ReasonMissing
    order = orders.file(
        officer, filing, files, door=Order.Door.DESK, source=None, is_meant_twice=is_meant_twice, entered_by=by
    )
    ledger.append(
        actor=by,
        action="enter-order",
        object=f"order {order.pk}",
        reason=checked.strip(),
        details={"order": str(order.pk), "officer": officer.pk},
    )
    return order
