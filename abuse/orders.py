"""Orders: filed, withdrawn, refused, answered, and watched by the clock. Planning, acting and proving are elsewhere."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from abuse import ledger, officer_limits, officers, order_filings, plans, receipts, submissions
from abuse.errors import (
    NotAllowed,
    OrderFiledAlready,
    OrderNotThere,
    PostingDiffers,
    ReasonMissing,
)
from abuse.intake import text
from abuse.models import Agency, Officer, OfficerKey, Order, OrderFile, OrderItem, Receipt
from abuse.models.orders import OrderQuerySet
from abuse.order_filings import Filing as Filing
from abuse.order_filings import UploadedFile as UploadedFile
from ddns.addresses import Address
from ddns.models import User
from dnsupdate import alarms
from dnsupdate.models import Alarm

State = Order.State
# Nothing was done for it yet.
_UNTOUCHED = (State.RECEIVED, State.PLANNED, State.PROPOSED, State.STOPPED)
# Of the time that there was, how much is left when somebody is told.
NEAR = 4
_TOLD_OF = 10


@transaction.atomic
def file(
    officer: Officer,
    filing: Filing,
    files: Sequence[UploadedFile],
    *,
    door: Order.Door,
    source: Address | str | None,
    key: OfficerKey | None = None,
    idempotency_key: str = "",
    is_meant_twice: bool = False,
    entered_by: User | None = None,
) -> Order:
    """Stores what came, octet by octet, with a signed receipt and an entry of the ledger; planning follows once it is committed.

    The same under the same idempotency_key of an officer is the same order. entered_by is the member of staff who enters it
    at the desk, and handles it then. Locks officer and agency.

    Raises NotInOffice, InvalidOrder with all its problems, OfficerLimit (not of what staff enters), PostingDiffers, and
    OrderFiledAlready where an open order of the same agency says the same, unless is_meant_twice: then nothing was stored.
    """
    now, digest = timezone.now(), order_filings.digest(order_filings.tidy(filing), files)
    if (before := _filed_before(officer, idempotency_key, digest)) is not None:
        return before
    checked = order_filings.checked(filing, files, now=now)
    agency = _lock_for_filing(officer)
    # Once more: the same may have come at the same time.
    if (before := _filed_before(officer, idempotency_key, digest)) is not None:
        return before
    tidy = checked.filing
    same = Order.objects.of_agency(agency).open().filter(digest=digest).first()
    if same is not None and not is_meant_twice:
        raise OrderFiledAlready(same)
    if door != Order.Door.DESK:
        is_emergency = tidy.kind == Order.Kind.EMERGENCY
        officer_limits.check(officer, name_count=checked.name_count, is_emergency=is_emergency)
    how = {"digest": digest, "door": door, "source": str(source) if source else None, "key": key}
    order = _stored(tidy, now, officer=officer, agency=agency, idempotency_key=idempotency_key, **how)
    if entered_by is not None:
        order.handlers.add(entered_by)
    kept = [_keep(order, each) for each in files]
    _issue_receipt(order, kept)
    _enter("file-order", order, by=entered_by or officer.account, details={"files": [each.blob_id for each in kept]})
    officer_limits.watch_order(order)
    plans.wake()
    return order


@transaction.atomic
def withdraw(order: Order, *, by: Officer, reason: str = "") -> Order:
    """The authority takes it back while nothing was done for it. Locks the order.

    Raises NotInOffice, NotAllowed for another agency's, and OrderNotThere once something was done: that is undone by people.
    """
    officers.check_in_office(by)
    _lock(order)
    if by.agency_id != order.agency_id:
        raise NotAllowed("it is another agency's.")
    _check_untouched(order)
    order.reason = text.clean(reason).strip()
    return _end(order, State.WITHDRAWN, "withdraw-order", order.reason, by=by.account)


@transaction.atomic
def refuse(order: Order, *, by: User, reason: str) -> Order:
    """Nothing is done, and the authority is told why. Locks the order. Raises ReasonMissing, NotAllowed, OrderNotThere."""
    _check_may_act(order, by)
    reason = _words(reason)
    _lock(order)
    _check_untouched(order)
    order.answer = reason
    return _end(order, State.REFUSED, "refuse-order", reason, by=by)


@transaction.atomic
def answer(order: Order, *, by: User, text: str) -> Order:
    """By people: for what leaves no effect in DNS (information, preservation, nothing that could be acted on).

    What was answered before stays, and this stands below it. Locks the order.

    Raises ReasonMissing, NotAllowed, and OrderNotThere while something is under way.
    """
    _check_may_act(order, by)
    said = _words(text)
    _lock(order)
    if order.state not in (State.RECEIVED, State.PLANNED, State.ANSWERED):
        raise OrderNotThere(f"it is {order.get_state_display()}.")
    was_answered = order.state == State.ANSWERED and order.answer
    order.answer = f"{order.answer}\n\n{said}" if was_answered else said
    return _end(order, State.ANSWERED, "answer-order", said, by=by)


@transaction.atomic
def release_preview(order: Order, *, by: User) -> Order:
    """The authority sees from now on what each line of its list is to us, before anything is done. Locks the order.

    Raises NotAllowed, and OrderNotThere without a plan.
    """
    _check_may_act(order, by)
    _lock(order)
    if order.planned_at is None or order.state not in _UNTOUCHED:
        raise OrderNotThere(f"it is {order.get_state_display()}.")
    if order.preview_released_at is None:
        order.preview_released_at = timezone.now()
        order.save(update_fields=["preview_released_at"])
        _enter("release-preview", order, by=by, details={"plan": order.plan_digest})
    return order


def visible(officer: Officer) -> OrderQuerySet:
    """Those of the officer's agency, whoever of it filed them; none to who is in office nowhere."""
    return Order.objects.of_agency(officer.agency_id) if officer.agency_id else Order.objects.none()


def watch() -> int:
    """Tells of orders past or near their deadline, as one alarm that says which; gives how many."""
    now = timezone.now()
    late = [each for each in Order.objects.open().order_by("due_at") if _is_near(each, now)]
    if not late:
        alarms.close(Alarm.Kind.ORDER)
        return 0
    # By the hour of its deadline: an alarm whose text changes is told anew.
    shown = ", ".join(f"{_in_public(each, now)} (due {each.due_at:%Y-%m-%d %H:%M} UTC)" for each in late[:_TOLD_OF])
    more = f", and {len(late) - _TOLD_OF} more" if len(late) > _TOLD_OF else ""
    alarms.open(Alarm.Kind.ORDER, f"Orders of authorities are overdue, or nearly so: {shown}{more}. Answer them.")
    return len(late)


def _in_public(order: Order, now: datetime) -> str:
    """By number and kind, without names; alarms are read by people who know nothing of sealed ones."""
    is_sealed = order.sealed_until is not None and order.sealed_until > now
    return "a sealed order" if is_sealed else f"{order.kind} {order.pk}"


def _is_near(order: Order, now: datetime) -> bool:
    left = order.due_at - now
    return left <= max((order.due_at - order.filed_at) / NEAR, timedelta(0))


def _filed_before(officer: Officer, idempotency_key: str, digest: str) -> Order | None:
    """Raises PostingDiffers."""
    before = officer.orders.filter(idempotency_key=idempotency_key).first() if idempotency_key else None
    if before is not None and before.digest != digest:
        raise PostingDiffers
    return before


def _lock_for_filing(officer: Officer) -> Agency:
    """Against freezing, and against the same order twice at once by two of the same agency. Raises NotInOffice."""
    officers.lock(officer)
    officers.check_in_office(officer)
    return Agency.objects.select_for_update(no_key=True).get(officers=officer)


def _stored(filing: Filing, now: datetime, **said: Any) -> Order:
    return Order.objects.create(
        filed_at=now,
        kind=filing.kind,
        instrument=filing.instrument,
        reference=filing.reference,
        issuing_authority=filing.issuing_authority,
        legal_basis=filing.legal_basis,
        reasons=filing.reasons,
        territorial_scope=filing.territorial_scope,
        redress=filing.redress,
        contact=filing.contact,
        return_conditions=filing.return_conditions,
        sealed_until=filing.sealed_until,
        seal_ground=filing.seal_ground,
        due_at=order_filings.due_at(filing, now),
        wanted_effect=filing.wanted_effect,
        ends_at=filing.ends_at,
        hold_days=filing.hold_days,
        wanted_records=filing.wanted_records,
        **said,
    )


def _keep(order: Order, came: UploadedFile) -> OrderFile:
    return OrderFile.objects.create(
        order=order,
        blob=submissions.keep(came.content),
        role=came.role,
        filename=order_filings.clean_filename(came.filename),
        content_type=text.line(came.content_type, 200),
    )


def _issue_receipt(order: Order, files: Sequence[OrderFile]) -> Receipt:
    """Says nothing of names, reasons or who is concerned; of a sealed order not even its reference."""
    body = {
        "order": str(order.pk),
        "filed_at": order.filed_at.isoformat(),
        "order_kind": order.kind,
        "reference": None if order.sealed_until else order.reference,
        "due_at": order.due_at.isoformat(),
        "files": [{"role": each.role, "sha256": each.blob_id, "size": each.blob.size} for each in files],
    }
    return receipts.issue(Receipt.Kind.ORDER, body, order=order)


def _lock(order: Order) -> None:
    """The row, until the transaction ends; order says then what it says."""
    order.refresh_from_db(from_queryset=Order.objects.select_for_update(of=("self",), no_key=True))


def _check_untouched(order: Order) -> None:
    """Raises OrderNotThere."""
    was_touched = order.items.exclude(state=OrderItem.State.LISTED).exists()
    if order.state not in _UNTOUCHED or was_touched:
        raise OrderNotThere(f"it is {order.get_state_display()}, and what was done for it is undone by us.")


def _check_may_act(order: Order, by: User) -> None:
    if not by.has_perm("abuse.act_on_order"):
        raise NotAllowed("it takes the right to act on orders.")
    if not Order.objects.visible_to(by).filter(pk=order.pk).exists():
        raise NotAllowed("it is sealed, and you are not named for it.")


def _words(said: str) -> str:
    """Raises ReasonMissing."""
    said = text.clean(said).strip()
    if not said:
        raise ReasonMissing
    return said


def _end(order: Order, state: State, action: str, said: str, *, by: User) -> Order:
    order.state, order.answered_at = state, timezone.now()
    order.save(update_fields=["state", "answer", "reason", "answered_at"])
    _enter(action, order, by=by, reason=said)
    return order


def _enter(action: str, order: Order, *, by: User, reason: str = "", details: dict[str, Any] | None = None) -> None:
    """Of a sealed order the ledger, which is for good and read by many, has neither reference nor words."""
    said = reason or f"{order.get_instrument_display()}, {order.reference}"
    ledger.append(
        actor=by,
        action=action,
        object=f"order {order.pk}",
        reason="Sealed." if order.sealed_until else said,
        details={
            "kind": order.kind,
            "instrument": order.instrument,
            "agency": order.agency_id,
            "officer": order.officer_id,
            "digest": order.digest,
            **(details or {}),
        },
    )
