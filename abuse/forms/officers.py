"""What an officer says: the application, a key for programs."""

from datetime import UTC, datetime, time, timedelta

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from abuse.officers import MAX_TEXT_CHARACTERS
from ddns.forms.fields import AS_TYPED


class ApplicationForm(forms.Form):
    agency_said = forms.CharField(
        label=_("Authority, court or team"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    country_said = forms.CharField(
        label=_("Country"),
        min_length=2,
        max_length=2,
        validators=[RegexValidator(r"^[A-Za-z]{2}$", _("Two letters: AT, DE, EU."))],
        widget=forms.TextInput(attrs={"autocomplete": "country", "size": 3}),
        help_text=_("Two letters: AT, DE, EU."),
    )
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    title = forms.CharField(label=_("Rank or office"), max_length=120, required=False)
    badge = forms.CharField(
        label=_("Number of your badge or in the register"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs=AS_TYPED),
    )
    phone_said = forms.CharField(
        label=_("Your telephone"),
        min_length=6,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
        help_text=_("We do not call it to check who you are: we call your agency, at a number that we find ourselves."),
    )
    purpose = forms.CharField(
        label=_("What you want to file"),
        max_length=MAX_TEXT_CHARACTERS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("No names or file numbers yet."),
    )


class KeyForm(forms.Form):
    label = forms.CharField(
        label=_("Program"), max_length=60, widget=forms.TextInput(attrs={"placeholder": _("case management")})
    )
    networks = forms.CharField(
        label=_("Only from these networks"),
        max_length=1000,
        widget=forms.TextInput(attrs={**AS_TYPED, "placeholder": "192.0.2.0/24 2001:db8::/32"}),
        help_text=_(
            "Separated by blanks: your agency's own, as others see them. A single address is a network of one."
        ),
    )
    expires_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expires_on"].help_text = gettext("At most {days} days from today.").format(
            days=settings.OFFICER_KEY_LIFE.days
        )

    def clean_networks(self) -> list[str]:
        return self.cleaned_data["networks"].replace(",", " ").split()

    def clean_expires_on(self):
        last_day = self.cleaned_data["expires_on"]
        if last_day < timezone.now().date():
            raise forms.ValidationError(gettext("This day is over."))
        return last_day

    @property
    def arguments(self) -> dict:
        """As officer_keys.make takes them."""
        cleaned = self.cleaned_data
        end = datetime.combine(cleaned["expires_on"] + timedelta(days=1), time(), UTC)
        return {"label": cleaned["label"], "networks": cleaned["networks"], "expires_at": end}
