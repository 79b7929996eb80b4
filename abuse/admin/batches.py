"""Batches on the desk: how far one decision for many cases is; approved, refused and undone as a whole."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from abuse import batches, queue
from abuse.errors import AbuseError
from abuse.models import Batch, Decision

# The rest is a search away.
SHOWN_ROWS = 200


def page(request: HttpRequest, batch_id: UUID, context: dict) -> HttpResponse:
    """GET says how far it is, POST begins the next step. Cases that this person may not know of are counted, not named."""
    batch = Batch.objects.filter(pk=batch_id).select_related("by", "step_by").first()
    if batch is None or not _may_know(request, batch):
        raise Http404
    if request.method == "POST":
        _act(request, batch)
        return HttpResponseRedirect(reverse("admin:abuse_case_batch", args=[batch.pk]))
    progress = batches.progress(batch.pk)
    cases = queue.visible(request.user).filter(pk__in=batch.case_ids).with_queue().order_by("pk")[:SHOWN_ROWS]
    taken = {each.case_id: each for each in Decision.objects.filter(batch=batch.pk, case__in=list(cases))}
    action = Decision.Action(batch.action).label
    return TemplateResponse(
        request,
        "desk/batch.html",
        context
        | {
            "title": f"{action}: {progress.case_count} cases",
            "batch": batch,
            "progress": progress,
            "percent": round(100 * progress.done_count / max(progress.case_count, 1)),
            "lines": [(case, taken.get(case.pk), progress.failures.get(str(case.pk), "")) for case in cases],
            "waiting_count": progress.decisions.get(Decision.State.PROPOSED, 0),
            "done_count": progress.decisions.get(Decision.State.DONE, 0),
        },
    )


def _may_know(request: HttpRequest, batch: Batch) -> bool:
    return queue.visible(request.user).filter(pk__in=batch.case_ids).exists()


def _act(request: HttpRequest, batch: Batch) -> None:
    reason = request.POST.get("reason", "")
    steps: dict[str, Callable[[], None]] = {
        "approve": lambda: batches.approve(batch.pk, by=request.user),
        "refuse": lambda: batches.refuse(batch.pk, by=request.user, reason=reason),
        "undo": lambda: batches.undo(batch.pk, by=request.user, reason=reason),
    }
    step = steps.get(request.POST.get("verb", ""))
    if step is None:
        raise Http404
    try:
        step()
    except AbuseError as error:
        messages.error(request, str(error))
