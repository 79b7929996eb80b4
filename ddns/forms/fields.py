"""Fields that several forms of ours have."""

from django import forms
from django.utils.translation import gettext

from ddns.models import Hostname, User

# No browser shall correct, capitalise or remember what is a name.
AS_TYPED = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}


class NamesField(forms.CharField):
    """Whole names of the account's hostnames, separated by blanks, commas or lines; cleaned to the hostnames."""

    account: User | None = None

    def __init__(self, **kwargs) -> None:
        super().__init__(widget=forms.Textarea(attrs={**AS_TYPED, "rows": 3}), **kwargs)

    def clean(self, value: str) -> list[Hostname]:
        names = set(super().clean(value).replace(",", " ").lower().split())
        held = list(Hostname.objects.held_by(self.account).filter(name__in=names))
        if missing := names - {hostname.name for hostname in held}:
            raise forms.ValidationError(gettext("You have no such hostname: {name}.").format(name=min(missing)))
        return held
