"""A customer's update keys: made, shown once, revoked; and how to put them into a device."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ddns import keys
from ddns.errors import DdnsError
from ddns.forms.keys import KeyForm
from ddns.models import Hostname, UpdateKey

# What stands in the snippets in the place of a key, which only its owner has.
KEY_PLACEHOLDER = "YOUR-UPDATE-KEY"


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def key_list(request: HttpRequest) -> HttpResponse:
    """The list; after a POST with the new key's text, which is in no other response, cookie or row."""
    form = KeyForm(request.user, request.POST if request.method == "POST" else None)
    context: dict = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            key, text = keys.create(request.user, label=form.cleaned_data["label"], hostnames=form.chosen)
        except DdnsError as error:
            form.add_error(None, str(error))
        else:
            context = {"form": KeyForm(request.user), "new_key": key, "text": text}
    context["keys"] = UpdateKey.objects.working().filter(account=request.user).prefetch_related("hostnames")
    return render(request, "ddns/keys.html", context)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(UpdateKey, pk=pk, account=request.user)
    if keys.revoke(key):
        messages.success(request, f"The key “{key.label}” stops working now.")
    return redirect("keys")


@login_required
@require_safe
def setup(request: HttpRequest) -> HttpResponse:
    """Which value goes into which field, with the customer's own values."""
    held = Hostname.objects.held_by(request.user)
    wanted = held.filter(name=request.GET.get("hostname", "")).first() or held.first()
    site = urlsplit(settings.SITE_URL)
    context = {
        "hostnames": held,
        "hostname": wanted,
        "name": wanted.name if wanted else "yourname.example.com",
        "server": site.netloc,
        "host": site.hostname,
        "is_https": site.scheme == "https",
        "key": KEY_PLACEHOLDER,
    }
    return render(request, "ddns/setup.html", context)
