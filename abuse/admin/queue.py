"""The queue on the desk: what waits for whom, page by page, and one decision for many cases at once."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse

from abuse import batches, decisions, queue
from abuse.admin import offers
from abuse.admin.offers import DecisionForm, Offer
from abuse.errors import AbuseError
from abuse.impact import Impact
from abuse.models import Case, Decision, Submission
from abuse.queue import Tab
from ddns.errors import DdnsError

LIST = "admin:abuse_case_changelist"
# What a person can still look over before they decide about all of it.
MOST_AT_ONCE = 200
SUBMISSION_ROWS = 100


def tab_of(request: HttpRequest) -> Tab:
    """The tab that the request is about; one that is not for this user is the first."""
    asked = request.GET.get("tab") or request.POST.get("tab") or Tab.MINE
    return Tab(asked) if asked in queue.tabs(request.user) else Tab.MINE


def page(request: HttpRequest, context: dict) -> HttpResponse:
    tab, pasted = tab_of(request), request.GET.get("q", "").strip()
    counts = queue.counts(request.user)
    shown = queue.found(request.user, pasted) if pasted else queue.page(request.user, tab, after=_after(request))
    return TemplateResponse(
        request,
        "desk/queue.html",
        context
        | {
            "title": "Cases",
            "tab": tab.value,
            "tabs": [(each.value, queue.TITLES[each], counts.get(each)) for each in queue.tabs(request.user)],
            "most_counted": queue.MOST_COUNTED,
            "q": pasted,
            "page": shown,
            "is_first": not _after(request),
            "just_done": just_done(request),
            "submissions": _unreadable() if tab == Tab.UNREADABLE and not pasted else None,
            "offers": [offer for offer in offers.to(request.user) if offer.is_for_many],
        },
    )


def many(request: HttpRequest, context: dict) -> HttpResponse:
    """POST with the cases that were chosen: names what will happen to how much, asks one reason, and decides once confirmed."""
    offer = offers.BY_ACTION.get(request.POST.get("action", ""))
    if request.method != "POST" or offer is None or not offer.is_for_many:
        return HttpResponseRedirect(reverse(LIST))
    if not request.user.has_perm(offer.permission):
        raise PermissionDenied
    tab = tab_of(request)
    back = f"{reverse(LIST)}?{urlencode({'tab': tab.value})}"
    cases = _chosen(request)
    if not cases:
        messages.warning(request, "No open case was chosen. Choose some with x or the boxes at the left.")
        return HttpResponseRedirect(back)
    form = DecisionForm(offer, None, request.POST if "confirmed" in request.POST else None)
    if form.is_bound and form.is_valid() and (batch := _decide(request, offer, cases, form)):
        return HttpResponseRedirect(reverse("admin:abuse_case_batch", args=[batch]))
    return TemplateResponse(
        request,
        "desk/many.html",
        context
        | {
            "title": f"{offer.title}: {len(cases)} case{'' if len(cases) == 1 else 's'}",
            "offer": offer,
            "form": form,
            "tab": tab.value,
            "back": back,
            **_consequences(request, offer, cases, form),
        },
    )


def just_done(request: HttpRequest) -> Decision | None:
    """What was decided on the case before, for the toast that undoes it."""
    number = request.GET.get("done", "")
    if not number.isdecimal() or len(number) > 15:
        return None
    visible = queue.visible(request.user)
    return Decision.objects.filter(pk=number, decided_by=request.user, case__in=visible).select_related("case").first()


def _decide(request: HttpRequest, offer: Offer, cases: list[Case], form: DecisionForm) -> UUID | None:
    """The batch; None where nothing was begun, and it was said why."""
    try:
        return batches.take(
            cases,
            action=offer.action,
            reason=form.cleaned_data["reason"],
            by=request.user,
            parameters=form.parameters(),
            ends_at=form.ends_at(),
            ground=form.cleaned_data.get("ground", ""),
            withheld=form.cleaned_data.get("withheld", ""),
        )
    except (AbuseError, DdnsError) as error:
        form.add_error(None, str(error))
        return None


def _consequences(request: HttpRequest, offer: Offer, cases: list[Case], form: DecisionForm) -> dict:
    """Each case with what will happen to it; one that the decision is refused for is named, with why."""
    lines, refused = [], []
    for case in cases:
        try:
            lines.append((case, _preview(request, offer, case, form, len(cases))))
        except (AbuseError, DdnsError) as error:
            refused.append((case, str(error)))
    return {
        "lines": lines,
        "refused": refused,
        "name_count": len({name for _, impact in lines for name in impact.names}),
        "account_count": len({account for _, impact in lines for account in impact.accounts}),
        "second_count": sum(1 for _, impact in lines if impact.needs_second_person),
    }


def _preview(request: HttpRequest, offer: Offer, case: Case, form: DecisionForm, case_count: int) -> Impact:
    """With what the form begins with: a later choice in it changes how long, not what."""
    suggested = DecisionForm(offer, None, {name: field.initial or "" for name, field in form.fields.items()})
    suggested.full_clean()
    parameters = suggested.parameters()
    parameters |= {"text": "…"} if offer.action == Decision.Action.ASK else {}
    ends_at = suggested.ends_at()
    return decisions.preview(case, offer.action, parameters, by=request.user, ends_at=ends_at, case_count=case_count)


def _chosen(request: HttpRequest) -> list[Case]:
    numbers = [int(each) for each in request.POST.getlist("case") if each.isdecimal() and len(each) < 16]
    return list(queue.visible(request.user).open().filter(pk__in=numbers[:MOST_AT_ONCE]).with_queue().order_by("pk"))


def _after(request: HttpRequest) -> str:
    return request.GET.get("after", "")


def _unreadable() -> list[tuple[Submission, str]]:
    """Each with the address of the page where it is read."""
    return [(each, _page_of(each)) for each in queue.unreadable()[:SUBMISSION_ROWS]]


def _page_of(submission: Submission) -> str:
    try:
        return reverse("admin:abuse_submission_change", args=[submission.pk])
    except NoReverseMatch:
        return ""
