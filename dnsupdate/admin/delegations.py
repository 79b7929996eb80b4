"""Delegations: expected beside observed, what each server says, what has changed, and the button that says it was us."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from dnsupdate import delegations
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import Delegation, Zone
from dnsupdate.pictures import Picture

State = Delegation.State
BADGES = {
    State.UNCHECKED: "default",
    State.OFFERED: "info",
    State.EXPECTED: "success",
    State.CHANGED: "danger",
    State.GONE: "danger",
    State.UNKNOWN: "warning",
}
# Of the history, newest first; the rows keep all of it.
CHANGES_SHOWN = 50


@admin.register(Delegation)
class DelegationAdmin(ModelAdmin):
    """Written by the watch; people say whom to ask and whom to call, and whether a change was theirs."""

    list_display = ("zone", "shown_state", "state_since", "observed_at", "nameservers", "expires_at", "accepted_by")
    list_filter = ("state",)
    list_select_related = ("zone",)
    search_fields = ("zone__name",)
    fields = ("parent_override", "registrar")
    formfield_overrides = {models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})}}
    change_form_outer_before_template = "dnsupdate/_delegation.html"

    @display(
        description="state", ordering="state", label={State(state).label: badge for state, badge in BADGES.items()}
    )
    def shown_state(self, delegation: Delegation) -> str:
        return delegation.get_state_display()

    @display(description="nameservers at the parent", empty_value="none")
    def nameservers(self, delegation: Delegation) -> str | None:
        return ", ".join((delegation.observed or {}).get("ns", [])) or None

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.accept_view)
        return [path("<int:object_id>/accept/", view, name="dnsupdate_delegation_accept"), *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        delegation = self.get_object(request, object_id)
        page = _page(delegation) if delegation is not None else {}
        may_accept = request.user.has_perm("dnsupdate.accept_delegation")
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **page, "may_accept": may_accept}
        )

    def accept_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """GET asks, POST accepts what was shown, or nothing where that has changed since."""
        if not request.user.has_perm("dnsupdate.accept_delegation"):
            raise PermissionDenied
        delegation = self.get_object(request, str(object_id))
        if delegation is None:
            raise Http404
        back = reverse("admin:dnsupdate_delegation_change", args=[delegation.pk])
        if request.method == "POST":
            self._accept(request, delegation.zone, request.POST.get("seen", ""))
            return HttpResponseRedirect(back)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": f"Accept {delegation}"}
        return TemplateResponse(
            request, "dnsupdate/accept_delegation.html", {**context, **_page(delegation), "back": back}
        )

    def _accept(self, request: HttpRequest, zone: Zone, seen: str) -> None:
        try:
            delegations.accept(zone, by=str(request.user), seen=seen)
        except DnsUpdateError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"The delegation of {zone} as it is now is ours. Its alarm is over.")

    def get_readonly_fields(self, request: HttpRequest, obj: Delegation | None = None) -> tuple[str, ...]:
        """Who says whom to ask says what is answered: a server of one's own would hide a seizure."""
        return () if request.user.has_perm("dnsupdate.accept_delegation") else ("parent_override",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Without a zone there is no delegation: the list shows what is watched now."""
        return super().get_queryset(request).filter(zone__in=Zone.objects.delegated())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delegation | None = None) -> bool:
        return False


def _page(delegation: Delegation) -> dict[str, Any]:
    observed = delegation.observed or {}
    return {
        "delegation": delegation,
        "badge": BADGES[State(delegation.state)],
        "compared": _compared(delegation),
        "can_be_accepted": delegation.observed is not None and any(row["differs"] for row in _compared(delegation)),
        "answers": [
            {**answer, "differs": bool(answer["picture"]) and answer["picture"] != delegation.expected}
            for answer in delegation.answers
        ],
        "apexes": [
            {**apex, "differs": not apex["failure"] and sorted(apex["ns"]) != observed.get("ns", [])}
            for apex in delegation.apexes
        ],
        "changes": delegation.changes.all()[:CHANGES_SHOWN],
    }


def _compared(delegation: Delegation) -> list[dict[str, Any]]:
    expected, observed = delegation.expected_picture, delegation.observed_picture
    rows = [
        ("Nameservers", _names(expected), _names(observed)),
        ("Glue", _glue(expected), _glue(observed)),
        ("DS", list(expected.ds) if expected else None, list(observed.ds) if observed else None),
        ("Registry's status", delegation.expected_registry_status, delegation.registry_status),
        ("Expiry", _time(delegation.expected_expires_at), _time(delegation.expires_at)),
    ]
    return [{"name": name, "was": was, "now": now, "differs": was != now} for name, was, now in rows]


def _names(picture: Picture | None) -> list[str] | None:
    return list(picture.ns) if picture else None


def _glue(picture: Picture | None) -> list[str] | None:
    return [f"{name} {address}" for name, addresses in picture.glue for address in addresses] if picture else None


def _time(at) -> list[str]:
    return [f"{at:%Y-%m-%d %H:%M:%S} UTC"] if at else []
