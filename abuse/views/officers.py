"""An officer's own pages: what this is, applying, how one stands, keys for programs, and freezing one's account."""

from contextlib import suppress
from datetime import timedelta

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from abuse import flooding, officer_keys, officer_mails, officers
from abuse.errors import AbuseError, AlreadyFrozen, WrongLink
from abuse.forms.officers import ApplicationForm, KeyForm
from abuse.models import Officer, OfficerKey
from abuse.views import refusals
from abuse.views.officer_doors import OfficerRequest, has_shown_second_factor, in_office, is_officer
from ddns import sources

_WINDOW = timedelta(hours=1)


@never_cache
@require_safe
def authorities(request: HttpRequest) -> HttpResponse:
    """For everybody: what this is, and the way in."""
    officer = officers.of(request.user) if request.user.is_authenticated else None
    return render(request, "authorities/authorities.html", {"officer": officer, **_contact()})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """Counted per network, faulty ones included."""
    if officers.of(request.user) is not None:
        return redirect("authority_account")
    form = ApplicationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        most = settings.AUTHORITY_FORMS_PER_NETWORK
        wait = flooding.count("authority-apply", sources.address_of(request), limit=most, window=_WINDOW)
        if wait is not None:
            return refusals.too_often(request, wait)
        if form.is_valid():
            try:
                officers.apply(request.user, **form.cleaned_data)
            except AbuseError as error:
                form.add_error(None, str(error))
            else:
                return redirect("authority_account")
    return render(request, "authorities/apply.html", {"form": form, **_contact()})


@is_officer
@require_safe
def account(request: OfficerRequest) -> HttpResponse:
    """How the officer stands, with a log-in alone; colleagues for whoever has shown the second factor."""
    officer = request.officer
    why = officers.why_not(officer)
    is_open = not why and has_shown_second_factor(request)
    colleagues = Officer.objects.in_office().filter(agency=officer.agency).exclude(pk=officer.pk) if is_open else None
    context = {"officer": officer, "why": why, "is_open": is_open, "colleagues": colleagues, **_contact()}
    return render(request, "authorities/account.html", context)


@is_officer
@require_POST
def freeze(request: OfficerRequest) -> HttpResponse:
    """By the officer: a log-in is enough, since it only closes."""
    return _freeze(request, request.officer, reason="By the officer, logged in.")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def freeze_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link of a mail is the proof: it needs no session, and so no token of a form. GET changes nothing: programs that
    look through mails follow links.
    """
    try:
        officer = officer_mails.officer_of(token)
    except WrongLink as error:
        response = render(request, "authorities/link_invalid.html", {"error": str(error), **_contact()}, status=404)
    else:
        if request.method == "POST":
            response = _freeze(request, officer, reason="By the link of a mail to the officer.")
        else:
            response = render(request, "authorities/freeze.html", {"officer": officer, **_contact()})
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


@in_office
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(allow_get=True, app="allauth.account")
def keys(request: OfficerRequest) -> HttpResponse:
    """The list; after a POST with the new key's text, which is in no other response, cookie or row."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    context: dict = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            key, text = officer_keys.make(request.officer, **form.arguments)
        except AbuseError as error:
            form.add_error(None, str(error))
        else:
            context = {"form": KeyForm(), "new_key": key, "text": text}
    context["keys"] = OfficerKey.objects.working().filter(officer=request.officer)
    return render(request, "authorities/keys.html", context)


@in_office
@require_POST
def revoke_key(request: OfficerRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(OfficerKey.objects.select_related("officer__account"), pk=pk, officer=request.officer)
    try:
        officer_keys.revoke(key)
    except AbuseError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The key “{label}” stops working now.").format(label=key.label))
    return redirect("authority_keys")


def _freeze(request: HttpRequest, officer: Officer, *, reason: str) -> HttpResponse:
    """Twice is as good as once."""
    with suppress(AlreadyFrozen):
        officers.freeze(officer, by=officer.account, reason=reason)
    if request.user.is_authenticated and request.user.pk == officer.account_id:
        # Its row is gone already: else the page could not be answered.
        logout(request)
    return render(request, "authorities/frozen.html", _contact())


def _contact() -> dict[str, str]:
    return {"authority_contact": settings.AUTHORITY_CONTACT}
