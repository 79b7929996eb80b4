"""A customer's webhooks: added, tested, their secret shown once, switched on and off, their deliveries looked at."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ddns import webhooks
from ddns.errors import DdnsError
from ddns.forms.notifications import WebhookForm
from ddns.models import Delivery, Webhook

DELIVERY_ROWS = 50


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_list(request: HttpRequest) -> HttpResponse:
    """The list; after a POST with the new webhook's secret, which is in no other response."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    context: dict = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            webhook, secret = webhooks.add(request.user, form.cleaned_data["url"])
        except DdnsError as error:
            form.add_error("url", str(error))
        else:
            context = {"form": WebhookForm(), "webhook": webhook, "secret": secret}
    context |= {"webhooks": Webhook.objects.filter(account=request.user), "limit": webhooks.WEBHOOKS_PER_ACCOUNT}
    return render(request, "ddns/webhooks.html", context)


@login_required
@require_safe
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk))


@login_required
@never_cache
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """The page with the new secret, which is in no other response."""
    secret = webhooks.rotate(_own(request, pk))
    return _page(request, _own(request, pk), secret)


@login_required
@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(Delivery, pk=pk, account=request.user, webhook__isnull=False)
    webhooks.resend(delivery)
    messages.success(request, _("It is sent again within seconds."))
    return redirect("webhook", delivery.webhook_id)


def _action(verb: Callable[[Webhook], object], said: Callable[[], str], then: str = "webhook") -> Callable:
    """A view that does this to one of the customer's own webhooks."""

    @login_required
    @require_POST
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        verb(_own(request, pk))
        messages.success(request, said())
        return redirect(then, pk) if then == "webhook" else redirect(then)

    return view


test = _action(webhooks.test, lambda: _("A test is on its way. Load this page again to see the answer."))
enable = _action(webhooks.enable, lambda: _("It is switched on. Send a test to see whether it works."))
disable = _action(webhooks.disable, lambda: _("It is switched off: nothing is posted there any more."))
delete = _action(webhooks.delete, lambda: _("The webhook is deleted."), then="webhooks")


def _page(request: HttpRequest, own: Webhook, secret: str = "") -> HttpResponse:
    deliveries = own.deliveries.select_related("notification__hostname")[:DELIVERY_ROWS]
    context = {"webhook": own, "deliveries": deliveries, "secret": secret}
    return render(request, "ddns/webhook.html", context)


def _own(request: HttpRequest, pk: int) -> Webhook:
    """The customer's own; everybody else's do not exist."""
    return get_object_or_404(Webhook, pk=pk, account=request.user)
