"""How people sign up and log in: what the log-in library asks of us."""

import logging
from smtplib import SMTPException

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from ddns import accounts, languages, sign_ups, sources
from ddns.models import User
from dnsupdate import secrets

logger = logging.getLogger(__name__)


class Adapter(DefaultAccountAdapter):
    """Sign-up, log-in and their mails."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Tells people from a network with many sign-ups today when to come back."""
        wait = sign_ups.wait(sources.address_of(request)) if settings.SIGN_UP else None
        if wait is not None:
            at = timezone.now() + wait
            page = render(request, "account/signup_later.html", {"at": at}, status=429)
            page["Retry-After"] = str(int(wait.total_seconds()))
            raise ImmediateHttpResponse(page)
        return settings.SIGN_UP

    def save_user(self, request: HttpRequest, user: User, form, commit: bool = True) -> User:
        """The form was not valid without a yes to the rules."""
        user.rules_accepted_at = timezone.now()
        user.language = translation.get_language() or ""
        user.sign_up_network = str(sign_ups.network(sources.address_of(request)))
        return super().save_user(request, user, form, commit)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Whoever reads the mailbox has the address: a sign-up with it that was never confirmed must not stand in the way."""
        accounts.drop_unconfirmed(email_address.email, besides=email_address.user)
        return super().confirm_email(request, email_address)

    def pre_login(self, request: HttpRequest, user: User, **kwargs) -> HttpResponse | None:
        if user.closed_at is not None:
            context = {"account": user, "reopen_until": accounts.reopen_until(user)}
            return render(request, "account/closed.html", context, status=403)
        return super().pre_login(request, user, **kwargs)

    def post_login(self, request: HttpRequest, user: User, **kwargs) -> HttpResponse:
        """In the language that the account has chosen, on this device too."""
        response = super().post_login(request, user, **kwargs)
        if user.language:
            languages.remember(response, user.language)
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """In the account's language, else in that of the page that causes it."""
        try:
            with translation.override(languages.of(context.get("user"))):
                super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            logger.error("A mail (%s) could not be sent: %s", template_prefix, error)
            raise ImmediateHttpResponse(render(self.request, "account/mail_failed.html", status=503)) from error

    def send_notification_mail(self, template_prefix: str, user: User, *args, **kwargs) -> None:
        """What it tells of has happened: a mail server that is down does not undo it."""
        try:
            with translation.override(languages.of(user)):
                super().send_notification_mail(template_prefix, user, *args, **kwargs)
        except ImmediateHttpResponse:
            logger.warning("Somebody was not told by mail of a change to their account.")


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps and recovery codes are sealed at rest, as TSIG keys are."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """What the browser calls us when it asks for the key."""
        return super().get_public_key_credential_rp_entity() | {"name": settings.SITE_NAME}

    def encrypt(self, text: str) -> str:
        return secrets.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.unseal(encrypted_text)
