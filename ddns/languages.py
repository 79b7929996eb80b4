"""Languages: what a browser has chosen is in a cookie, what an account has chosen in its row."""

from django.conf import settings
from django.http import HttpResponseBase
from django.utils import translation

from ddns.models import User


def of(account: User | None) -> str | None:
    """For what is written to the account while a page is made: where it has chosen none, the page's."""
    return (account and account.language) or translation.get_language()


def remember(response: HttpResponseBase, language: str) -> None:
    """In the browser, for pages."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
