"""The switch of colours: light, dark, or as the system says."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from ddns.context import THEME_COOKIE, THEMES

REMEMBERED = timedelta(days=365)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """site.js does the same without asking us."""
    response = to_where_it_was_chosen(request)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=REMEMBERED, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def to_where_it_was_chosen(request: HttpRequest) -> HttpResponse:
    back = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if is_ours else "landing")
