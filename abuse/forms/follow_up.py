"""What a reporter can do about a report that is in: add something, object to the decision, take it back."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abuse.models import Decision, Report

MAX_TEXT = 5000
# By what can be done: the reports that it can be done about, each with the decision that it is about.
OpenTo = dict[str, list[tuple[Report, Decision | None]]]
WHATS = (
    ("say", gettext_lazy("Answer a question, or add something")),
    ("appeal", gettext_lazy("Object to the decision")),
    ("withdraw", gettext_lazy("Take the report back")),
)
HELPS = (
    ("appeal", gettext_lazy("An objection says what the decision overlooks.")),
    ("withdraw", gettext_lazy("It may stay empty if you take the report back.")),
)


class FollowUpForm(forms.Form):
    what = forms.ChoiceField(label=gettext_lazy("What would you like to do?"), widget=forms.RadioSelect)
    about = forms.ChoiceField(label=gettext_lazy("About which report?"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Your words"),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 5, "class": "prose"}),
    )

    def __init__(self, open_to: OpenTo, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.open_to = open_to
        whats = [(what, words) for what, words in WHATS if open_to.get(what)]
        subjects = {str(report.pk): report for of_what in open_to.values() for report, _decision in of_what}
        self.is_open = bool(whats)
        self.fields["what"].choices = whats
        self.fields["about"].choices = [
            (pk, each.name or each.url or str(each.address)) for pk, each in subjects.items()
        ]
        if len(subjects) < 2:
            self.fields["about"].widget = forms.HiddenInput()
            self.fields["about"].initial = next(iter(subjects), "")
        helps = [str(words) for what, words in HELPS if open_to.get(what)]
        self.fields["text"].help_text = " ".join(helps)
        if len(whats) == 1:
            self.fields["what"].initial = whats[0][0]

    def clean(self) -> dict:
        cleaned = super().clean() or self.cleaned_data
        what = cleaned.get("what")
        if what in ("say", "appeal") and not cleaned.get("text") and "text" not in self.errors:
            self.add_error("text", _("Write something first."))
        found = [pair for pair in self.open_to.get(what or "", []) if str(pair[0].pk) == cleaned.get("about")]
        if what and not found and "about" not in self.errors:
            self.add_error("about", _("This cannot be done about that report."))
        if found:
            self.report, self.decision = found[0]
        return cleaned
