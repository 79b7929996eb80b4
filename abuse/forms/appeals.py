"""What a customer says about a case: an answer to the desk, an appeal."""

from django import forms
from django.utils.translation import gettext_lazy as _

from abuse.messages import MAX_TEXT


class AnswerForm(forms.Form):
    text = forms.CharField(
        label=_("Your answer"),
        max_length=MAX_TEXT,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 5, "class": "prose"}),
        help_text=_("What you know, what you have done, what you need. People read it, no program."),
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, auto_id="answer_%s", **kwargs)


class AppealForm(forms.Form):
    text = forms.CharField(
        label=_("Why the decision is wrong"),
        max_length=MAX_TEXT,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("In your own words. What shows it helps: who runs what behind the name, since when, what changed."),
    )
    decision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, auto_id="appeal_%s", **kwargs)
