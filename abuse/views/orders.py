"""Orders of authorities: filed, listed and followed by officers, each of them those of the own agency."""

import uuid
from typing import Any

from django.contrib import messages as notes
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from abuse import order_pages, orders
from abuse.errors import AbuseError, InvalidOrder, OrderFiledAlready, PostingDiffers
from abuse.forms.orders import MAX_REQUEST, ItemsForm, OrderForm, WithdrawForm
from abuse.models import Order
from abuse.views.officer_doors import OfficerRequest, in_office, in_office_unattended
from ddns import sources

PER_PAGE = 30
LINES_PER_PAGE = 200
OPEN, OVER = "open", "over"


@in_office
@require_safe
def order_list(request: OfficerRequest) -> HttpResponse:
    """Of the own agency, newest first; ?show=open or over."""
    found, show = orders.visible(request.officer).select_related("officer"), request.GET.get("show", "")
    if show == OPEN:
        found = found.open()
    elif show == OVER:
        found = found.exclude(pk__in=orders.visible(request.officer).open().values("pk"))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(each, order_pages.KINDS[each.kind], order_pages.standing(each)) for each in page],
        "show": show,
        "query": f"show={show}" if show in (OPEN, OVER) else "",
    }
    return render(request, "authorities/orders.html", context)


@csrf_exempt
@in_office
@require_http_methods(["GET", "HEAD", "POST"])
def file(request: OfficerRequest) -> HttpResponse:
    """Measures what comes before anything of it is read: the token of the form stands in the body."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_REQUEST:
        return _too_big(request)
    try:
        return _file(request)
    except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
        return _too_big(request)


@csrf_protect
def _file(request: OfficerRequest) -> HttpResponse:
    kind = request.GET.get("kind", "")
    if kind not in Order.Kind.values:
        return render(request, "authorities/order_kind.html", {"has_chosen_wrongly": bool(kind)})
    if request.method == "POST":
        form = OrderForm(Order.Kind(kind), request.officer, request.POST, request.FILES)
        if form.is_valid() and (filed := _filed(request, form)) is not None:
            notes.success(request, _("We have it. This page shows what becomes of it."))
            return redirect("authority_order", filed.pk)
    else:
        form = OrderForm(Order.Kind(kind), request.officer)
    context = {"form": form, "kind": kind, "title": order_pages.KINDS[kind]}
    return render(request, "authorities/order_file.html", context)


def _filed(request: OfficerRequest, form: OrderForm) -> Order | None:
    """None where it was refused: then the form says why."""
    once = form.cleaned_data["once"]
    try:
        return orders.file(
            request.officer,
            form.filing(),
            form.uploads(),
            door=Order.Door.PORTAL,
            source=sources.address_of(request),
            idempotency_key=str(once) if once else "",
            is_meant_twice=form.cleaned_data["is_meant_twice"],
        )
    except InvalidOrder as error:
        form.refuse(error)
    except OrderFiledAlready as error:
        form.same = error.order
    except PostingDiffers:
        form.again()
        form.add_error(
            None, _("This form was sent before with other content. Send it once more to file another order.")
        )
    except AbuseError as error:
        form.add_error(None, str(error))
    return None


def _too_big(request: OfficerRequest) -> HttpResponse:
    return render(request, "authorities/order_too_big.html", {"most": MAX_REQUEST}, status=413)


@in_office
@require_safe
def order(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return render(request, "authorities/order.html", _context(_found(request, pk), WithdrawForm()))


@in_office_unattended
@require_safe
def state(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """The part of the page that changes, for its script."""
    return render(request, "authorities/_order_state.html", _state(_found(request, pk)))


@in_office
@require_POST
def withdraw(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    found, form = _found(request, pk), WithdrawForm(request.POST)
    if form.is_valid():
        try:
            orders.withdraw(found, by=request.officer, reason=form.cleaned_data["reason"])
        except AbuseError as error:
            form.add_error(None, str(error))
        else:
            notes.success(request, _("It is taken back. Nothing is done for it."))
            return redirect("authority_order", found.pk)
    return render(request, "authorities/order.html", _context(found, form))


@in_office
@require_safe
def items(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """The lines of the list; ?outcome= and ?q= narrow it."""
    found = _found(request, pk)
    counts = order_pages.counts(found)
    form = ItemsForm(counts.rows, request.GET)
    # What is no choice narrows nothing.
    form.is_valid()
    wanted = {"outcome": form.cleaned_data.get("outcome", ""), "search": form.cleaned_data.get("q", "")}
    outcome = {"": None, "looked_at": ""}.get(wanted["outcome"], wanted["outcome"])
    rows = order_pages.items(found, outcome=outcome, search=wanted["search"])
    page = Paginator(rows, LINES_PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "order": found,
        "counts": counts,
        "form": form,
        "page": page,
        "lines": list(order_pages.lines(found, page)),
        "is_told": order_pages.is_told(found),
        "query": query.urlencode(),
    }
    return render(request, "authorities/order_items.html", context)


@in_office
@require_safe
def items_csv(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    found = _found(request, pk)
    return _as_file(order_pages.as_csv(found), "text/csv; charset=utf-8", f"order-{found.pk}-lines.csv")


@in_office
@require_safe
def effect(request: OfficerRequest, pk: uuid.UUID, report: uuid.UUID, form: str) -> HttpResponse:
    """One effect report of the order, as json (the very octets whose SHA-256 was signed), csv or pdf."""
    made = _found(request, pk).effect_reports.filter(pk=report).first()
    if made is None or form not in order_pages.FORMS:
        raise Http404
    content, content_type = order_pages.paper(made, form)
    return _as_file(content, content_type, f"effect-{made.pk}.{form}")


def _found(request: OfficerRequest, pk: uuid.UUID) -> Order:
    """Another agency's is none."""
    return get_object_or_404(orders.visible(request.officer).select_related("officer", "agency"), pk=pk)


def _state(found: Order) -> dict[str, Any]:
    standing = order_pages.standing(found)
    return {
        "order": found,
        "standing": standing,
        "next": order_pages.NEXT[standing],
        "is_settled": order_pages.is_settled(found),
        "counts": order_pages.counts(found),
        "is_told": order_pages.is_told(found),
    }


def _context(found: Order, form: WithdrawForm) -> dict[str, Any]:
    return {
        **_state(found),
        "title": order_pages.KINDS[found.kind],
        "facts": order_pages.facts(found),
        "files": found.files.select_related("blob").defer("blob__content"),
        "receipt": found.receipts.filter(kind="order").first(),
        "reports": found.effect_reports.select_related("receipt").defer("body"),
        "form": form,
        "may_withdraw": order_pages.may_withdraw(found),
    }


def _as_file(content: str | bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
