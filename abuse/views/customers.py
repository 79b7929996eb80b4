"""What was decided about a customer's names: a list, a case each; by log-in, or by the link from a mail."""

from django.contrib import messages as notes
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from abuse import appeals, customer_pages, messages, statements
from abuse.errors import AbuseError, NotAppealable, WrongLink
from abuse.forms.appeals import AnswerForm, AppealForm
from abuse.models import Appeal, Case
from ddns.models import User

PER_PAGE = 30


@login_required
@never_cache
@require_safe
def case_list(request: HttpRequest) -> HttpResponse:
    """Decisions about your names; ?name= of one."""
    return _list(request, request.user, is_by_link=False)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(customer_pages.cases_of(request.user), pk=pk)
    return _case(request, found, here=request.path, back=True)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link is the proof: it works where the account is locked, needs no session, and so no token of a form.

    No page that it leads to learns of it, which is why browsers send no origin with its forms either.
    """
    try:
        account, found = customer_pages.read(token)
    except WrongLink as error:
        response = render(request, "abuse/customer_link_invalid.html", {"error": str(error)}, status=404)
    else:
        if found is not None:
            response = _case(request, found, here=request.path, back=False)
        elif request.method == "POST":
            response = HttpResponse(status=405)
        else:
            response = _list(request, account, is_by_link=True)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _list(request: HttpRequest, account: User, *, is_by_link: bool) -> HttpResponse:
    rows = customer_pages.cases_of(account)
    name = request.GET.get("name", "")[:253]
    if name:
        rows = rows.filter(name=name)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    address = customer_pages.link_path if is_by_link else customer_pages.path
    titles = statements.category_titles([each.category for each in page], get_language() or "")
    shown = [(each, titles[each.category_id], address(each)) for each in page]
    return render(request, "abuse/customer_cases.html", {"page": page, "shown": shown, "name": name})


def _case(request: HttpRequest, found: Case, *, here: str, back: bool) -> HttpResponse:
    """Each form is told apart by its button; what the verb refuses stands at the form."""
    answer_form, appeal_form, what = AnswerForm(), AppealForm(), request.POST.get("do")
    if request.method == "POST":
        if what == "appeal":
            appeal_form = AppealForm(request.POST)
            if _appeal(request, found, appeal_form):
                return redirect(here)
        else:
            answer_form = AnswerForm(request.POST)
            # What was typed comes along, and may be nothing: the button says enough.
            answer_form.fields["text"].required = what != "fixed"
            if _answer(request, found, answer_form, is_fixed=what == "fixed"):
                return redirect(here)
    page = customer_pages.page(found)
    context = {
        "page": page,
        "here": here,
        "back": back,
        "answer_form": answer_form,
        "appeal_form": appeal_form,
        "appealable": [each for each in page.told if not each.why_no_appeal and not each.appeals],
        "where_to_go": appeals.where_to_go(),
    }
    return render(request, "abuse/customer_case.html", context)


def _answer(request: HttpRequest, found: Case, form: AnswerForm, *, is_fixed: bool) -> bool:
    if not form.is_valid():
        return False
    words = [_("I have put it right.")] if is_fixed else []
    try:
        messages.answer(found, text="\n\n".join([*words, form.cleaned_data["text"]]), author=found.account)
    except AbuseError as error:
        form.add_error("text", str(error))
        return False
    notes.success(request, _("Thank you. The desk has it, and answers here."))
    return True


def _appeal(request: HttpRequest, found: Case, form: AppealForm) -> bool:
    if not form.is_valid():
        return False
    told = {each.decision.pk: each.decision for each in customer_pages.page(found).told}
    decision = told.get(form.cleaned_data["decision"])
    try:
        if decision is None:
            raise NotAppealable(_("It is about something else."))
        appeal = appeals.file(decision, party=Appeal.Party.CUSTOMER, text=form.cleaned_data["text"])
    except AbuseError as error:
        form.add_error("text", str(error))
        return False
    at = f"{appeal.due_at:%Y-%m-%d %H:%M}"
    notes.success(request, _("Your appeal is in. It is decided by %(at)s UTC, by somebody else.") % {"at": at})
    return True
