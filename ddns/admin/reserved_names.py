"""Reserved names: what nobody can register."""

from django import forms
from django.contrib import admin
from unfold.admin import ModelAdmin

from ddns.models import ReservedName
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise


class ReservedNameForm(forms.ModelForm):
    class Meta:
        model = ReservedName
        fields = ("name", "reason", "until")

    def clean_name(self) -> str:
        """As registration looks it up."""
        try:
            return normalise(self.cleaned_data["name"])
        except InvalidName as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(ReservedName)
class ReservedNameAdmin(ModelAdmin):
    form = ReservedNameForm
    list_display = ("name", "reason", "until")
    search_fields = ("name", "reason")
