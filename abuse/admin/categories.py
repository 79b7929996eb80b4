"""Categories on the desk: what each means, how soon it is due, changed with a reason by whoever may change settings."""

from datetime import timedelta
from typing import ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from abuse import categories
from abuse.admin.policy import ReasonForm, SettingsAdmin
from abuse.errors import InvalidParameter
from abuse.models import Category, Decision
from ddns.models import User

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class CategoryForm(ReasonForm):
    """Times in hours and days: nobody thinks in seconds of a week."""

    clock_hours = forms.FloatField(
        min_value=categories.LEAST_CLOCK / HOUR,
        max_value=24 * 60,
        label="clock",
        widget=UnfoldAdminIntegerFieldWidget(attrs={"step": "any"}),
        help_text="Hours from a complete report to a decision. Open cases keep theirs.",
    )
    retention_days = forms.IntegerField(
        min_value=categories.LEAST_RETENTION.days,
        max_value=3650,
        label="retention",
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Days after the case was closed. Holds win.",
    )
    first_action = forms.ChoiceField(
        choices=Decision.Action.choices, widget=UnfoldAdminSelectWidget(), help_text="What the desk offers first."
    )
    evidence_wanted = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="What the form asks for, one thing on each line.",
    )

    class Meta:
        model = Category
        fields: ClassVar[list[str]] = [each for each in categories.CHANGEABLE if each not in ("clock", "retention")]
        widgets = {
            "title": UnfoldAdminTextInputWidget(),
            "meaning": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
            "severity": UnfoldAdminIntegerFieldWidget(),
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        self.initial["clock_hours"] = row.clock / HOUR
        self.initial["retention_days"] = row.retention.days
        self.initial["evidence_wanted"] = "\n".join(row.evidence_wanted)

    def clean_evidence_wanted(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["evidence_wanted"].splitlines() if line.strip()]
        if any(len(line) > 200 for line in lines):
            raise forms.ValidationError("A line has 200 characters at most.")
        return lines

    def clean(self) -> dict:
        cleaned = super().clean()
        if "clock_hours" in cleaned and "retention_days" in cleaned and not self.errors:
            wanted = Category(pk=self.instance.pk, route=self.instance.route, **self.values(cleaned))
            try:
                categories.check(wanted)
            except InvalidParameter as error:
                raise forms.ValidationError(str(error)) from error
        return cleaned

    def values(self, cleaned: dict) -> dict:
        """What the verb takes."""
        return {
            **{name: cleaned[name] for name in categories.CHANGEABLE if name in cleaned},
            "clock": timedelta(hours=cleaned["clock_hours"]),
            "retention": timedelta(days=cleaned["retention_days"]),
        }


@admin.register(Category)
class CategoryAdmin(SettingsAdmin):
    form = CategoryForm
    list_display = ("key", "title", "route", "first_action", "shown_clock", "severity", "is_on_form", "may_hold")
    list_filter = ("route", "is_on_form")
    list_filter_sheet = False
    search_fields = ("key", "title")
    readonly_fields = ("key", "route", "shown_clock", "shown_retention")

    @display(description="clock", ordering="clock")
    def shown_clock(self, category: Category) -> str:
        hours = category.clock / HOUR
        return f"{hours:g} h" if hours <= 72 else f"{hours / 24:g} days"

    @display(description="retention", ordering="retention")
    def shown_retention(self, category: Category) -> str:
        return f"{category.retention / DAY:g} days"

    def get_fields(self, request: HttpRequest, obj: Category | None = None) -> tuple[str, ...]:
        own = ("key", "route", "title", "meaning", "first_action", "severity")
        flags = ("is_on_form", "may_be_anonymous", "may_hold", "evidence_wanted")
        if not self.has_change_permission(request, obj):
            return (*own, "shown_clock", *flags, "shown_retention")
        return (*own, "clock_hours", *flags, "retention_days", "reason")

    def store(self, obj: Category, form: CategoryForm, *, by: User) -> None:
        # What the form has set on the row is not stored yet: the verb reads it again, and sees what was before.
        row = Category.objects.get(pk=obj.pk)
        categories.change(row, reason=form.cleaned_data["reason"], by=by, **form.values(form.cleaned_data))
