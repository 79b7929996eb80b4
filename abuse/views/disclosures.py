"""Disclosures in the portal: fetched by officers of the order's agency, each time on the record."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from abuse import disclosures
from abuse.errors import OrderNotThere
from abuse.models import Disclosure
from abuse.views.officer_doors import OfficerRequest, in_office
from ddns import sources

# What a browser does with it: saves it.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@in_office
@require_POST
def fetch(request: OfficerRequest, pk: uuid.UUID, disclosure_id: int) -> HttpResponse:
    """By POST: no link makes somebody have fetched it. Another agency's is not there."""
    of_agency = Disclosure.objects.filter(order=pk, order__agency=request.officer.agency_id)
    disclosure = get_object_or_404(of_agency.exclude(released_at=None), pk=disclosure_id)
    try:
        package = disclosures.fetch(disclosure, officer=request.officer, source=str(sources.address_of(request)))
    except OrderNotThere as error:
        messages.error(request, str(error))
        return redirect("authority_order", pk)
    disposition = {"Content-Disposition": f'attachment; filename="disclosure-{disclosure.pk}.zip"'}
    return HttpResponse(package, content_type="application/zip", headers=HEADERS | disposition)
