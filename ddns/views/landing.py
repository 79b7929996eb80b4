"""The first page: what this is and where to go."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ddns import sources
from ddns.models import Domain


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    context = {"address": sources.address_of(request), "domains": Domain.objects.taking_names()}
    return render(request, "ddns/landing.html", context)
