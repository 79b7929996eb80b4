"""A case opened by hand: from the page of a hostname, or of a case whose account was locked."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from abuse import openings, queue
from abuse.errors import AbuseError
from abuse.models import Case, Category
from ddns.errors import DdnsError
from ddns.models import Hostname, User


class OpeningForm(forms.Form):
    category = forms.ModelChoiceField(
        Category.objects.none(), empty_label="Choose…", widget=UnfoldAdminSelectWidget, label="Category"
    )
    reason = forms.CharField(
        max_length=openings.MAX_REASON_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        error_messages={"required": "A case needs a reason: it is the report that the case rests on."},
        help_text="What you saw, and where. It is your report, and goes into the ledger, unchangeable.",
    )
    after = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        known = Category.objects.order_by("key")
        restricted = Category.Route.RESTRICTED
        self.fields["category"].queryset = known if queue.may_see_restricted(user) else known.exclude(route=restricted)
        self.fields["category"].label_from_instance = lambda category: f"{category.title} ({category.key})"


def page(request: HttpRequest, hostname_id: int, context: dict) -> HttpResponse:
    """GET asks, POST opens and goes to the case; back to the case that it comes from, where there is one."""
    if not request.user.has_perm("abuse.file_report"):
        raise PermissionDenied
    hostname = Hostname.objects.unreleased().select_related("account", "domain", "restriction").filter(pk=hostname_id)
    found = hostname.first()
    if found is None:
        raise Http404
    form = OpeningForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        after = queue.visible(request.user).filter(pk=data["after"]).first() if data["after"] else None
        try:
            case = openings.open_by_hand(found, data["category"], reason=data["reason"], by=request.user, after=after)
        except (AbuseError, DdnsError) as error:
            if after is not None:
                messages.error(request, f"{found}: {error}")
                return HttpResponseRedirect(_page_of(after))
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Case {case.pk} about {found} is open. Nothing was done about the name.")
            return HttpResponseRedirect(_page_of(after or case))
    context |= {"title": f"Open a case about {found}", "hostname": found, "form": form}
    return TemplateResponse(request, "desk/case_open.html", context)


def _page_of(case: Case) -> str:
    return reverse("admin:abuse_case_change", args=[case.pk])
