"""A customer's hostnames: seen, registered, set, given up."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ddns import hostnames, plans
from ddns.errors import DdnsError
from ddns.forms.hostnames import OptionsForm, RegisterForm, ReleaseForm
from ddns.models import Hostname, UpdateKey
from dnsupdate.errors import InvalidName

HISTORY_ROWS = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def dashboard(request: HttpRequest) -> HttpResponse:
    """All names of the account, and the form for another."""
    form = RegisterForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            hostname = hostnames.register(request.user, **form.cleaned_data)
        except (DdnsError, InvalidName) as error:
            form.add_error("label", str(error))
        else:
            messages.success(request, f"{hostname} is yours. Now give your device a key for it.")
            return redirect("hostname", hostname.name)
    held = Hostname.objects.held_by(request.user).with_state()
    return render(request, "ddns/dashboard.html", {"hostnames": held, "form": form})


@login_required
@require_safe
def hostname(request: HttpRequest, name: str) -> HttpResponse:
    return _page(request, _held(request, name))


@login_required
@require_POST
def configure(request: HttpRequest, name: str) -> HttpResponse:
    held = _held(request, name)
    form = OptionsForm(request.POST)
    if form.is_valid():
        try:
            hostnames.configure(held, **form.cleaned_data)
        except DdnsError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Saved. DNS follows within seconds.")
    return redirect("hostname", held.name)


@login_required
@require_POST
def release(request: HttpRequest, name: str) -> HttpResponse:
    held = _held(request, name)
    form = ReleaseForm(held, request.POST)
    if not form.is_valid():
        return _page(request, held, form)
    try:
        hostnames.release(held)
    except DdnsError as error:
        messages.error(request, str(error))
        return redirect("hostname", held.name)
    messages.success(request, f"{held} is given up and leaves DNS within seconds.")
    return redirect("dashboard")


def _page(request: HttpRequest, held: Hostname, release_form: ReleaseForm | None = None) -> HttpResponse:
    context = {
        "hostname": held,
        "history": held.address_updates.all()[:HISTORY_ROWS],
        "keys": UpdateKey.objects.working().covering(held),
        "options_form": OptionsForm(instance=held),
        "release_rest": hostnames.RELEASE_REST,
        "hostname_quota": plans.of(request.user).hostnames,
        "release_form": release_form or ReleaseForm(held),
    }
    return render(request, "ddns/hostname.html", context)


def _held(request: HttpRequest, name: str) -> Hostname:
    """The customer's own; everybody else's do not exist."""
    return get_object_or_404(Hostname.objects.held_by(request.user).with_state(), name=name)
