"""TSIG keys: their secrets can be set and are shown nowhere."""

import base64
import binascii

from django import forms
from django.contrib import admin
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget

from dnsupdate.errors import InvalidName
from dnsupdate.models import TsigKey
from dnsupdate.names import normalise


class TsigKeyForm(forms.ModelForm):
    new_secret = forms.CharField(
        required=False,
        label="Secret",
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text="Base64. Stored sealed and never shown again; leave it empty to keep the present one.",
    )

    class Meta:
        model = TsigKey
        fields = ("name", "algorithm")

    def clean_name(self) -> str:
        try:
            return normalise(self.cleaned_data["name"])
        except InvalidName as error:
            raise forms.ValidationError(str(error)) from error

    def clean_new_secret(self) -> str:
        secret = self.cleaned_data["new_secret"].strip()
        if not secret and not self.instance.sealed_secret:
            raise forms.ValidationError("A new key needs a secret: `tsig-keygen` or `keymgr -t` makes one.")
        try:
            base64.b64decode(secret, validate=True)
        except (binascii.Error, ValueError) as error:
            raise forms.ValidationError("This is not base64.") from error
        return secret

    def save(self, commit: bool = True) -> TsigKey:
        if self.cleaned_data["new_secret"]:
            self.instance.secret = self.cleaned_data["new_secret"]
        return super().save(commit)


@admin.register(TsigKey)
class TsigKeyAdmin(ModelAdmin):
    form = TsigKeyForm
    fields = ("name", "algorithm", "new_secret")
    list_display = ("name", "algorithm")
    search_fields = ("name",)

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
