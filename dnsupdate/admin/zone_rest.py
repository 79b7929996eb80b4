"""Freezing and thawing on the zone's page: each says what will happen and calls one verb."""

from collections.abc import Callable, Sequence
from functools import partial

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from dnsupdate import zones
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import Zone

MAX_REASON_CHARACTERS = 1000


class FreezeForm(forms.Form):
    reason = forms.CharField(
        max_length=MAX_REASON_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
        help_text="Shown on the zone's page: whoever finds it frozen must know whether to thaw it.",
    )


class ThawForm(forms.Form):
    """Nothing to ask."""


class ZoneRestAdmin(ModelAdmin):
    """Whoever may change zones may freeze and thaw them; each page is offered where it makes sense."""

    actions_detail = ("freeze_page", "thaw_page")

    @action(description="Freeze", url_path="freeze", permissions=["freeze"])
    def freeze_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        zone = self._zone(request, object_id)
        consequences = [
            "Nothing more is sent to the zone; a publisher that is at work ends its turn within seconds.",
            "Updates are accepted and wait.",
            "Suspensions wait too: a name that is withdrawn now stays in DNS until the zone is thawed.",
        ]
        act = partial(zones.freeze, zone)
        return self._page(request, zone, "Freeze", FreezeForm, consequences, act, f"{zone} is frozen.")

    @action(description="Thaw", url_path="thaw", permissions=["thaw"])
    def thaw_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        zone = self._zone(request, object_id)
        consequences = [
            f"Frozen because: {zone.frozen_reason}",
            "What waits is published at once, over whatever stands at those names by now.",
        ]
        act = partial(zones.thaw, zone)
        return self._page(request, zone, "Thaw", ThawForm, consequences, act, f"{zone} is thawed.")

    def has_freeze_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        resting = Zone.objects.followed().filter(pk=object_id)
        return self.has_change_permission(request) and resting.exists()

    def has_thaw_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        frozen = Zone.objects.exclude(frozen_at=None).filter(pk=object_id)
        return self.has_change_permission(request) and frozen.exists()

    def _zone(self, request: HttpRequest, object_id: str) -> Zone:
        zone = self.get_object(request, object_id)
        if zone is None:
            raise Http404
        return zone

    def _page(
        self,
        request: HttpRequest,
        zone: Zone,
        verb: str,
        form_class: type[forms.Form],
        consequences: Sequence[str],
        act: Callable[..., object],
        done: str,
    ) -> HttpResponse:
        """GET asks, POST acts. What the verb refuses is said on the zone's page."""
        back = reverse("admin:dnsupdate_zone_change", args=[zone.pk])
        form = form_class(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                act(**form.cleaned_data)
            except DnsUpdateError as error:
                messages.error(request, str(error))
            else:
                messages.success(request, done)
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": f"{verb} {zone}",
            "verb": verb,
            "form": form,
            "consequences": consequences,
            "back": back,
        }
        return TemplateResponse(request, "dnsupdate/rest_zone.html", context)
