"""What a customer says about a hostname."""

from django import forms
from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ddns.forms.fields import AS_TYPED
from ddns.models import Domain, Group, Hostname, User
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise


class Show(TextChoices):
    """What the list may be narrowed to."""

    ALL = "", _("all")
    LIVE = "live", _("live")
    OFFLINE = "offline", _("offline")
    RESTRICTED = "restricted", _("restricted by the abuse desk")
    SILENT = "silent", _("not heard of for a week")
    WAITING = "waiting", _("on their way to DNS")


class Sort(TextChoices):
    """The order of the list."""

    NAME = "", _("name")
    CONTACT = "contact", _("last contact")
    CHANGED = "changed", _("last change")
    GROUP = "group", _("group")


class ListForm(forms.Form):
    """How the list of hostnames is narrowed and ordered. What makes no sense is as if it had not been said."""

    q = forms.CharField(
        label=_("Name or address"), required=False, max_length=253, widget=forms.TextInput(attrs={"type": "search"})
    )
    show = forms.ChoiceField(label=_("Show"), required=False, choices=Show.choices)
    sort = forms.ChoiceField(label=_("Sorted by"), required=False, choices=Sort.choices)
    group = forms.ModelChoiceField(
        label=_("Group"), required=False, queryset=Group.objects.none(), empty_label=_("all")
    )

    def __init__(self, account: User, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = Group.objects.filter(account=account)


class RegisterForm(forms.Form):
    label = forms.CharField(label=_("Name"), max_length=63, widget=forms.TextInput(attrs=AS_TYPED))
    domain = forms.ModelChoiceField(label=_("Domain"), queryset=Domain.objects.none(), empty_label=None)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["domain"].queryset = Domain.objects.taking_names()


class OptionsForm(forms.ModelForm):
    class Meta:
        model = Hostname
        fields = ("wildcard", "offline", "parked", "ttl", "group")
        labels = {
            "wildcard": _("Wildcard"),
            "offline": _("Offline"),
            "parked": _("Parking page"),
            "ttl": _("TTL in seconds"),
            "group": _("Group"),
        }
        help_texts = {
            "wildcard": _("Every name below this one (anything.name) answers the same addresses."),
            "offline": _(
                "Takes the name out of DNS. Its addresses stay stored; the next change of address brings it back."
            ),
            "parked": _("While it is offline the name leads to a page of ours that says so (http only)."),
        }

    def __init__(self, hostname: Hostname, *args, **kwargs) -> None:
        super().__init__(*args, instance=hostname, auto_id="option_%s", **kwargs)
        if not settings.PARKING_ADDRESSES:
            del self.fields["parked"]
        domain = hostname.domain
        self.fields["group"].queryset = Group.objects.filter(account=hostname.account_id)
        self.fields["group"].empty_label = gettext("none")
        self.fields["ttl"].widget.attrs |= {"placeholder": domain.ttl, "inputmode": "numeric"}
        self.fields["ttl"].help_text = gettext(
            "How long resolvers may remember its answers: {least} to {most}. Empty: {usual}, as the domain."
        ).format(least=domain.min_ttl, most=domain.max_ttl, usual=domain.ttl)


class ReleaseForm(forms.Form):
    retyped = forms.CharField(widget=forms.TextInput(attrs=AS_TYPED))

    def __init__(self, hostname: Hostname, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.hostname = hostname
        self.fields["retyped"].label = gettext("Type {hostname} to confirm").format(hostname=hostname)

    def clean_retyped(self) -> str:
        try:
            is_same = normalise(self.cleaned_data["retyped"]) == self.hostname.name
        except InvalidName:
            is_same = False
        if not is_same:
            raise forms.ValidationError(gettext("This is not {hostname}.").format(hostname=self.hostname))
        return self.hostname.name
