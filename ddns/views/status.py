"""The status page: public, and there when much else is not."""

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from ddns import context, status


@require_safe
def status_page(request: HttpRequest) -> HttpResponse:
    try:
        return render(request, "ddns/status.html", {"status": status.current(), "shown": status.SHOWN})
    except DatabaseError:
        # Without the request: who is logged in is in the database too.
        return HttpResponse(render_to_string("ddns/status.html", context.site(request)), status=503)
