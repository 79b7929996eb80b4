"""What a customer says about an update key."""

from datetime import UTC, datetime, time, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ddns import tsig_keys
from ddns.forms.fields import AS_TYPED, NamesField
from ddns.models import Group, Hostname, User
from ddns.models.keys import Permission

# More hostnames are typed instead of ticked: two thousand boxes are no help, and a page of 300 KB.
MAX_BOXES = 40


class KeyForm(forms.Form):
    label = forms.CharField(
        label=_("Device"), max_length=60, widget=forms.TextInput(attrs={"placeholder": _("router in the attic")})
    )
    scope = forms.ChoiceField(
        label=_("For which hostnames"),
        choices=[
            ("account", _("all hostnames of the account, later ones too")),
            ("group", _("those of a group, later ones too")),
            ("chosen", _("only these")),
        ],
        widget=forms.RadioSelect,
        initial="account",
    )
    group = forms.ModelChoiceField(label=_("Group"), queryset=Group.objects.none(), required=False)
    hostnames = forms.ModelMultipleChoiceField(
        queryset=Hostname.objects.none(), required=False, label=_("Hostnames"), widget=forms.CheckboxSelectMultiple
    )
    permission = forms.ChoiceField(
        label=_("May change"), choices=Permission.choices, initial=Permission.DEVICE, required=False
    )
    networks = forms.CharField(
        label=_("Only from these networks"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={**AS_TYPED, "placeholder": "192.0.2.0/24 2001:db8::/32"}),
        help_text=_("Separated by blanks. Empty: from anywhere, as a device whose address changes needs it."),
    )
    expires_on = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: until you revoke it."),
    )

    def __init__(self, account: User, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        held = Hostname.objects.held_by(account)
        self.fields["group"].queryset = Group.objects.filter(account=account)
        self.fields["hostnames"].queryset = held
        self.is_long = held[MAX_BOXES:].exists()
        if self.is_long:
            self.fields["hostnames"] = NamesField(label=_("Hostnames"), required=False)
            self.fields["hostnames"].account = account

    def clean_permission(self) -> str:
        return self.cleaned_data["permission"] or Permission.DEVICE.value

    def clean_networks(self) -> list[str]:
        return self.cleaned_data["networks"].replace(",", " ").split()

    def clean_expires_on(self):
        last_day = self.cleaned_data["expires_on"]
        if last_day is not None and last_day < timezone.now().date():
            raise forms.ValidationError(gettext("This day is over."))
        return last_day

    def clean(self) -> dict:
        cleaned = super().clean() or {}
        if cleaned.get("scope") == "chosen" and "hostnames" in cleaned and not cleaned["hostnames"]:
            self.add_error("hostnames", gettext("Choose at least one hostname, or allow all of them."))
        if cleaned.get("scope") == "group" and "group" in cleaned and not cleaned["group"]:
            self.add_error("group", gettext("Choose a group."))
        return cleaned

    @property
    def arguments(self) -> dict:
        """As keys.create takes them."""
        cleaned = self.cleaned_data
        last_day = cleaned["expires_on"]
        return {
            "label": cleaned["label"],
            "hostnames": list(cleaned["hostnames"]) if cleaned["scope"] == "chosen" else None,
            "group": cleaned["group"] if cleaned["scope"] == "group" else None,
            "permission": cleaned["permission"],
            "networks": cleaned["networks"],
            "expires_at": datetime.combine(last_day + timedelta(days=1), time(), UTC) if last_day else None,
        }


class RenameForm(forms.Form):
    label = forms.CharField(label=_("Device"), max_length=60)


class RotateForm(forms.Form):
    """How long the old key works beside the new one."""

    overlap = forms.TypedChoiceField(
        label=_("The old one works for"),
        choices=[(1, _("an hour")), (24, _("a day")), (7 * 24, _("a week")), (30 * 24, _("a month"))],
        coerce=int,
        initial=24,
    )

    @property
    def duration(self) -> timedelta:
        return timedelta(hours=self.cleaned_data["overlap"])


class TsigForm(forms.Form):
    """How a TSIG key signs."""

    algorithm = forms.ChoiceField(label=_("Algorithm"))

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["algorithm"].choices = [(each.value, each.label) for each in tsig_keys.allowed_algorithms()]
