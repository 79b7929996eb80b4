"""What a customer says to have it put into a configuration."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ddns.forms.fields import AS_TYPED
from ddns.models import Hostname

# More are typed: a list of two thousand names is a page of its own.
MAX_CHOICES = 50
# Keys of ours, and TSIG secrets in base64.
KEY = r"[A-Za-z0-9_-]{1,64}"
SECRET = r"[A-Za-z0-9+/=]{1,128}"  # noqa: S105 - what one looks like


class SetupForm(forms.Form):
    """The hostname, and what the client authenticates with. What is typed here is shown again and kept nowhere."""

    hostname = forms.CharField(label=_("Hostname"), max_length=253, widget=forms.TextInput(attrs=AS_TYPED))
    key = forms.RegexField(f"^{KEY}$", label=_("Update key"), required=False, widget=forms.TextInput(attrs=AS_TYPED))
    tsig_name = forms.RegexField(
        f"^{KEY}$", label=_("TSIG key's name"), required=False, widget=forms.TextInput(attrs=AS_TYPED)
    )
    tsig_secret = forms.RegexField(
        f"^{SECRET}$", label=_("TSIG key's secret"), required=False, widget=forms.TextInput(attrs=AS_TYPED)
    )

    def __init__(self, held: list[Hostname], *args, is_tsig: bool, **kwargs) -> None:
        """held are the customer's, MAX_CHOICES + 1 of them at most."""
        super().__init__(*args, **kwargs)
        if len(held) <= MAX_CHOICES:
            self.fields["hostname"].widget = forms.Select(choices=[(each.name, str(each)) for each in held])
        for name in ("key",) if is_tsig else ("tsig_name", "tsig_secret"):
            del self.fields[name]
