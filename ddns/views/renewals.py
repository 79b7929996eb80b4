"""Renewal by a link from a mail: one click, no log-in, no captcha."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ddns import renewals
from ddns.errors import LinkInvalid
from ddns.models import Expiry

# A form of more would be refused (DATA_UPLOAD_MAX_NUMBER_FIELDS), and is no choice: all are kept by one button of its own.
MAX_BOXES = 100


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """Shows what expires, with one button that keeps it. A GET changes nothing, since mail scanners follow links.

    The link is the proof: whoever has it needs no session, and so no token of a form.
    """
    try:
        account = renewals.account_of(token)
    except LinkInvalid as error:
        return render(request, "ddns/link_invalid.html", {"error": str(error)}, status=404)
    expiring = renewals.expiring(account)
    chosen: list[Expiry] = []
    if request.method == "POST":
        wanted = set(request.POST.getlist("hostnames"))
        chosen = expiring if "all" in request.POST else [each for each in expiring if str(each.pk) in wanted]
        kept = {each.pk for each in chosen}
        renewals.renew(account, kept)
        expiring = [each for each in expiring if each.pk not in kept]
    context = {"kept": chosen, "expiring": expiring[:MAX_BOXES], "expiring_count": len(expiring)}
    return render(request, "ddns/renew.html", context)
