"""The staff's site: log-in by the same rate-limited form as customers use."""

from allauth.account.decorators import secure_admin_login
from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    """A stranger is sent to the log-in page; a customer who is no member of staff gets 403."""

    index_title = "Desk"
    index_template = "desk/index.html"

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.login = secure_admin_login(self.login)  # type: ignore[has-type]


def start_page(request: HttpRequest, context: dict) -> dict:
    """UNFOLD's DASHBOARD_CALLBACK."""
    from abuse import overview

    return {**context, "overview": overview.now()}
