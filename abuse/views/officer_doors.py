"""The door to the officers' pages: log-in, second factor, a short session, and an officer in office."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from abuse import officer_limits, officers
from abuse.models import Officer
from ddns.models import User

# In the session: when the officer's part of it was last used.
SEEN = "officer_seen_at"
# Codes for when the others are lost: they show a second factor, and are none to begin with.
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class OfficerRequest(HttpRequest):
    """A request that went through a door of this module."""

    officer: Officer
    user: User


View = Callable[..., HttpResponse]


def in_office(view: View) -> View:
    """For pages of officers in office; sets request.officer. Nothing of them is kept by browsers or proxies.

    A stranger is sent to log in, an account that is no officer's gets 404, one without a second factor is sent to set it up, one
    that has not shown it in this session to show it, an idle or old session to log in anew; who is not in office gets 403.
    """

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _refusal(request, is_strict=True) or view(request, *args, **kwargs)

    return guarded


def in_office_unattended(view: View) -> View:
    """As in_office, for what a script asks by itself: a desk that was left alone is idle, whatever its browser looks at."""

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _refusal(request, is_strict=True, is_attended=False) or view(request, *args, **kwargs)

    return guarded


def is_officer(view: View) -> View:
    """For the page that says how an officer stands: in whatever state, and with a log-in alone. Sets request.officer."""

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _refusal(request, is_strict=False) or view(request, *args, **kwargs)

    return guarded


def has_shown_second_factor(request: HttpRequest) -> bool:
    """In this session: one that began before there was a second factor has not, nor one that showed a factor since removed."""
    return bool(_shown_at(request))


def _refusal(request: HttpRequest, *, is_strict: bool, is_attended: bool = True) -> HttpResponse | None:
    """What is answered instead of the page; None: it is open, and request.officer set."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    officer = officers.of(request.user)
    if officer is None:
        return render(request, "authorities/no_officer.html", status=404)
    cast(OfficerRequest, request).officer = officer
    if not is_strict:
        return None
    return _without_second_factor(request) or _over(request, is_attended) or _out_of_office(request, officer)


def _without_second_factor(request: HttpRequest) -> HttpResponse | None:
    if not is_mfa_enabled(request.user, types=FACTORS):
        messages.warning(
            request,
            _("Accounts of authorities need a second factor: set up an authenticator app or a security key here."),
        )
        return redirect("mfa_index")
    if not has_shown_second_factor(request):
        has_app = is_mfa_enabled(request.user, types=[Authenticator.Type.TOTP])
        page = reverse("mfa_reauthenticate" if has_app else "mfa_reauthenticate_webauthn")
        return redirect(f"{page}?{urlencode({'next': request.get_full_path()})}")
    return None


def _over(request: HttpRequest, is_attended: bool) -> HttpResponse | None:
    """Counted from the last page of these or, before the first, the last time that somebody authenticated; and from when the
    second factor was shown first in this session.
    """
    now = time.time()
    is_idle = now - request.session.get(SEEN, _last_at(request)) > settings.OFFICER_SESSION_IDLE.total_seconds()
    is_old = now - _shown_at(request) > settings.OFFICER_SESSION.total_seconds()
    if is_idle or is_old:
        logout(request)
        messages.info(request, _("Your session was over. Log in again; nothing was filed meanwhile."))
        return redirect_to_login(request.get_full_path() if request.method == "GET" else reverse("authorities"))
    if is_attended:
        request.session[SEEN] = now
    return None


def _out_of_office(request: HttpRequest, officer: Officer) -> HttpResponse | None:
    if why := officers.why_not(officer):
        context = {"officer": officer, "why": why, "authority_contact": settings.AUTHORITY_CONTACT}
        return render(request, "authorities/out_of_office.html", context, status=403)
    # Whoever changes a log-in and comes in with it is seen here, before anything is filed.
    officer_limits.note_log_in(officer)
    return None


def _shown_at(request: HttpRequest) -> float:
    """When a second factor that there still is was first shown in this session, in seconds since 1970; 0: never."""
    shown = [each for each in get_authentication_records(request, request.user) if each["method"] == "mfa"]
    there = set(Authenticator.objects.filter(user=request.user.pk).values_list("pk", flat=True)) if shown else set()
    return min((each["at"] for each in shown if each.get("id") in there or "id" not in each), default=0.0)


def _last_at(request: HttpRequest) -> float:
    return max((each["at"] for each in get_authentication_records(request, request.user)), default=0.0)
