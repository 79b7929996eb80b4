"""What a customer says about a group."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ddns.forms.fields import NamesField
from ddns.models import User


class GroupForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=60)


class MembersForm(forms.Form):
    names = NamesField(
        label=_("Put hostnames into it"),
        help_text=_("Whole names, separated by blanks or lines. They leave the group that they are in."),
    )

    def __init__(self, account: User, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["names"].account = account
