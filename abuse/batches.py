"""Batches: one decision about many cases, in chunks that may be interrupted, approved and undone as a whole."""

import logging
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Count
from django.utils import timezone

from abuse import actions, decisions
from abuse.actions.act import clean
from abuse.errors import AbuseError, AlreadyDecided, NotAllowed, NothingToDo, ReasonMissing, SamePerson
from abuse.models import Batch, Case, Decision
from ddns import hostnames
from ddns.errors import DdnsError
from ddns.models import User

logger = logging.getLogger(__name__)

# Cases that share a transaction. From the first of them to the end it has the ledger, and whoever decides about anything
# else waits: 20 took two to five seconds on a busy machine, and were done no sooner than one by one.
CHUNK = 1
# Whoever has decided waits for so long; the rest is done by the periodic task.
WAIT_SECONDS = 3.0
RUN_SECONDS = 30.0
# More than the desk shows at once, and as many names as the largest order known had.
MOST_CASES = 20_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is in its present step. decisions is how many are in each state; failures by number of the case."""

    step: str
    case_count: int
    done_count: int
    decisions: Mapping[str, int]
    failures: Mapping[str, str]
    is_finished: bool


def take(
    cases: Iterable[Case],
    *,
    action: str,
    reason: str,
    by: User,
    parameters: Mapping[str, Any] | None = None,
    ends_at: datetime | None = None,
    ground: str = "",
    withheld: str = "",
    keep_open: bool = False,
) -> uuid.UUID:
    """As decisions.take for each of the cases, some of it at once and the rest soon; what is refused for one is in progress.

    Raises ReasonMissing, NothingToDo and NotAllowed: then nothing was begun.
    """
    act = actions.of(action)
    ids = sorted({case.pk for case in cases})
    reason = _required(reason)
    if not 0 < len(ids) <= MOST_CASES:
        raise NothingToDo if not ids else NotAllowed(f"{MOST_CASES} cases at once are the most.")
    if not by.has_perm(f"abuse.{act.permission}"):
        raise NotAllowed(f"it takes the right to “{act.permission}”.")
    most = settings.ABUSE_CASES_PER_BATCH
    batch = Batch.objects.create(
        action=action,
        case_ids=ids,
        decision={
            "reason": reason,
            "parameters": dict(parameters or {}),
            "ends_at": ends_at and ends_at.isoformat(),
            "ground": ground,
            "withheld": withheld,
            "keep_open": keep_open,
        },
        second_look=f"{len(ids)} cases at once are more than {most}." if len(ids) > most else "",
        by=by,
        step_by=by,
    )
    run(batch.pk, seconds=WAIT_SECONDS)
    return batch.pk


def approve(batch_id: uuid.UUID, *, by: User) -> None:
    """As decisions.approve for each that waits; what has changed since it was proposed stays, and is in progress.

    Raises NotAllowed, SamePerson, and AlreadyDecided while a step is under way.
    """
    _begin(batch_id, Batch.Step.APPROVE, by)
    run(batch_id, seconds=WAIT_SECONDS)


def refuse(batch_id: uuid.UUID, *, by: User, reason: str) -> None:
    """As decisions.refuse for each that waits. Raises ReasonMissing, and what approve raises."""
    _begin(batch_id, Batch.Step.REFUSE, by, _required(reason))
    run(batch_id, seconds=WAIT_SECONDS)


def undo(batch_id: uuid.UUID, *, by: User, reason: str) -> None:
    """As decisions.undo for each that is in force. Raises ReasonMissing, NotAllowed, AlreadyDecided."""
    _begin(batch_id, Batch.Step.UNDO, by, _required(reason))
    run(batch_id, seconds=WAIT_SECONDS)


def progress(batch_id: uuid.UUID) -> Progress:
    """Two queries. Raises Batch.DoesNotExist."""
    batch = Batch.objects.get(pk=batch_id)
    states = Decision.objects.filter(batch=batch_id).order_by().values_list("state").annotate(Count("pk"))
    return Progress(
        step=batch.step,
        case_count=len(batch.case_ids),
        done_count=batch.done_count,
        decisions=dict(states),
        failures=batch.failures,
        is_finished=batch.finished_at is not None,
    )


def run_due() -> int:
    """Goes on with what was not finished, the oldest first; gives how many batches. May be stopped and run again."""
    due = list(Batch.objects.filter(finished_at=None).order_by("created_at").values_list("pk", flat=True)[:100])
    ends_at = time.monotonic() + RUN_SECONDS
    for batch_id in due:
        run(batch_id, seconds=max(0.0, ends_at - time.monotonic()))
    return len(due)


def run(batch_id: uuid.UUID, *, seconds: float) -> None:
    """Chunk after chunk until it is finished or the time is over."""
    ends_at = time.monotonic() + seconds
    try:
        while _run_chunk(batch_id) and time.monotonic() < ends_at:
            pass
    except OperationalError as error:
        # Two that waited for each other: nothing of this chunk was kept, and the next run does it.
        logger.warning("Batch %s waits for its next run: %s", batch_id, error)


@transaction.atomic
def _run_chunk(batch_id: uuid.UUID) -> bool:
    """Whether there is more to do, and nobody else at it."""
    locked = Batch.objects.select_for_update(of=("self",), skip_locked=True).select_related("by", "step_by")
    batch = locked.filter(pk=batch_id, finished_at=None).first()
    if batch is None:
        return False
    ids = batch.case_ids[batch.done_count : batch.done_count + CHUNK]
    # In the order of everybody, and all of them before anything is written.
    list(Case.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    cases = list(Case.objects.filter(pk__in=ids).order_by("pk").select_related("hostname", "account"))
    hostnames.lock_all([case.hostname for case in cases if case.hostname is not None])
    for case in cases:
        try:
            with transaction.atomic():
                _step(batch, case)
        except (AbuseError, DdnsError) as error:
            batch.failures[str(case.pk)] = str(error)
        except OperationalError:
            raise
        except Exception:
            # Else the batch would stand before this case for ever.
            logger.exception("Batch %s, case %d.", batch.pk, case.pk)
            batch.failures[str(case.pk)] = "Something went wrong on our side: it is in the log."
    batch.done_count += len(ids)
    if batch.done_count >= len(batch.case_ids):
        batch.finished_at = timezone.now()
    batch.save(update_fields=["done_count", "failures", "finished_at"])
    return batch.finished_at is None


def _step(batch: Batch, case: Case) -> None:
    if batch.step == Batch.Step.TAKE:
        said = batch.decision
        decisions.take(
            case,
            action=batch.action,
            reason=said["reason"],
            by=batch.by,
            parameters=said["parameters"],
            ends_at=said["ends_at"] and datetime.fromisoformat(said["ends_at"]),
            ground=said["ground"],
            withheld=said["withheld"],
            keep_open=said["keep_open"],
            batch=batch.pk,
            second_look=batch.second_look,
        )
        return
    of_batch = Decision.objects.filter(batch=batch.pk, case=case)
    match batch.step:
        case Batch.Step.APPROVE:
            for decision in of_batch.waiting():
                decisions.approve(decision, by=batch.step_by)
        case Batch.Step.REFUSE:
            for decision in of_batch.waiting():
                decisions.refuse(decision, by=batch.step_by, reason=batch.step_reason)
        case Batch.Step.UNDO:
            for decision in of_batch.in_force():
                decisions.undo(decision, by=batch.step_by, reason=batch.step_reason)


@transaction.atomic
def _begin(batch_id: uuid.UUID, step: Batch.Step, by: User, reason: str = "") -> None:
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if batch.finished_at is None:
        raise AlreadyDecided("a step of this batch is under way. Wait until it is finished.")
    permission = actions.of(batch.action).permission
    if not by.has_perm(f"abuse.{permission}"):
        raise NotAllowed(f"it takes the right to “{permission}”.")
    if step == Batch.Step.APPROVE:
        if by.pk == batch.by_id:
            raise SamePerson
        if not by.has_perm("abuse.approve_decision"):
            raise NotAllowed("it takes the right to approve decisions.")
    batch.step, batch.step_by, batch.step_reason = step, by, reason
    batch.done_count, batch.failures, batch.finished_at = 0, {}, None
    batch.save(update_fields=["step", "step_by", "step_reason", "done_count", "failures", "finished_at"])


def _required(reason: str) -> str:
    if not clean(reason):
        raise ReasonMissing
    return clean(reason)
