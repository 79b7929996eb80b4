"""Is this name ours? For people, and for the form's script, before anybody has filled in anything."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from abuse import flooding, ours
from abuse.intake.form import MAX_LINE
from abuse.views import refusals
from ddns import sources

# What one question may hold: the lines of a form while they are typed. Longer lists are for the API.
MAX_NAMES = 50


@require_safe
@never_cache
def is_ours(request: HttpRequest) -> HttpResponse:
    """?name= once or several times; JSON to whoever prefers it to HTML."""
    wait = flooding.count(
        "is-ours",
        sources.address_of(request),
        limit=settings.REPORT_LOOKS_PER_NETWORK,
        window=timedelta(minutes=1),
    )
    is_for_machines = _wants_json(request)
    if wait is not None:
        return _too_often(wait) if is_for_machines else refusals.too_often(request, wait)
    asked = [each[:MAX_LINE].replace("\0", "") for each in request.GET.getlist("name")[:MAX_NAMES]]
    looks = ours.look(asked)
    if is_for_machines:
        return JsonResponse({"names": [_shown(each) for each in looks]})
    return render(request, "abuse/is_ours.html", {"looks": looks, "asked": asked[0] if asked else ""})


def _shown(look: ours.Look) -> dict[str, str | bool]:
    return {
        "asked": look.text,
        "name": look.name,
        "is_ours": look.is_ours,
        "domain": look.apex,
        "standing": look.standing.value,
    }


def _too_often(wait: timedelta) -> JsonResponse:
    seconds = int(wait.total_seconds())
    return JsonResponse(
        {"error": "too_often", "retry_after": seconds}, status=429, headers={"Retry-After": str(seconds)}
    )


def _wants_json(request: HttpRequest) -> bool:
    return request.GET.get("format") == "json" or request.get_preferred_type(["text/html", "application/json"]) == (
        "application/json"
    )
