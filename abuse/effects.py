"""Effects: an order is answered when what it did is proven, or when it is known which server lags; by a signed report."""

import hashlib
import json
import logging
import re
import uuid
from datetime import datetime, timedelta
from typing import Any

import redis
from celery import current_app
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from abuse import effect_bodies, effect_proofs, ledger, officer_mails, order_answers, receipts
from abuse.effect_bodies import Body
from abuse.effect_proofs import Standing
from abuse.errors import OrderNotThere, WrongReceipt
from abuse.models import EffectReport, Order, Receipt
from dnsupdate import turns, wake

logger = logging.getLogger(__name__)

# A secondary has a change within a second, and a restart of one takes less than this: whoever then still lags is named, and
# the authority waits for its answer no longer.
FIRST_ANSWER = timedelta(seconds=60)
# Between two tries before the first answer, while the primary and its secondaries take what was done.
PAUSE = timedelta(seconds=2)
# After it: a dead server comes back in minutes or in hours, and is asked for little until it does (effect_proofs.SAMPLE).
FIRST_LATER_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
# Then what was reported last stays; the platform's own watches have raised an alarm long before.
DEADLINE = timedelta(days=1)
# A worker that died keeps others from its order for no longer: a run, a slow server in its last zone, the report.
LONGEST_RUN = timedelta(minutes=2)
# In one run of the periodic task; the next is there soon.
CHUNK = 20
# How a document begins, as it was given out or as jq writes it.
_BODY = re.compile(r'\s*\{\s*"body"\s*:\s*(?=")')
REASON = "What the order did was asked of every authoritative server."


def prove_due() -> int:
    """Asks for every order that is due, reports where that settles it; gives how many orders. May be stopped and run again.

    Those that waited longest first, one process at each. Not inside a transaction: this waits for the network.
    """
    due = list(Order.objects.to_prove(timezone.now())[: 5 * CHUNK])
    due = [order for order in due if _is_due(order, timezone.now())][:CHUNK]
    for order in due:
        with turns.take(f"prove-order-{order.pk}", LONGEST_RUN) as is_ours:
            if is_ours:
                _prove_safely(order)
    return len(due)


def wake_prover() -> None:
    """The row is the queue (Order.state): a wake-up that gets lost costs the seconds until the periodic task."""
    try:
        if wake.redis_client().set("prove-orders", 1, nx=True, px=500):
            current_app.send_task("abuse.tasks.prove_orders", queue="abuse", retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        logger.warning("No wake-up for the proof of orders: %s", error)


def report(order: Order, *, of: EffectReport.Of) -> EffectReport:
    """Made of what is known now, signed, in the ledger, and the order answered with it: one transaction.

    Where nothing more is proven than the last one says, that one is given. Locks the order, then the ledger. Raises
    OrderNotThere where that is not what is being proven of it, or nobody has begun to.
    """
    order.refresh_from_db()
    of = EffectReport.Of(of)
    since = _since(order, of)
    if since is None:
        raise OrderNotThere("nothing of it was asked of any nameserver yet.")
    identity, at = uuid.uuid4(), timezone.now()
    # Some seconds for a long list: before anything is locked.
    body = effect_bodies.make(order, of=of, report=identity, since=since, at=at)
    made = _sign(order, of, body, identity, at)
    order.refresh_from_db()
    return made


def latest(order: Order) -> EffectReport | None:
    """With its receipt."""
    return order.effect_reports.select_related("receipt__key").first()


def document(report: EffectReport) -> dict[str, Any]:
    """What is handed out: the body as a string, octet by octet what was hashed, and the receipt that names its SHA-256."""
    return {"body": report.body, "receipt": receipts.document(report.receipt)}


def signed(octets: bytes) -> EffectReport:
    """The one that we signed with exactly this text: octets are its body, or what document gave with the body in it.

    With its receipt. The receipt within is not looked at: what was signed is ours to know. Raises WrongReceipt.
    """
    hashes = [hashlib.sha256(text).hexdigest() for text in (octets, _body_within(octets)) if text]
    found = EffectReport.objects.select_related("receipt__key").filter(sha256__in=hashes).first()
    if found is None:
        raise WrongReceipt(_("this is not an effect report as we signed it: it was changed, or is not whole."))
    return found


def _body_within(octets: bytes) -> bytes:
    """Only the string is read: whatever else somebody brings may be nested as it likes."""
    try:
        text = octets.decode()
        if (begun := _BODY.match(text)) is None:
            return b""
        body, _end = json.JSONDecoder().raw_decode(text, begun.end())
        return body.encode()
    except ValueError:
        return b""


def _is_due(order: Order, now: datetime) -> bool:
    """What was noted of the act says nothing of its undoing."""
    is_begun = order.proving.get("of") == effect_proofs.of_order(order) and order.proving.get("since")
    return not is_begun or order.prove_at is None or order.prove_at <= now


def _prove_safely(order: Order) -> None:
    try:
        _prove(order.pk)
    except (DatabaseError, OrderNotThere) as error:
        # The database went away, or the order was undone meanwhile: the next run sees.
        logger.warning("Proof of order %s waits for its next run: %s", order.pk, error)
    except Exception:
        # Else all others would stand behind this one for ever.
        logger.exception("Proof of order %s.", order.pk)
        Order.objects.filter(pk=order.pk).update(prove_at=timezone.now() + FIRST_LATER_PAUSE)


def _prove(order_id: uuid.UUID) -> None:
    order = Order.objects.select_related("agency", "officer__account").get(pk=order_id)
    now = timezone.now()
    if order.state not in (Order.State.PROVING, Order.State.ANSWERED) or not _is_due(order, now):
        return
    of, ended_at = effect_proofs.of_order(order), order.undone_at or order.acted_at or now
    since = _since(order, of) or _begin(order, of, now)
    is_first = order.state == Order.State.PROVING
    is_late = now > ended_at + DEADLINE
    is_last = now > ended_at + FIRST_ANSWER if is_first else is_late
    standing = effect_proofs.ask(order, of, since=since, is_last=is_last)
    if standing.is_proven or (is_first and is_last):
        report(order, of=of)
    _note(order, of, standing, is_settled=standing.is_proven or is_late)


def _since(order: Order, of: EffectReport.Of) -> datetime | None:
    begun = order.proving.get("since") if order.proving.get("of") == of else None
    return datetime.fromisoformat(begun) if begun else None


def _begin(order: Order, of: EffectReport.Of, now: datetime) -> datetime:
    """What is answered from now on counts: before this the rows may still have been another transaction's secret."""
    noted = order.proving.get("serials", {}) if order.proving.get("of") == of else {}
    order.proving = {"of": of.value, "serials": noted, "since": now.isoformat(), "tries": 0}
    Order.objects.filter(pk=order.pk, state=Order.State.PROVING).update(proving=order.proving)
    return now


def _note(order: Order, of: EffectReport.Of, standing: Standing, *, is_settled: bool) -> None:
    """How far it is and when it goes on; nothing, if something else began with the order meanwhile."""
    tries = int(order.proving.get("tries", 0)) + (order.state == Order.State.ANSWERED)
    is_answered = order.state == Order.State.ANSWERED
    pause = min(FIRST_LATER_PAUSE * 2 ** min(tries, 10), LONGEST_PAUSE) if is_answered else PAUSE
    counts = {"done": standing.proven_count, "total": standing.name_count, "waiting": standing.waiting_count}
    proving = {**order.proving, **counts, "tries": tries, "is_settled": is_settled}
    still = Order.objects.filter(pk=order.pk, proving__of=of, state__in=[Order.State.PROVING, Order.State.ANSWERED])
    still.update(proving=proving, prove_at=None if is_settled else timezone.now() + pause)


@transaction.atomic
def _sign(order: Order, of: EffectReport.Of, body: Body, identity: uuid.UUID, at: datetime) -> EffectReport:
    found = Order.objects.select_for_update(of=("self",), no_key=True).select_related("agency", "officer__account")
    order = found.get(pk=order.pk)
    if effect_proofs.of_order(order) != of or order.state not in (Order.State.PROVING, Order.State.ANSWERED):
        raise OrderNotThere(f"it is {order.get_state_display()}.")
    last = order.effect_reports.select_related("receipt__key").filter(of=of).first()
    if order.state == Order.State.ANSWERED and last is not None and body.proven_count <= last.proven_count:
        return last
    receipt = receipts.issue(Receipt.Kind.EFFECT, _facts(order, of, body, identity), order=order)
    made = EffectReport.objects.create(
        id=identity,
        order=order,
        of=of,
        made_at=at,
        body=body.text,
        sha256=body.sha256,
        name_count=body.name_count,
        proven_count=body.proven_count,
        receipt=receipt,
    )
    letter = order_answers.of_effect(order, made, body)
    # What the authority was told before stays.
    order.answer = f"{order.answer.rstrip()}\n\n{at:%Y-%m-%d %H:%M} UTC\n\n{letter}" if order.answer else letter
    order.answered_at = order.answered_at or at
    order.state = Order.State.ANSWERED
    order.save(update_fields=["answer", "answered_at", "state"])
    officer_mails.answered(order)
    ledger.append(
        actor=None,
        action="report-effect",
        object=f"order {order.pk}",
        reason=REASON,
        details={"receipt": str(receipt.pk), **_facts(order, of, body, identity)},
    )
    return made


def _facts(order: Order, of: EffectReport.Of, body: Body, identity: uuid.UUID) -> dict[str, Any]:
    """What is public to whoever has the receipt's number: counts and the hash, no names, not whose order it was."""
    return {
        "order": str(order.pk),
        "report": str(identity),
        "effect_of": of.value,
        "sha256": body.sha256,
        "size": body.size,
        "line_count": body.line_count,
        "name_count": body.name_count,
        "proven_count": body.proven_count,
        "server_count": len(body.servers),
    }
