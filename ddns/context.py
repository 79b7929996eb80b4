"""What every page knows."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from ddns.models import Notification

# More than that nobody counts.
MAX_UNREAD = 99
# Remembers the choice of colours; without it the system's setting counts.
THEME_COOKIE = "theme"
THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, str | bool]:
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "abuse_contact": settings.ABUSE_CONTACT,
        "decisions_url": reverse(settings.DECISIONS_PAGE) if settings.DECISIONS_PAGE else "",
        "abuse_page": settings.ABUSE_PAGE,
        "can_mail": settings.CAN_MAIL,
        "can_sign_up": settings.SIGN_UP,
        "theme": theme if theme in THEMES else "",
    }


def unread(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """How many notifications wait for the person; asked only by pages that show it, and of nobody but customers."""

    def count() -> int:
        if not request.user.is_authenticated:
            return 0
        return Notification.objects.unread().filter(account=request.user)[: MAX_UNREAD + 1].count()

    return {"unread_count": count}
