"""What a customer says about following the IPv6 prefix."""

from ipaddress import IPv6Address

from django import forms
from django.utils.translation import gettext_lazy as _

from ddns import interface_ids
from ddns.errors import InvalidInterfaceId
from ddns.forms.fields import AS_TYPED
from ddns.models import Hostname


class PrefixForm(forms.Form):
    follows = forms.BooleanField(
        label=_("Follows the IPv6 prefix"),
        required=False,
        help_text=_("When the router tells us another prefix, this name's IPv6 address moves into it."),
    )
    interface_id = forms.CharField(
        label=_("Its own part of the address"),
        required=False,
        max_length=45,
        widget=forms.TextInput(attrs={**AS_TYPED, "placeholder": "::5"}),
        help_text=_(
            "The end of its IPv6 address (::5), or the device's MAC address. Empty: that of its present address."
        ),
    )

    def __init__(self, hostname: Hostname, *args, **kwargs) -> None:
        initial = {"follows": hostname.follows_prefix, "interface_id": hostname.interface_id or ""}
        super().__init__(*args, initial=initial, **kwargs)

    def clean_interface_id(self) -> IPv6Address | None:
        text = self.cleaned_data["interface_id"]
        if not text:
            return None
        try:
            return interface_ids.parse(text)
        except InvalidInterfaceId as error:
            raise forms.ValidationError(str(error)) from error
