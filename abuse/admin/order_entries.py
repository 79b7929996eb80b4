"""The page where staff enter an order for an officer who calls or writes."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from abuse import order_entries
from abuse.errors import AbuseError, InvalidOrder
from abuse.forms.order_entries import OrderEntryForm
from abuse.models import Order


def page(request: HttpRequest, context: dict) -> HttpResponse:
    if not request.user.has_perm("abuse.act_on_order"):
        raise PermissionDenied
    form = OrderEntryForm(request.POST, request.FILES) if request.method == "POST" else OrderEntryForm()
    if form.is_bound and form.is_valid() and (order := _enter(request, form)) is not None:
        messages.success(request, "Filed, with a receipt. It is planned within seconds.")
        return HttpResponseRedirect(reverse("admin:abuse_order_change", args=[order.pk]))
    return TemplateResponse(request, "desk/order_entry.html", context | {"title": "Enter an order", "form": form})


def _enter(request: HttpRequest, form: OrderEntryForm) -> Order | None:
    """None where it was not filed; the form says why."""
    said = form.cleaned_data
    try:
        return order_entries.enter(
            said["officer"],
            form.filing,
            form.uploads,
            checked=said["checked"],
            by=request.user,
            is_meant_twice=said["is_meant_twice"],
        )
    except InvalidOrder as error:
        form.show_problems(error.problems)
    except AbuseError as error:
        form.add_error(None, str(error))
    return None
