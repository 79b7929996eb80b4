"""What became of a report: for whoever filed it, by the signed link, without an account."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages as notes
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from abuse import appeals, flooding, messages, reporter_links
from abuse import reports as verbs
from abuse.errors import AbuseError, WrongLink
from abuse.forms.follow_up import FollowUpForm, OpenTo
from abuse.models import Appeal, Message, Report, Submission
from abuse.views import refusals
from ddns import sources

# On one page; a list of thousands is followed through the API.
MAX_REPORTS = 200
MAX_MESSAGES = 200


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reports(request: HttpRequest, token: str) -> HttpResponse:
    """The link is the proof of who asks. It shows what was filed and what came of it, and nothing of whose the name is."""
    try:
        submission = reporter_links.submission_of(token)
    except WrongLink as error:
        return render(request, "abuse/link_invalid.html", {"error": str(error)}, status=404)
    found = list(submission.reports.select_related("category", "case").order_by("position")[:MAX_REPORTS])
    form = FollowUpForm(_open_to(found), request.POST if request.method == "POST" else None)
    if request.method == "POST":
        wait = flooding.count(
            "follow-up",
            sources.address_of(request),
            limit=settings.REPORT_FORMS_PER_NETWORK,
            window=timedelta(hours=1),
        )
        if wait is not None:
            return refusals.too_often(request, wait)
        if form.is_valid():
            try:
                notes.success(request, _act(form))
                return redirect(reporter_links.path(submission))
            except AbuseError as error:
                form.add_error(None, str(error))
    return render(request, "abuse/reports.html", _context(submission, found, form))


def _context(submission: Submission, found: list[Report], form: FollowUpForm) -> dict[str, Any]:
    counts = submission.reports.values("state").annotate(count=Count("pk")).order_by("state")
    return {
        "submission": submission,
        "receipt": submission.receipt,
        "reports": found,
        "report_count": sum(each["count"] for each in counts),
        "conversation": _conversation(submission),
        "appeals": Appeal.objects.filter(report__submission=submission, party=Appeal.Party.REPORTER).order_by("pk"),
        "form": form,
        "link": reporter_links.link(submission),
    }


def _conversation(submission: Submission) -> list[Message]:
    """What this reporter and the desk wrote to each other; another reporter of the same case reads none of it."""
    said = Message.objects.filter(report__submission=submission, side=Message.Side.REPORTER)
    return list(said.order_by("pk")[:MAX_MESSAGES])


def _open_to(found: list[Report]) -> OpenTo:
    """What can be done now, about which reports: say, appeal, withdraw."""
    decisions = appeals.decisions_about({each.case_id for each in found if each.case_id})
    return {
        "say": [(each, None) for each in found if each.case_id],
        "appeal": [
            (each, decision)
            for each in found
            if (decision := decisions.get(each.case_id or 0)) is not None
            and not appeals.problem_with(decision, party=Appeal.Party.REPORTER, report=each)
        ],
        "withdraw": [(each, None) for each in found if each.state in (Report.State.MATCHING, Report.State.OPEN)],
    }


def _act(form: FollowUpForm) -> str:
    """Calls the verb; gives what to say about it. Raises AbuseError."""
    report, decision, text = form.report, form.decision, form.cleaned_data["text"]
    match form.cleaned_data["what"]:
        case "say":
            messages.say(report.case, side=Message.Side.REPORTER, text=text, author=None, is_ours=False, report=report)
            return _("Thank you: the desk has it.")
        case "appeal":
            appeals.file(decision, party=Appeal.Party.REPORTER, text=text, report=report)
            return _("Your objection is in: somebody else than who decided looks at it.")
        case _:
            verbs.withdraw(report)
            return _("The report is taken back.")
