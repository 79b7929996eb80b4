"""Filing a report: first what it is about, then the form of that category. No account, no script is needed."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from abuse import filings, flooding, ours, reporter_links
from abuse.forms.report import MAX_NAMES_LENGTH, MAX_REQUEST, ReportForm
from abuse.forms.wordings import HINTS
from abuse.intake.form import MAX_NAMES
from abuse.models import Category
from abuse.views import refusals
from ddns import sources

_WINDOW = timedelta(hours=1)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def file(request: HttpRequest) -> HttpResponse:
    """Counts and measures what comes before anything of it is read: the token of the form stands in the body."""
    if request.method == "POST":
        source = sources.address_of(request)
        wait = flooding.count("report", source, limit=settings.REPORT_FORMS_PER_NETWORK, window=_WINDOW)
        if wait is not None:
            return refusals.too_often(request, wait)
        if _size(request) > MAX_REQUEST:
            return _too_big(request)
    try:
        return _file(request)
    except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
        return _too_big(request)


@csrf_protect
def _file(request: HttpRequest) -> HttpResponse:
    offered = Category.objects.filter(is_on_form=True)
    category = offered.filter(pk=request.GET.get("about", "").replace("\0", "")).first()
    if category is None:
        return _choose(request, list(offered))
    source = sources.address_of(request)
    if request.method == "POST":
        form = ReportForm(category, source, request.POST, request.FILES)
        if "check" not in request.POST and form.is_valid():
            return redirect(reporter_links.path(filings.file(form.report(), source=form.source)))
        if "check" in request.POST:
            form = _checked(form)
    else:
        form = ReportForm(category, source, initial={"names": _names(request)})
    return render(request, "abuse/report.html", {"form": form, "category": category, "looks": _looks(form)})


def _too_big(request: HttpRequest) -> HttpResponse:
    return render(request, "abuse/report_too_big.html", {"most": MAX_REQUEST}, status=413)


def _choose(request: HttpRequest, categories: list[Category]) -> HttpResponse:
    context = {
        "cards": [(each, HINTS.get(each.key, "")) for each in categories],
        "names": _names(request),
        "has_chosen_wrongly": "about" in request.GET or request.method == "POST",
    }
    return render(request, "abuse/report_about.html", context)


def _checked(form: ReportForm) -> ReportForm:
    """The same again with what was typed, and no complaint yet: only the names were asked about."""
    typed: dict = {name: form.data.get(name) for name in form.fields if name != "evidence"}
    # The wait of a browser without scripts goes on.
    typed["proof"] = (form.data.get("proof", ""), form.data.get("proof-ticket", ""))
    again = ReportForm(form.category, form.source, initial=typed)
    again.has_lost_files = bool(form.files)
    return again


def _looks(form: ReportForm) -> list[ours.Look]:
    """Of the lines in the form, whether it was sent or not."""
    text = form["names"].value() or ""
    return ours.look(text.replace("\0", "")[:MAX_NAMES_LENGTH].splitlines()[:MAX_NAMES])


def _names(request: HttpRequest) -> str:
    return "\n".join(request.GET.getlist("name")[:20]).replace("\0", "")[:MAX_NAMES_LENGTH]


def _size(request: HttpRequest) -> int:
    """Octets that the body is said to have; nobody sends one without saying so through a server of ours."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
