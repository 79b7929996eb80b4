"""Forms about reporters: who gets a key, and how long it works."""

from django import forms
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget


class ReporterForm(forms.Form):
    """Somebody who shall have a key, and has not reported yet."""

    who = forms.CharField(
        max_length=254,
        label="Mailbox or domain",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "autofocus": True}),
        help_text="You vouch for that it is theirs. A domain of an organisation is one voice, however many mailboxes it has.",
    )
    name = forms.CharField(required=False, max_length=200, widget=UnfoldAdminTextInputWidget)
    contact = forms.EmailField(
        required=False, widget=UnfoldAdminTextInputWidget, help_text="Where answers go; empty: the mailbox."
    )


class KeyForm(forms.Form):
    label = forms.CharField(
        max_length=60, widget=UnfoldAdminTextInputWidget, help_text="What it is for, so that it is known later."
    )
    expires_on = forms.DateField(
        required=False, label="Works until", widget=UnfoldAdminSingleDateWidget, help_text="Empty: until it is revoked."
    )
