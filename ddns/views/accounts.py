"""A customer's account: seen, exported, closed; log-in, password and second factors are the log-in library's pages."""

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ddns import accounts, exports
from ddns.errors import DdnsError
from ddns.forms.accounts import CloseForm


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    context = {
        "has_second_factor": is_mfa_enabled(request.user),
        "session_count": UserSession.objects.filter(user=request.user).count(),
    }
    return render(request, "ddns/account.html", context)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(UserSession, pk=pk, user=request.user).end()
    messages.success(request, _("This session is ended: that browser is logged out."))
    return redirect("usersessions_list")


@login_required
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    return render(request, "ddns/account_export.html", {"sections": exports.SECTIONS})


@login_required
@require_safe
@never_cache
@reauthentication_required(app="allauth.account")
def export_file(request: HttpRequest) -> StreamingHttpResponse:
    response = StreamingHttpResponse(exports.document(request.user), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="account.json"'
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(app="allauth.account")
def close(request: HttpRequest) -> HttpResponse:
    form = CloseForm(request.user, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "ddns/account_close.html", {"form": form, "grace": accounts.GRACE})
    try:
        account = accounts.close(request.user)
    except DdnsError as error:
        messages.error(request, str(error))
        return redirect("account")
    logout(request)
    context = {"account": account, "reopen_until": accounts.reopen_until(account)}
    get_adapter(request).send_notification_mail("account/email/closed", account, context)
    return render(request, "account/closed.html", context)
