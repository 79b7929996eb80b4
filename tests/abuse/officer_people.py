"""Officers for tests about them: an applicant, and a browser that has shown a second factor."""

import time

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.test import Client

from abuse import officers
from abuse.models import Officer
from ddns.models import User


def applicant(email: str = "olivia@police.example", **said: str) -> Officer:
    """Who has applied, and nothing more."""
    account = User.objects.filter(email=email).first() or User.objects.create_user(email, "correct horse")
    fields = {
        "agency_said": "Example Police",
        "country_said": "at",
        "name": "Olivia Example",
        "title": "Inspector",
        "badge": "4711",
        "phone_said": "+43 1 555 0199",
        "purpose": "Botnets.",
        **said,
    }
    return officers.apply(account, **fields)


def with_second_factor(officer: Officer, *, shown_at: float | None = None) -> Client:
    """Logged in, and the authenticator app shown in this session."""
    Authenticator.objects.get_or_create(user=officer.account, type=Authenticator.Type.TOTP, defaults={"data": {}})
    client = Client()
    client.force_login(officer.account)
    show(client, at=shown_at)
    return client


def show(client: Client, *, at: float | None = None, **fields) -> None:
    session = client.session
    record = {"method": "mfa", "at": at or time.time(), "type": "totp", **fields}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [*session.get(AUTHENTICATION_METHODS_SESSION_KEY, []), record]
    session.save()
