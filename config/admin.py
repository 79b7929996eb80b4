"""The staff's site: log-in by the same rate-limited form as customers use."""

from collections.abc import Callable

from allauth.account.decorators import secure_admin_login
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    """A stranger is sent to the log-in page; a customer who is no member of staff gets 403.

    A member of staff without a second factor is sent to set one up, where the settings say so.
    """

    index_title = "Desk"
    index_template = "desk/index.html"

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.login = secure_admin_login(self.login)  # type: ignore[has-type]

    def admin_view(self, view: Callable, cacheable: bool = False) -> Callable:
        protected = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if needs_second_factor(request):
                messages.warning(request, "The desk is open to members of staff with a second factor. Set one up here.")
                return redirect("mfa_index")
            return protected(request, *args, **kwargs)

        return guarded


def needs_second_factor(request: HttpRequest) -> bool:
    """Whether this is a member of staff who must set one up first. Whoever has one has shown it when logging in."""
    return settings.STAFF_NEEDS_SECOND_FACTOR and request.user.is_staff and not is_mfa_enabled(request.user)


def start_page(request: HttpRequest, context: dict) -> dict:
    """UNFOLD's DASHBOARD_CALLBACK."""
    from abuse import overview

    return {**context, "overview": overview.now()}
