"""The records of a customer's hostname: added, removed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ddns import records
from ddns.errors import DdnsError, HostnameRestricted
from ddns.forms.records import RecordForm
from ddns.views import hostnames


@login_required
@require_POST
def add(request: HttpRequest, name: str) -> HttpResponse:
    hostname = hostnames.held(request, name)
    form = RecordForm(request.POST)
    if form.is_valid():
        try:
            records.add(hostname, **form.cleaned_data)
        except HostnameRestricted as error:
            # Its page has no form to say it in.
            messages.error(request, str(error))
            return redirect("hostname", hostname.name)
        except DdnsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The record is added. DNS follows within seconds."))
            return redirect("hostname", hostname.name)
    return hostnames.page(request, hostname, record_form=form)


@login_required
@require_POST
def remove(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    hostname = hostnames.held(request, name)
    record = get_object_or_404(hostname.records, pk=pk)
    try:
        records.remove(record)
    except DdnsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The record is removed. DNS follows within seconds."))
    return redirect("hostname", hostname.name)
