"""What a customer says about a record."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ddns import records
from ddns.forms.fields import AS_TYPED
from ddns.models.records import MAX_RDATA_CHARACTERS


class RecordForm(forms.Form):
    label = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=253,
        widget=forms.TextInput(attrs={**AS_TYPED, "placeholder": "@"}),
        help_text=_("Empty or @: the hostname itself."),
    )
    rdtype = forms.ChoiceField(label=_("Type"), choices=[(each, each) for each in records.TYPES], initial="TXT")
    rdata = forms.CharField(
        label=_("Value"),
        max_length=MAX_RDATA_CHARACTERS,
        widget=forms.TextInput(attrs=AS_TYPED),
        help_text=_('MX: 10 mail.example.com. SRV: 0 5 5060 sip.example.com. CAA: 0 issue "ca.example".'),
    )
    ttl = forms.IntegerField(label=_("TTL"), required=False, min_value=1)

    def __init__(self, *args, **kwargs) -> None:
        # It stands beside the form of options, which has a TTL too.
        super().__init__(*args, auto_id="record_%s", **kwargs)
