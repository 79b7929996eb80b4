"""A customer's notifications: seen, marked as read, chosen, unsubscribed from."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ddns import mails, notifications, renewals, unsubscriptions, wordings
from ddns.errors import LinkInvalid
from ddns.forms.notifications import PreferencesForm
from ddns.models import Notification
from ddns.models.notifications import ALWAYS_MAILED

PER_PAGE = 30


@login_required
@require_safe
def notification_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(Notification.objects.of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "shown": [(each, wordings.of(each)) for each in page],
        "newest": page[0].pk if len(page) and page.number == 1 else 0,
        "expiring": renewals.expiring(request.user),
        "renewal_token": renewals.token(request.user),
    }
    return render(request, "ddns/notifications.html", context)


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Those that were on the page when the button was pressed, and earlier ones."""
    newest = request.POST.get("newest", "")
    if newest.isascii() and newest.isdecimal() and len(newest) < 19:
        notifications.read_all(request.user, up_to=int(newest))
    return redirect("notifications")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    form = PreferencesForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("preferences")
    return render(request, "ddns/preferences.html", {"form": form, "mails_per_day": mails.MAILS_PER_DAY})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The link is the proof: no log-in, and no token of a form, which a mail program does not have (RFC 8058 §3.1).

    A GET changes nothing, since mail scanners follow links.
    """
    try:
        subscription = unsubscriptions.read(token)
    except LinkInvalid as error:
        return render(request, "ddns/link_invalid.html", {"error": str(error)}, status=404)
    if request.method == "POST":
        unsubscriptions.unsubscribe(subscription)
    context = {
        "kind": subscription.kind.label,
        "is_done": request.method == "POST" and subscription.kind not in ALWAYS_MAILED,
        "is_always_mailed": subscription.kind in ALWAYS_MAILED,
    }
    return render(request, "ddns/unsubscribe.html", context)
