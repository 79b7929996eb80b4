"""Papers of an order on the desk: saved and never opened by the browser; each look at what was filed is in the ledger."""

import re

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)

from abuse import looks, order_lines
from abuse.models import Order
from abuse.order_lines import Filter

# A browser that was tricked into opening it finds nothing to run.
SANDBOX = "sandbox; default-src 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": SANDBOX,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def file(request: HttpRequest, order: Order, file_id: int) -> HttpResponse:
    """As received, whatever it says that it is. By POST: no link makes somebody have looked."""
    found = order.files.select_related("blob").filter(pk=file_id).first()
    if found is None or found.blob.purged_at is not None:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    looks.note_order_file(found, by=request.user)
    return saved(bytes(found.blob.content), f"order-{order.pk}-{_plain(found.filename) or found.role}")


def lines(request: HttpRequest, order: Order) -> StreamingHttpResponse:
    """The lines that the filter wants, as CSV."""
    rows = order_lines.as_csv(order, wanted(request))
    return StreamingHttpResponse(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={**HEADERS, "Content-Disposition": f'attachment; filename="order-{order.pk}-lines.csv"'},
    )


def wanted(request: HttpRequest) -> Filter:
    given = {name: request.GET.get(name, "").strip()[:300] for name in ("outcome", "group", "state")}
    return Filter(**given, text=request.GET.get("q", "").strip()[:300])


def saved(content: bytes | str, filename: str, content_type: str = "application/octet-stream") -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return HttpResponse(content, content_type=content_type, headers=HEADERS | disposition)


def _plain(name: str) -> str:
    """A name for a file on a disk: letters, digits and a little else."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name.rpartition("/")[2].rpartition("\\")[2])[-80:].strip("._")
