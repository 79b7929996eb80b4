"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest

# Remembers the choice of colours; without it the system's setting counts.
THEME_COOKIE = "theme"
THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, str | bool]:
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "abuse_contact": settings.ABUSE_CONTACT,
        "can_mail": settings.CAN_MAIL,
        "theme": theme if theme in THEMES else "",
    }
