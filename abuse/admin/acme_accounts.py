"""acme-dns accounts on the desk: who registered them and what they answer; ended with a reason."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from unfold.decorators import display

from abuse import acme_accounts
from abuse.admin import decisions
from abuse.admin.decisions import Decision
from abuse.admin.evidence import EvidenceAdmin
from ddns import addresses, limits
from ddns.models import AcmeAccount

LIST = "admin:ddns_acmeaccount_changelist"


class KindFilter(admin.SimpleListFilter):
    title, parameter_name = "registered", "registered"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("openly", "without a key"), ("key", "with a key")]

    def queryset(self, request, queryset):
        return queryset.filter(key__isnull=self.value() == "openly") if self.value() in ("openly", "key") else queryset


@admin.register(AcmeAccount)
class AcmeAccountAdmin(EvidenceAdmin):
    list_display = ("fulldomain", "shown_owner", "domain", "source", "created_at", "used_at")
    list_filter = (KindFilter,)
    list_filter_sheet = False
    search_fields = ("subdomain", "username", "hostname__name", "domain", "key__account__email", "source")
    search_help_text = "Name, user name, hostname, e-mail address or source address"
    fields = (
        "fulldomain", "username", "shown_owner", "domain", "texts", "networks", "source", "agent", "created_at", "used_at",
    )  # fmt: skip
    readonly_fields = fields
    change_form_outer_before_template = "desk/_acme_account.html"

    @display(description="whose", empty_value="nobody's")
    def shown_owner(self, account: AcmeAccount) -> str | None:
        return account.key.account.email if account.key else None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).with_owner()

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<int:object_id>/end/", wrap(self.end_view), name="ddns_acmeaccount_end"),
            path("<int:object_id>/end-network/", wrap(self.end_network_view), name="ddns_acmeaccount_end_network"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        account = self.get_object(request, object_id)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "acme_account": account})

    def end_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        account = self._get(request, object_id)
        decision = Decision(
            title=f"End the account of {account}",
            verb="End",
            permission="ddns.delete_acmeaccount",
            facts=_facts(account),
            consequences=[_withdrawn(account), "Its password works no longer, and the account is deleted for good."],
            act=lambda reason: acme_accounts.end([account], about=str(account), reason=reason, by=request.user),
            done=f"The account of {account} is ended.",
            back=reverse(LIST),
            retype=account.fulldomain,
        )
        return decisions.page(request, decision, self._context(request, account))

    def end_network_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        account = self._get(request, object_id)
        if account.key is not None or account.source is None:
            raise Http404
        network = limits.network_of(addresses.parse(account.source))
        openly = AcmeAccount.objects.open_from(network).with_owner()
        decision = Decision(
            title=f"End all accounts registered from {network}",
            verb="End all",
            permission="ddns.delete_acmeaccount",
            facts=[("Network", str(network)), ("Accounts", f"{openly.count()}, all registered without a key")],
            consequences=[
                "What they answer leaves DNS within seconds.",
                "Their passwords work no longer, and they are deleted for good.",
                f"At most {acme_accounts.MAX_AT_ONCE} at once; accounts that were registered with a key are not touched.",
            ],
            act=lambda reason: acme_accounts.end(openly, about=f"from {network}", reason=reason, by=request.user),
            done=f"The accounts registered from {network} are ended.",
            back=reverse(LIST),
            retype=str(network.network_address),
        )
        return decisions.page(request, decision, self._context(request, account))

    def _get(self, request: HttpRequest, object_id: int) -> AcmeAccount:
        if not self.has_view_permission(request):
            raise PermissionDenied
        account = self.get_object(request, str(object_id))
        if account is None:
            raise Http404
        return account

    def _context(self, request: HttpRequest, account: AcmeAccount) -> dict:
        return self.admin_site.each_context(request) | {"opts": self.opts, "title": account.fulldomain}


def _facts(account: AcmeAccount) -> list[tuple[str, str]]:
    return [
        ("Name", account.fulldomain),
        ("Whose", account.key.account.email if account.key else "nobody's: registered without a key"),
        ("Said to be for", account.domain or "not known"),
        ("Values", ", ".join(account.texts) or "none"),
        ("Registered", f"{account.created_at:%Y-%m-%d} from {account.source or 'an unknown address'}"),
        ("Last used", f"{account.used_at:%Y-%m-%d}" if account.used_at else "never"),
    ]


def _withdrawn(account: AcmeAccount) -> str:
    if account.hostname is not None:
        return (
            f"The challenges at {account} stay: they are records of the hostname, which is suspended on its own page."
        )
    return f"{account} leaves DNS within seconds. Domains that point to it get no certificate by it any more."
