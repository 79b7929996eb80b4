"""Papers of an order on the desk: saved and never opened by the browser; each look at what was filed is in the ledger."""

import json
import re
from uuid import UUID

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)

from abuse import effect_papers, effects, looks, narrow_orders, order_lines
from abuse.models import EffectReport, Order
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


def report(order: Order, report_id: UUID, kind: str) -> HttpResponse:
    """The signed body with its receipt, or what is made of it."""
    found = EffectReport.objects.select_related("receipt__key", "order").filter(order=order, pk=report_id).first()
    name = f"order-{order.pk}-effect-{report_id}"
    if found is None:
        raise Http404
    match kind:
        case "json":
            document = json.dumps(effects.document(found), indent=2, ensure_ascii=False)
            return saved(document, f"{name}.json", "application/json")
        case "csv":
            return saved(effect_papers.as_csv(found), f"{name}.csv", "text/csv; charset=utf-8")
        case "pdf":
            return saved(effect_papers.as_pdf(found), f"{name}.pdf", "application/pdf")
    raise Http404


def narrow_order(order: Order) -> HttpResponse:
    return saved(narrow_orders.text_of(order), f"narrow-order-{order.pk}.txt", "text/plain; charset=utf-8")


def wanted(request: HttpRequest) -> Filter:
    given = {name: request.GET.get(name, "").strip()[:300] for name in ("outcome", "group", "state")}
    return Filter(**given, text=request.GET.get("q", "").strip()[:300])


def saved(content: bytes | str, filename: str, content_type: str = "application/octet-stream") -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return HttpResponse(content, content_type=content_type, headers=HEADERS | disposition)


def _plain(name: str) -> str:
    """A name for a file on a disk: letters, digits and a little else."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name.rpartition("/")[2].rpartition("\\")[2])[-80:].strip("._")
