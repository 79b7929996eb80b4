"""Zones: whether they follow, and if not, why and since when."""

from datetime import datetime, timedelta

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Count, F, Min, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from dnsupdate import signings
from dnsupdate.admin.server_states import ServerStateInline
from dnsupdate.admin.zone_rest import ZoneRestAdmin
from dnsupdate.models import Alarm, PendingPublication, Signing, Zone

# A change that waits longer than this is worth a look: the sweep runs every two seconds.
SLOW = timedelta(seconds=10)


@admin.register(Zone)
class ZoneAdmin(ZoneRestAdmin):
    """Made by manage.py add_domain, which checks that updates work, and moves it to another primary with --replace; here
    its secondaries can be changed.
    """

    list_display = (
        "name",
        "state",
        "health",
        "waiting",
        "oldest_waiting",
        "published_at",
        "dnssec",
        "primary",
        "failure",
    )
    list_select_related = ("primary", "signing")
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "kind", "primary", "secondaries")}),
        ("State", {"fields": ("state", "frozen_at", "frozen_reason", "retired_at", "membership")}),
        ("Health", {"fields": ("health", "failing_since", "failure", "failure_count", "failed_at", "retry_at")}),
        ("Settings", {"fields": ("unsafe_settings",)}),
        ("Queue", {"fields": ("waiting", "oldest_waiting", "published_at", "created_at")}),
        ("DNSSEC", {"fields": ("dnssec", "ds_for_registry", "signatures_expire_at", "signatures_checked_at")}),
        ("Beside its rows", {"fields": ("last_verification",)}),
    )
    readonly_fields = (
        "name",
        "kind",
        "primary",
        "state",
        "frozen_at",
        "frozen_reason",
        "retired_at",
        "membership",
        "health",
        "failing_since",
        "failure",
        "failure_count",
        "failed_at",
        "retry_at",
        "unsafe_settings",
        "waiting",
        "oldest_waiting",
        "published_at",
        "created_at",
        "dnssec",
        "ds_for_registry",
        "signatures_expire_at",
        "signatures_checked_at",
        "last_verification",
    )
    inlines = (ServerStateInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        waiting = PendingPublication.objects.filter(zone=OuterRef("pk")).order_by().values("zone")
        return (
            super()
            .get_queryset(request)
            .annotate(
                waiting_count=Subquery(waiting.annotate(value=Count("pk")).values("value")),
                oldest_queued_at=Subquery(waiting.annotate(value=Min("queued_at")).values("value")),
            )
            # The worst first: failing longest, then waiting longest.
            .order_by(F("failing_since").asc(nulls_last=True), F("oldest_queued_at").asc(nulls_last=True), "name")
        )

    @display(description="state", label={"frozen": "warning", "retired": "default", "in service": "success"})
    def state(self, zone: Zone) -> str:
        if zone.is_retired:
            return "retired"
        return "frozen" if zone.is_frozen else "in service"

    @display(
        description="health", label={"failing": "danger", "slow": "warning", "follows": "success", "rests": "default"}
    )
    def health(self, zone: Zone) -> str:
        if zone.is_frozen or zone.is_retired:
            return "rests"
        if zone.is_failing:
            return "failing"
        oldest = zone.oldest_queued_at
        return "slow" if oldest and timezone.now() - oldest > SLOW else "follows"

    @display(description="waiting", ordering="waiting_count")
    def waiting(self, zone: Zone) -> int:
        return zone.waiting_count or 0

    @display(description="oldest waiting since", empty_value="–")
    def oldest_waiting(self, zone: Zone):
        return zone.oldest_queued_at

    @display(
        description="DNSSEC",
        label={"problem": "danger", "signed": "success", "not signed": "info", "not looked at yet": "info"},
    )
    def dnssec(self, zone: Zone) -> str:
        signing = _signing(zone)
        if signing is None:
            return "not looked at yet"
        if signings.problem(signing):
            return "problem"
        return "signed" if signing.is_signed else "not signed"

    @display(description="DS records for the registry", empty_value="–")
    def ds_for_registry(self, zone: Zone) -> str | None:
        signing = _signing(zone)
        return "\n".join(f"{zone}. IN DS {ds}" for ds in signing.ds) or None if signing else None

    @display(description="first signature expires at", empty_value="–")
    def signatures_expire_at(self, zone: Zone) -> datetime | None:
        signing = _signing(zone)
        return signing.expires_at if signing else None

    @display(description="looked at", empty_value="–")
    def signatures_checked_at(self, zone: Zone) -> datetime | None:
        signing = _signing(zone)
        return signing.checked_at if signing else None

    @display(description="last verification")
    def last_verification(self, zone: Zone) -> str:
        last = zone.verifications.first()
        if last is None:
            return "none yet"
        found = last.error or f"{last.compared_count} names compared, {last.difference_count} different"
        state = found if last.finished_at else f"running, {found}"
        address = f"{reverse('admin:dnsupdate_verification_changelist')}?zone__id__exact={zone.pk}"
        return format_html(
            '{}, {}: {} (<a href="{}">all</a>)',
            f"{last.started_at:%Y-%m-%d %H:%M:%S}",
            last.get_trigger_display(),
            state,
            address,
        )

    @display(description="unsafe settings")
    def unsafe_settings(self, zone: Zone) -> str:
        """As found at the last of the checks that run every ten minutes."""
        alarm = Alarm.objects.open().filter(kind=Alarm.Kind.SETTINGS, zone=zone).first()
        return alarm.text if alarm else "None were found at the last check."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Zone | None = None) -> bool:
        return False


def _signing(zone: Zone) -> Signing | None:
    try:
        return zone.signing
    except ObjectDoesNotExist:
        return None
