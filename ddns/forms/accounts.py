"""What people say about their account: when they sign up, ask for a new password, or close it."""

from allauth.account.forms import ResetPasswordForm as BaseResetPasswordForm
from allauth.account.forms import SignupForm as BaseSignUpForm
from allauth.core import context
from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ddns import accounts, sign_ups, sources
from ddns.forms.proof_of_work import ProofOfWorkField, ProofOfWorkForm
from ddns.models import User


class SignUpForm(ProofOfWorkForm, BaseSignUpForm):
    rules = forms.BooleanField(
        label=_("I keep to the rules"), error_messages={"required": _("Without the rules there is no account.")}
    )
    proof = ProofOfWorkField(purpose="sign-up")

    def clean(self) -> dict:
        cleaned = super().clean()
        self.source = sources.address_of(context.request)
        self.redeem_proof()
        return cleaned

    def validate_unique_email(self, value: str) -> str:
        """An address that another account is about to change to is not taken: nobody has shown yet whose it is."""
        self.account_already_exists = accounts.has_address(value)
        return value

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        sign_ups.count(self.source)
        if self.account_already_exists:
            # Takes as long as for a new one.
            User().set_password(self.cleaned_data["password1"])
        try:
            return super().try_save(request)
        except IntegrityError:
            # Somebody else with the same address was faster by a moment.
            self.account_already_exists = True
            return super().try_save(request)

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        return super().save(request)


class ResetPasswordForm(ProofOfWorkForm, BaseResetPasswordForm):
    proof = ProofOfWorkField(purpose="reset-password")
    users: list[User]

    def clean_email(self) -> str:
        """The account's address counts, and not one that it is about to change to."""
        email = super().clean_email()
        self.users = [account for account in self.users if account.email == email.lower()]
        return email

    def clean(self) -> dict:
        cleaned = super().clean()
        self.source = sources.address_of(context.request)
        self.redeem_proof()
        return cleaned


class CloseForm(forms.Form):
    retyped = forms.EmailField(
        widget=forms.EmailInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, account: User, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.fields["retyped"].label = _("Type {email} to confirm").format(email=account.email)

    def clean_retyped(self) -> str:
        if self.cleaned_data["retyped"].lower() != self.account.email.lower():
            raise forms.ValidationError(_("This is not the e-mail address of your account."))
        return self.account.email
