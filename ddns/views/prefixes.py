"""Whether a customer's hostname follows the IPv6 prefix."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ddns import prefixes
from ddns.errors import DdnsError
from ddns.forms.prefixes import PrefixForm
from ddns.views import hostnames


@login_required
@require_POST
def follow(request: HttpRequest, name: str) -> HttpResponse:
    hostname = hostnames.held(request, name)
    form = PrefixForm(hostname, request.POST)
    if not form.is_valid():
        return hostnames.page(request, hostname, prefix_form=form)
    try:
        if form.cleaned_data["follows"]:
            prefixes.follow(hostname, form.cleaned_data["interface_id"])
        else:
            prefixes.unfollow(hostname)
    except DdnsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Saved. It takes effect with the next prefix that your router tells."))
    return redirect("hostname", hostname.name)
