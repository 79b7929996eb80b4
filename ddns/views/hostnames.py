"""A customer's hostname: seen, looked up at its nameservers, set, given up."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ddns import groups, history, hostnames, looks, plans, requests
from ddns.errors import DdnsError, LookUnderWay
from ddns.forms.hostnames import OptionsForm, ReleaseForm
from ddns.forms.prefixes import PrefixForm
from ddns.forms.records import RecordForm
from ddns.models import Hostname, Record, UpdateKey

HISTORY_ROWS = 50
CHART_DAYS = 30


@login_required
@require_safe
def hostname(request: HttpRequest, name: str) -> HttpResponse:
    return page(request, held(request, name))


@login_required
@require_safe
def in_dns(request: HttpRequest, name: str) -> HttpResponse:
    """What every nameserver answers now. A fragment for site.js, a page for those who came by the link."""
    found = held(request, name)
    context: dict = {"hostname": found, "primary": found.publication.zone.primary}
    try:
        context["proofs"] = looks.take(found)
    except LookUnderWay as error:
        context["error"] = str(error)
    return render(request, "ddns/_answers.html" if "X-Fragment" in request.headers else "ddns/in_dns.html", context)


@login_required
@require_POST
def configure(request: HttpRequest, name: str) -> HttpResponse:
    found = held(request, name)
    form = OptionsForm(found, request.POST)
    if not form.is_valid():
        return page(request, held(request, name), options_form=form)
    try:
        _set(found, form.cleaned_data)
    except DdnsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Saved. DNS follows within seconds."))
    return redirect("hostname", found.name)


@login_required
@require_POST
def release(request: HttpRequest, name: str) -> HttpResponse:
    found = held(request, name)
    form = ReleaseForm(found, request.POST)
    if not form.is_valid():
        return page(request, found, release_form=form)
    try:
        hostnames.release(found)
    except DdnsError as error:
        messages.error(request, str(error))
        return redirect("hostname", found.name)
    messages.success(request, _("{hostname} is given up and leaves DNS within seconds.").format(hostname=found))
    return redirect("dashboard")


def held(request: HttpRequest, name: str) -> Hostname:
    """The customer's own; everybody else's do not exist."""
    return get_object_or_404(Hostname.objects.held_by(request.user).with_state(), name=name)


def page(
    request: HttpRequest,
    hostname: Hostname,
    *,
    options_form: OptionsForm | None = None,
    release_form: ReleaseForm | None = None,
    record_form: RecordForm | None = None,
    prefix_form: PrefixForm | None = None,
) -> HttpResponse:
    """Everything about the hostname; no nameserver is waited for."""
    kept = list(Record.objects.filter(hostname=hostname).select_related("hostname"))
    challenges = set(hostname.records.challenges().values_list("pk", flat=True)) if kept else set()
    context = {
        "hostname": hostname,
        "history": history.latest(hostname, HISTORY_ROWS),
        "days": history.per_day(hostname, CHART_DAYS),
        "requests": requests.recent(hostname),
        "records": [record for record in kept if record.pk not in challenges],
        "challenges": [record for record in kept if record.pk in challenges],
        "record_form": record_form or RecordForm(),
        "keys": UpdateKey.objects.working().covering(hostname),
        "prefix_form": prefix_form or PrefixForm(hostname),
        "options_form": options_form or OptionsForm(hostname),
        "release_rest": hostnames.RELEASE_REST,
        "hostname_quota": plans.hostnames_of(request.user),
        "release_form": release_form or ReleaseForm(hostname),
    }
    return render(request, "ddns/hostname.html", context)


@transaction.atomic
def _set(hostname: Hostname, options: dict) -> None:
    """All of the form or nothing of it."""
    hostnames.configure(
        hostname, wildcard=options["wildcard"], offline=options["offline"], parked=options.get("parked")
    )
    hostnames.set_ttl(hostname, options["ttl"])
    groups.assign(options["group"], [hostname])
