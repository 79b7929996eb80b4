"""Holds on the desk: which accounts are held until when, renewed and released with a reason; sealed ones by need-to-know."""

from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from unfold.decorators import display

from abuse import holds, restricted
from abuse.admin import decisions
from abuse.admin.decisions import Decision
from abuse.admin.evidence import EvidenceAdmin
from abuse.models import Hold, Order
from ddns.models import User

PERMISSION = "abuse.preserve_account"


@admin.register(Hold)
class HoldAdmin(EvidenceAdmin):
    list_display = ("account", "shown_order", "began_at", "ends_at", "renewal_count", "shown_state")
    list_select_related = ("account", "order__agency")
    search_fields = ("account__email", "order__reference")
    list_display_links = None
    ordering = ("ends_at",)

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        pages = {
            "of/<uuid:order_id>/renew/<int:days>/": (self.renew_view, "renew"),
            "<int:pk>/release/": (self.release_view, "release"),
        }
        mine = [path(route, wrap(view), name=f"abuse_hold_{name}") for route, (view, name) in pages.items()]
        return [*mine, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).filter(order__in=restricted.orders(request.user))

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm("abuse.view_order")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @display(description="order")
    def shown_order(self, hold: Hold) -> str:
        return str(hold.order)

    @display(description="state", label={"in force": "success", "released": "default", "ended": "default"})
    def shown_state(self, hold: Hold) -> str:
        return hold.standing

    def renew_view(self, request: HttpRequest, order_id: UUID, days: int) -> HttpResponse:
        """All that stand under the order, each from its own end."""
        order = restricted.order_or_none(request.user, order_id)
        if order is None or days not in holds.TERMS:
            raise Http404
        standing = order.holds.in_force().order_by("ends_at")
        first = standing.first()
        decision = Decision(
            title=f"Renew the holds of {order.reference} for {days} days",
            verb=f"Renew for {days} days",
            facts=[
                *_facts(order),
                ("Accounts", str(standing.count())),
                ("First end", f"{first.ends_at:%Y-%m-%d %H:%M} UTC" if first else "none stands"),
            ],
            consequences=[
                f"Each hold lasts {days} days longer, from its present end.",
                "The customers notice nothing. The ledger says for which authority.",
                "Do it on a request of the authority: put its date and file number into the reason.",
            ],
            act=lambda reason: holds.renew_all(order, days=days, by=request.user, reason=reason),
            done="Renewed.",
            back=_back(order),
            permission=PERMISSION,
        )
        return self._page(request, decision)

    def release_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        hold = self.get_queryset(request).select_related("account", "order__agency").filter(pk=pk).first()
        if hold is None:
            raise Http404
        decision = Decision(
            title=f"Release the hold on {hold.account}",
            verb="Release",
            facts=[
                *_facts(hold.order),
                ("Account", str(hold.account)),
                ("Until", f"{hold.ends_at:%Y-%m-%d %H:%M} UTC"),
            ],
            consequences=[
                _after(hold.account, hold),
                "Rows whose time was over already go with the next purge, within the hour. They cannot be brought back.",
            ],
            act=lambda reason: holds.release(hold, by=request.user, reason=reason),
            done="Released.",
            back=_back(hold.order),
            permission=PERMISSION,
            retype=hold.account.email,
        )
        return self._page(request, decision)

    def _page(self, request: HttpRequest, decision: Decision) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return decisions.page(request, decision, self.admin_site.each_context(request) | {"opts": self.opts})


def _facts(order: Order) -> list[tuple[str, str]]:
    return [("Order", f"{order.get_kind_display()} {order.reference}"), ("Agency", str(order.agency))]


def _after(account: User, hold: Hold) -> str:
    until = holds.latest(account, without=hold)
    return f"Other holds and decisions preserve it until {until:%Y-%m-%d}." if until else "Nothing else preserves it."


def _back(order: Order) -> str:
    return reverse("admin:abuse_order_change", args=[order.pk])
