"""Hostnames on the desk: found by whatever was pasted, seen on one page, suspended and lifted."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display

from abuse import evidence, queue, restricted, search, suspensions
from abuse.admin import decisions
from abuse.admin.decisions import Decision
from abuse.admin.evidence import EvidenceAdmin
from abuse.admin.filters import DomainFilter, StateFilter
from abuse.models import Suspension
from ddns import hostnames
from ddns.models import Hostname
from ddns.models.hostnames import State

# Colours of the badges, by state.
BADGES = {
    State.LIVE: "success",
    State.HELD: "warning",
    State.SUSPENDED: "danger",
    State.DIVERTED: "warning",
    State.OFFLINE: "info",
    State.RELEASED: "default",
}


@admin.register(Hostname)
class HostnameAdmin(EvidenceAdmin):
    list_display = ("shown_name", "shown_state", "shown_account", "addresses", "changed_at", "in_dns")
    list_filter = (StateFilter, DomainFilter)
    list_filter_sheet = False
    search_fields = ("name",)
    search_help_text = "Name (a URL, defanged, any case), e-mail or IP address"
    list_select_related = ("account", "domain", "restriction", "publication")

    @display(description="name", ordering="name", header=True)
    def shown_name(self, hostname: Hostname) -> list[str]:
        return [str(hostname), hostname.name if str(hostname) != hostname.name else ""]

    @display(description="state", label={state.value: badge for state, badge in BADGES.items()})
    def shown_state(self, hostname: Hostname) -> str:
        return hostname.state.value

    @display(description="account", ordering="account__email")
    def shown_account(self, hostname: Hostname) -> str:
        return f"{hostname.account}{'' if hostname.account.is_active else ' (deactivated)'}"

    @display(description="addresses", empty_value="none")
    def addresses(self, hostname: Hostname) -> str | None:
        return ", ".join(filter(None, [hostname.ipv4, hostname.ipv6])) or None

    @display(description="DNS")
    def in_dns(self, hostname: Hostname) -> str:
        return "waiting" if hostname.publication.is_dirty else "published"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str):
        return (search.hostnames(queryset, search_term) if search_term.strip() else queryset), False

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<int:object_id>/suspend/", wrap(self.suspend_view), name="ddns_hostname_suspend"),
            path("<int:object_id>/lift/<int:suspension_id>/", wrap(self.lift_view), name="ddns_hostname_lift"),
            path("<int:object_id>/dns/", wrap(self.dns_view), name="ddns_hostname_dns"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        hostname = self._get(request, object_id)
        context = self._context(request, hostname) | {
            "evidence": evidence.of(hostname, by=request.user),
            "badge": BADGES[hostname.state],
            "cases": queue.about(hostname, request.user),
        }
        return TemplateResponse(request, "desk/hostname.html", context)

    def dns_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The part of the page that desk.js asks for until it is settled."""
        hostname = self._get(request, object_id)
        in_dns = evidence.in_dns(hostname, hostname.suspensions.all())
        return TemplateResponse(request, "desk/_in_dns.html", {"in_dns": in_dns, "hostname": hostname})

    def suspend_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        hostname = self._get(request, object_id)
        decision = Decision(
            title=f"Suspend {hostname}",
            verb="Suspend",
            permission="abuse.add_suspension",
            facts=_facts(hostname),
            consequences=[
                f"{hostname}{_below(hostname)} leaves DNS within seconds"
                f" (NXDOMAIN). Resolvers may remember it for {_minutes(hostnames.longest_ttl(hostname))}.",
                "The customer's devices are told “abuse” and stop updating it. The name can be neither released nor changed.",
                "Its addresses and settings stay stored: lifting brings back exactly what was.",
                "Nothing else is touched: no other name of the account, no key, not the log-in.",
            ],
            act=lambda reason: suspensions.suspend(hostname, reason=reason, by=request.user),
            done=f"{hostname} is suspended. This page shows when DNS has stopped answering.",
            back=_page_of(hostname),
            retype=hostname.name,
        )
        return decisions.page(request, decision, self._context(request, hostname))

    def lift_view(self, request: HttpRequest, object_id: int, suspension_id: int) -> HttpResponse:
        hostname = self._get(request, object_id)
        covering = Suspension.objects.filter(hostname=hostname, pk=suspension_id)
        found = covering.select_related("decision__case", "order_item__order")
        if not (shown := restricted.without_reasons(found, request.user)):
            raise Http404
        suspension = shown[0]
        others = hostname.suspensions.in_force().exclude(pk=suspension.pk).count()
        decision = Decision(
            title=f"Lift the suspension of {hostname}",
            verb="Lift",
            permission="abuse.change_suspension",
            facts=[*_facts(hostname), ("Suspended for", suspension.reason)],
            consequences=[_after_lift(hostname, others), "Its devices may update it again from their next try on."],
            act=lambda reason: suspensions.lift(suspension, reason=reason, by=request.user),
            done=f"The suspension of {hostname} is lifted. This page shows when DNS has followed.",
            back=_page_of(hostname),
        )
        return decisions.page(request, decision, self._context(request, hostname))

    def _get(self, request: HttpRequest, object_id: str | int) -> Hostname:
        if not self.has_view_permission(request):
            raise PermissionDenied
        hostname = self.get_object(request, str(object_id))
        if hostname is None:
            raise Http404
        return hostname

    def _context(self, request: HttpRequest, hostname: Hostname) -> dict:
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "hostname": hostname,
            "title": str(hostname),
            "back": _page_of(hostname),
        }

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).with_state()


def _page_of(hostname: Hostname) -> str:
    return reverse("admin:ddns_hostname_change", args=[hostname.pk])


def _facts(hostname: Hostname) -> list[tuple[str, str]]:
    """What a decision is about, to be compared with the report before it is made."""
    others = Hostname.objects.held_by(hostname.account).exclude(pk=hostname.pk).count()
    return [
        ("Name", f"{hostname} ({hostname.name})" if str(hostname) != hostname.name else hostname.name),
        ("Wildcard", f"yes: *.{hostname.name} too" if hostname.wildcard else "no"),
        ("Account", f"{hostname.account}, {others} other {'name' if others == 1 else 'names'}"),
        ("Addresses", ", ".join(filter(None, [hostname.ipv4, hostname.ipv6])) or "none"),
        ("Other records", _records(hostname)),
        ("TTL", f"{hostname.answered_ttl} seconds"),
    ]


def _records(hostname: Hostname) -> str:
    count = hostname.records.count()
    labels = hostname.records.exclude(label="").values("label").distinct().count()
    return f"{count}, {labels} name{'' if labels == 1 else 's'} below it" if count else "none"


def _below(hostname: Hostname) -> str:
    if hostname.wildcard:
        return " and every name below it (wildcard)"
    return " and the names below it that have records" if hostname.records.exclude(label="").exists() else ""


def _minutes(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"up to {minutes} minute{'s' if minutes > 1 else ''} more"


def _after_lift(hostname: Hostname, others: int) -> str:
    if others:
        return f"{others} more suspension{'s' if others > 1 else ''} cover the name: it stays out of DNS."
    if not hostname.account.is_active:
        return "The account is deactivated: the name stays out of DNS until that is undone."
    if hostname.offline:
        return "The customer has taken the name offline: it stays out of DNS until they change that."
    addresses = ", ".join(filter(None, [hostname.ipv4, hostname.ipv6]))
    return f"The name answers {addresses} again within seconds." if addresses else "The name has no address to answer."
