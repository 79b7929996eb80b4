"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str | bool]:
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "abuse_contact": settings.ABUSE_CONTACT,
        "can_mail": settings.CAN_MAIL,
    }
