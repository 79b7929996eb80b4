"""What a customer says about an update key."""

from django import forms

from ddns.models import Hostname, User


class KeyForm(forms.Form):
    label = forms.CharField(
        label="Device", max_length=60, widget=forms.TextInput(attrs={"placeholder": "router in the attic"})
    )
    scope = forms.ChoiceField(
        label="May update",
        choices=[("account", "all hostnames of the account, later ones too"), ("chosen", "only these:")],
        widget=forms.RadioSelect,
        initial="account",
    )
    hostnames = forms.ModelMultipleChoiceField(
        queryset=Hostname.objects.none(), required=False, label="Hostnames", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, account: User, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hostnames"].queryset = Hostname.objects.held_by(account)

    def clean(self) -> dict:
        cleaned = super().clean()
        if cleaned.get("scope") == "chosen" and not cleaned.get("hostnames"):
            self.add_error("hostnames", "Choose at least one hostname, or allow all of them.")
        return cleaned

    @property
    def chosen(self) -> list[Hostname] | None:
        """The hostnames that the key shall cover; None for the whole account."""
        return list(self.cleaned_data["hostnames"]) if self.cleaned_data["scope"] == "chosen" else None
