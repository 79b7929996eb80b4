"""What a customer says about a hostname."""

from django import forms

from ddns.models import Domain, Hostname
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise


class RegisterForm(forms.Form):
    label = forms.CharField(
        label="Name",
        max_length=63,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )
    domain = forms.ModelChoiceField(queryset=Domain.objects.none(), empty_label=None)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["domain"].queryset = Domain.objects.taking_names()


class OptionsForm(forms.ModelForm):
    class Meta:
        model = Hostname
        fields = ("wildcard", "offline")
        labels = {"wildcard": "Wildcard", "offline": "Offline"}
        help_texts = {
            "wildcard": "Every name below this one (anything.name) answers the same addresses.",
            "offline": "Takes the name out of DNS. Its addresses stay stored.",
        }


class ReleaseForm(forms.Form):
    retyped = forms.CharField(
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, hostname: Hostname, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.hostname = hostname
        self.fields["retyped"].label = f"Type {hostname} to confirm"

    def clean_retyped(self) -> str:
        try:
            is_same = normalise(self.cleaned_data["retyped"]) == self.hostname.name
        except InvalidName:
            is_same = False
        if not is_same:
            raise forms.ValidationError(f"This is not {self.hostname}.")
        return self.hostname.name
