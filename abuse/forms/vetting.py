"""What staff say about officers and agencies: the steps of vetting. The desk speaks English."""

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from abuse.models import Agency

_AS_TYPED = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
MAX_NOTE_CHARACTERS = 4000


class AgencyForm(forms.Form):
    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    kind = forms.ChoiceField(choices=Agency.Kind.choices, widget=UnfoldAdminSelectWidget)
    country = forms.CharField(
        min_length=2,
        max_length=2,
        widget=UnfoldAdminTextInputWidget(attrs=_AS_TYPED),
        help_text="ISO 3166-1: AT, DE; EU for bodies of the Union.",
    )
    mail_domains = forms.CharField(
        max_length=4000,
        widget=UnfoldAdminTextareaWidget(attrs={**_AS_TYPED, "rows": 3}),
        help_text="One in a line, as it stands behind the @. Officers' addresses are in one of them exactly: whoever is in none "
        "is out of office at once.",
    )
    phone = forms.CharField(
        max_length=40,
        label="Number for the call-back",
        widget=UnfoldAdminTextInputWidget(attrs=_AS_TYPED),
        help_text="Of the switchboard. Never one that an application or a request names.",
    )
    phone_source = forms.CharField(
        max_length=300,
        label="Where you found it",
        widget=UnfoldAdminTextInputWidget,
        help_text="A public register, a colleague of theirs known for years, the ministry: independent of any request.",
    )
    website = forms.CharField(required=False, max_length=300, widget=UnfoldAdminTextInputWidget(attrs=_AS_TYPED))
    note = forms.CharField(
        required=False, max_length=MAX_NOTE_CHARACTERS, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )

    def clean_mail_domains(self) -> list[str]:
        return self.cleaned_data["mail_domains"].replace(",", " ").split()

    @staticmethod
    def initial_of(agency: Agency) -> dict:
        fields = ("name", "kind", "country", "phone", "phone_source", "website", "note")
        return {name: getattr(agency, name) for name in fields} | {"mail_domains": "\n".join(agency.mail_domains)}


class CallForm(forms.Form):
    agency = forms.ModelChoiceField(
        queryset=Agency.objects.all(),
        widget=UnfoldAdminSelectWidget,
        help_text="Not there yet? Add it first, with a number that you have found.",
    )
    called_number = forms.CharField(
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs=_AS_TYPED),
        help_text="The one that we have of the agency. Ask the switchboard to put you through.",
    )
    number_source = forms.CharField(
        required=False,
        max_length=300,
        label="Where you found it",
        widget=UnfoldAdminTextInputWidget,
        help_text="Empty: where the agency's page says. Needed if the application names the same number.",
    )
    spoke_with = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Who answered, who put you through, who knows the officer.",
    )
    note = forms.CharField(
        required=False, max_length=MAX_NOTE_CHARACTERS, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )


class ConfirmForm(forms.Form):
    note = forms.CharField(
        required=False,
        max_length=MAX_NOTE_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What you have looked at yourself.",
    )


class RefuseForm(forms.Form):
    reason = forms.CharField(
        max_length=MAX_NOTE_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="For us: into the ledger, unchangeable.",
    )
    told = forms.CharField(
        max_length=MAX_NOTE_CHARACTERS,
        label="What the applicant is told",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Says nothing that helps to forge the next application.",
    )
