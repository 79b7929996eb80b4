"""Officers for tests about them: an applicant, and a browser that has shown a second factor."""

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
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
    """Logged in, and the authenticator app shown in this session, now or at a time in seconds since 1970."""
    kind = Authenticator.Type.TOTP
    factor, _ = Authenticator.objects.get_or_create(user=officer.account, type=kind, defaults={"data": {}})
    client = Client()
    client.force_login(officer.account)
    show(client, factor, at=shown_at)
    return client


def show(client: Client, factor: Authenticator, *, at: float | None = None, is_again: bool = False) -> None:
    """As the log-in library notes it; is_again: after a log-in."""
    request = HttpRequest()
    request.session = client.session
    again = {"reauthenticated": True} if is_again else {}
    record_authentication(request, factor.user, "mfa", id=factor.pk, type=factor.type, **again)
    if at is not None:
        request.session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] = at
    request.session.save()
