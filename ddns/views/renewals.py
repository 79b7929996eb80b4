"""Renewal by a link from a mail: one click, no log-in, no captcha."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ddns import renewals
from ddns.errors import LinkInvalid


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
    context: dict = {"expiring": expiring}
    if request.method == "POST":
        chosen = [each for each in expiring if str(each.pk) in request.POST.getlist("hostnames")]
        renewals.renew(account, [each.pk for each in chosen])
        context = {"kept": chosen, "expiring": [each for each in expiring if each not in chosen]}
    return render(request, "ddns/renew.html", context)
