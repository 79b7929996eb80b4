"""The first page: what this is and where to go; the domains on offer, and whether a name is free; the rules."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ddns import availability, sources
from ddns.models import Domain
from dnsupdate.errors import InvalidName


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    context = {
        "address": sources.address_of(request),
        "domains": Domain.objects.taking_names(),
    }
    return render(request, "ddns/landing.html", context)


@require_safe
def domains(request: HttpRequest) -> HttpResponse:
    """Every domain and its rules; with ?name= whether that name is free under each."""
    label = request.GET.get("name", "").strip()
    offers, error = [], ""
    if label:
        try:
            offers = availability.of(label)
        except InvalidName as problem:
            error = str(problem)
    context = {
        "domains": Domain.objects.filter(zone__retired_at=None),
        "label": label,
        "offers": offers,
        "error": error,
    }
    return render(request, "ddns/domains.html", context)


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    return render(request, "ddns/rules.html", {"terms_url": settings.TERMS_URL})
