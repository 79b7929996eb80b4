"""The dashboard: every hostname of the account at a glance, and the form for another."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ddns import hostnames
from ddns.errors import DdnsError
from ddns.forms.hostnames import ListForm, RegisterForm, Show, Sort
from ddns.models import Hostname
from ddns.models.hostnames import HostnameQuerySet, State
from dnsupdate.errors import InvalidName

# On one page: with a few hundred octets each they stay far below what a phone waits for.
ROWS = 100
SILENT_AFTER = timedelta(days=7)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def dashboard(request: HttpRequest) -> HttpResponse:
    """The same number of queries for two names and for two thousand."""
    form = RegisterForm(request.POST) if request.method == "POST" else RegisterForm(initial=_suggested(request))
    if request.method == "POST" and form.is_valid():
        try:
            hostname = hostnames.register(request.user, **form.cleaned_data)
        except (DdnsError, InvalidName) as error:
            form.add_error("label", str(error))
        else:
            messages.success(
                request, _("{hostname} is yours. Now give your device a key for it.").format(hostname=hostname)
            )
            return redirect("hostname", hostname.name)
    listing = ListForm(request.user, request.GET)
    wanted = _wanted(listing)
    page = Paginator(_found(request, wanted), ROWS).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "listing": listing,
        "is_narrowed": any(wanted.get(each) for each in ("q", "show", "group")),
        "is_grouped": wanted.get("sort") == Sort.GROUP,
        "page": page,
        "hostnames": page.object_list,
        "query": _query(request),
    }
    return render(request, "ddns/dashboard.html", context)


def _suggested(request: HttpRequest) -> dict[str, str | None]:
    """What the domains page was asked for."""
    return {"label": request.GET.get("label", "")[:63], "domain": request.GET.get("domain")}


def _wanted(listing: ListForm) -> dict:
    listing.is_valid()
    return listing.cleaned_data


def _found(request: HttpRequest, wanted: dict) -> HostnameQuerySet:
    found = Hostname.objects.held_by(request.user).with_state()
    if wanted.get("q"):
        found = found.matching(wanted["q"])
    if wanted.get("group"):
        found = found.filter(group=wanted["group"])
    return _ordered(_narrowed(found, wanted.get("show", "")), wanted.get("sort", ""))


def _narrowed(found: HostnameQuerySet, show: str) -> HostnameQuerySet:
    match show:
        case Show.LIVE | Show.OFFLINE:
            return found.in_state(State(show))
        case Show.RESTRICTED:
            return found.restricted()
        case Show.SILENT:
            return found.silent_since(timezone.now() - SILENT_AFTER)
        case Show.WAITING:
            return found.waiting()
    return found


def _ordered(found: HostnameQuerySet, sort: str) -> HostnameQuerySet:
    match sort:
        case Sort.CONTACT:
            return found.order_by(F("contact__at").desc(nulls_last=True), "name")
        case Sort.CHANGED:
            return found.order_by(F("changed_at").desc(nulls_last=True), "name")
        case Sort.GROUP:
            return found.order_by(F("group__name").asc(nulls_last=True), "name")
    return found.order_by("name")


def _query(request: HttpRequest) -> str:
    """The address of this list without its page."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
