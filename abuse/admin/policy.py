"""Policy on the desk: weights, rules and brands, changed with a reason by whoever may change settings."""

from abc import abstractmethod
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from abuse import policy_settings
from abuse.errors import AbuseError
from abuse.models import Brand, Rule, Weight
from abuse.policy import RULES
from abuse.reasons import SIGNALS
from ddns.models import User

SETTINGS = "abuse.change_settings"
_PARAMETER = "parameter_"


class ReasonForm(forms.ModelForm):
    """A change with its reason, and every threshold as a field of its own."""

    reason = forms.CharField(
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="For the ledger: why it is changed.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not set(self.changed_data) - {"reason"}:
            raise forms.ValidationError("It says that already: nothing was changed.")
        return cleaned

    @property
    def parameters(self) -> dict[str, float]:
        return {
            name.removeprefix(_PARAMETER): int(value) if value == int(value) else value
            for name, value in self.cleaned_data.items()
            if name.startswith(_PARAMETER)
        }


class SettingsAdmin(ModelAdmin):
    """Seen by whoever may see settings, changed by whoever may change them, by the verbs of policy_settings."""

    show_full_result_count = False
    actions = None

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return super().has_view_permission(request, obj) or request.user.has_perm(SETTINGS)

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm(SETTINGS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj, form: ReasonForm, change: bool) -> None:
        """What the form could not see: somebody else was faster."""
        try:
            self.store(obj, form, by=request.user)
        except AbuseError as error:
            messages.error(request, str(error))

    @abstractmethod
    def store(self, obj, form: ReasonForm, *, by: User) -> None:
        """Calls the verb of policy_settings for such a row."""


class ThresholdsAdmin(SettingsAdmin):
    """A weight or a rule: there are as many as policy knows, and each has thresholds of its own."""

    base_form: type[ReasonForm] = ReasonForm
    shown: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()

    def get_form(self, request: HttpRequest, obj=None, change: bool = False, **kwargs: Any) -> type[forms.ModelForm]:
        fields = {
            f"{_PARAMETER}{name}": forms.FloatField(
                label=name.replace("_", " "),
                min_value=0,
                max_value=policy_settings.MOST_THRESHOLD,
                initial=obj.parameters.get(name, default),
                help_text=f"To begin with: {default:g}.",
                widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
            )
            for name, default in (policy_settings.thresholds_of(obj) if obj else {}).items()
        }
        form = type("ThresholdsForm", (self.base_form,), fields)
        return super().get_form(request, obj, change, **kwargs | {"form": form})

    def get_fields(self, request: HttpRequest, obj=None) -> list[str]:
        thresholds = policy_settings.thresholds_of(obj) if obj else {}
        own = [*self.shown, *self.editable]
        if not self.has_change_permission(request, obj):
            return [*own, "shown_parameters"]
        return [*own, *(f"{_PARAMETER}{name}" for name in thresholds), "reason"]

    def get_readonly_fields(self, request: HttpRequest, obj=None) -> tuple[str, ...]:
        return (*self.shown, "shown_parameters")

    @display(description="thresholds")
    def shown_parameters(self, row: Weight | Rule) -> str:
        thresholds = {**policy_settings.thresholds_of(row), **row.parameters}
        return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in thresholds.items()) or "none"


class WeightForm(ReasonForm):
    points = forms.IntegerField(
        min_value=-policy_settings.MOST_POINTS,
        max_value=policy_settings.MOST_POINTS,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="What it adds to a score of 0 to 100, or takes from it.",
    )


@admin.register(Weight)
class WeightAdmin(ThresholdsAdmin):
    base_form = WeightForm
    shown, editable = ("shown_title",), ("points", "is_on")
    list_display = ("shown_title", "points", "shown_parameters", "shown_is_on")
    ordering = ("-points", "signal")

    @display(description="signal")
    def shown_title(self, weight: Weight) -> str:
        return SIGNALS[weight.pk].title if weight.pk in SIGNALS else f"{weight.pk} (no longer looked for)"

    @display(description="state", label={"on": "success", "off": "warning"})
    def shown_is_on(self, weight: Weight) -> str:
        return "on" if weight.is_on else "off"

    def store(self, obj: Weight, form: ReasonForm, *, by: User) -> None:
        data = form.cleaned_data
        policy_settings.change_weight(
            obj, points=data["points"], parameters=form.parameters, is_on=data["is_on"], reason=data["reason"], by=by
        )


@admin.register(Rule)
class RuleAdmin(ThresholdsAdmin):
    shown, editable = ("title",), ("is_on",)
    list_display = ("title", "shown_parameters", "shown_is_on")

    @display(description="state", label={"on": "success", "off": "warning"})
    def shown_is_on(self, rule: Rule) -> str:
        return "on" if rule.is_on and rule.pk in RULES else "off"

    def store(self, obj: Rule, form: ReasonForm, *, by: User) -> None:
        data = form.cleaned_data
        policy_settings.change_rule(obj, parameters=form.parameters, is_on=data["is_on"], reason=data["reason"], by=by)


class BrandForm(ReasonForm):
    holders = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Accounts that have shown their right to it, an e-mail address on each line: they imitate nobody.",
    )

    class Meta:
        model = Brand
        fields = ("word", "title", "holders")
        widgets = {"word": UnfoldAdminTextInputWidget(), "title": UnfoldAdminTextInputWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["holders"] = "\n".join(self.instance.holders)

    def clean_word(self) -> str:
        return _checked(policy_settings.check_word, self.cleaned_data["word"])

    def clean_holders(self) -> list[str]:
        return [_checked(policy_settings.check_mailbox, line) for line in self.cleaned_data["holders"].split()]


@admin.register(Brand)
class BrandAdmin(SettingsAdmin):
    form = BrandForm
    list_display = ("word", "title", "shown_holders")
    search_fields = ("word", "title")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SETTINGS)

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm(SETTINGS)

    def get_fields(self, request: HttpRequest, obj=None) -> tuple[str, ...]:
        may_change = self.has_change_permission(request, obj)
        return ("word", "title", "holders", "reason") if may_change else ("word", "title", "shown_holders")

    def get_readonly_fields(self, request: HttpRequest, obj=None) -> tuple[str, ...]:
        # The word is the key: another word is another brand.
        return ("shown_holders",) if obj is None else ("word", "shown_holders")

    @display(description="holders")
    def shown_holders(self, brand: Brand) -> str:
        return ", ".join(brand.holders)

    def store(self, obj: Brand, form: ReasonForm, *, by: User) -> None:
        data = form.cleaned_data
        word = data.get("word", obj.pk)
        policy_settings.put_brand(word, title=data["title"], holders=data["holders"], reason=data["reason"], by=by)

    def delete_model(self, request: HttpRequest, obj: Brand) -> None:
        policy_settings.remove_brand(obj, reason="Removed at the desk.", by=request.user)


def _checked(check, value: str) -> str:
    try:
        return check(value)
    except AbuseError as error:
        raise forms.ValidationError(str(error)) from error
