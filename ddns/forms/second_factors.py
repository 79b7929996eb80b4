"""The second factor's code: typed when logging in, and when something asks whether it is still the same person."""

from allauth.account.adapter import get_adapter
from allauth.core import context, ratelimit
from allauth.mfa.base.forms import AuthenticateForm as BaseAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as BaseReauthenticateForm
from django import forms

from ddns.models import User

# In ACCOUNT_RATE_LIMITS.
ACTION = "second_factor"


class _Limited(forms.Form):
    """Counted besides the library's own limit, which is the password's: a code has six digits, three of them right at a time."""

    user: User

    def clean_code(self) -> str:
        account = f"second factor {self.user.pk}"
        if not ratelimit.consume(context.request, action=ACTION, key=account):
            raise get_adapter().validation_error("too_many_login_attempts")
        code = super().clean_code()
        ratelimit.clear(context.request, action=ACTION, key=account)
        return code


class AuthenticateForm(_Limited, BaseAuthenticateForm):
    pass


class ReauthenticateForm(_Limited, BaseReauthenticateForm):
    pass
