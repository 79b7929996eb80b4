"""The staff's site: log-in by the same rate-limited form as customers use."""

from collections.abc import Callable
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    """A stranger is sent to the log-in page; a customer who is no member of staff gets 403.

    A member of staff without a second factor is sent to set one up, and one who has not shown it to do so, where the settings
    say so.
    """

    index_title = "Desk"
    index_template = "desk/index.html"

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.login = secure_admin_login(self.login)  # type: ignore[has-type]

    def admin_view(self, view: Callable, cacheable: bool = False) -> Callable:
        protected = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if settings.STAFF_NEEDS_SECOND_FACTOR and request.user.is_staff:
                if not is_mfa_enabled(request.user):
                    messages.warning(
                        request, "The desk is open to members of staff with a second factor. Set one up here."
                    )
                    return redirect("mfa_index")
                if not has_shown_second_factor(request):
                    return redirect(f"{_page_that_asks(request)}?{urlencode({'next': request.get_full_path()})}")
            return protected(request, *args, **kwargs)

        return guarded


def has_shown_second_factor(request: HttpRequest) -> bool:
    """In this session: one that began with a password alone, before there was a second factor, does not get in with it."""
    return any(each["method"] == "mfa" for each in get_authentication_records(request, request.user))


def _page_that_asks(request: HttpRequest) -> str:
    """For a code where there is an app to give one, else for a security key."""
    has_app = is_mfa_enabled(request.user, types=[Authenticator.Type.TOTP])
    return reverse("mfa_reauthenticate" if has_app else "mfa_reauthenticate_webauthn")


def start_page(request: HttpRequest, context: dict) -> dict:
    """UNFOLD's DASHBOARD_CALLBACK."""
    from abuse import mailbox, order_queue, overview

    doors = mailbox.health() if request.user.has_perm("abuse.view_submission") else None
    desk = overview.of_desk(request.user) if request.user.has_perm("abuse.view_case") else None
    officers = overview.of_officers() if request.user.has_perm("abuse.view_officer") else None
    orders = order_queue.waiting(request.user) if request.user.has_perm("abuse.view_order") else None
    return {
        **context,
        "overview": overview.now(request.user),
        "desk": desk,
        "doors": doors,
        "officers": officers,
        "orders": orders,
    }
