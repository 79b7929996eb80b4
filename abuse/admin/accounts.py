"""Accounts on the desk: whose names these are, deactivated and reactivated with a reason; staff accounts by superusers."""

from datetime import datetime

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from abuse import accounts, queue
from abuse.admin import decisions
from abuse.admin.decisions import Decision
from abuse.models import LedgerEntry
from ddns import accounts as customers
from ddns.models import Hostname, User

HOSTNAME_ROWS = 200
LEDGER_ROWS = 20

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """What staff may do. Built on the theme's forms."""


class AccountCreationForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "is_staff")
        widgets = {"email": UnfoldAdminEmailInputWidget}


class AccountForm(forms.ModelForm):
    """Without the password: it is shown to nobody, not even as a hash."""

    class Meta:
        model = User
        fields = ("email", "plan", "is_staff", "is_superuser", "groups")


@admin.register(User)
class AccountAdmin(UserAdmin, ModelAdmin):
    """Whether an account is active is decided on a page of its own, with a reason and a ledger entry."""

    form, add_form, change_password_form = AccountForm, AccountCreationForm, AdminPasswordChangeForm
    list_display = ("email", "shown_active", "is_staff", "hostname_count", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    list_filter_sheet = False
    search_fields = ("email",)
    search_help_text = "Part of an e-mail address."
    ordering = ("email",)
    readonly_fields = ("date_joined", "last_login")
    filter_horizontal = ()
    actions = None
    show_full_result_count = False
    add_fieldsets = ((None, {"fields": ("email", "is_staff", "password1", "password2")}),)
    fieldsets = (
        ("Account", {"fields": ("email", "plan", "date_joined", "last_login")}),
        ("The desk", {"fields": ("is_staff", "is_superuser", "groups")}),
    )
    change_form_outer_before_template = "desk/_account.html"

    @display(description="active", label={"active": "success", "deactivated": "danger", "closed": "warning"})
    def shown_active(self, account: User) -> str:
        return _state(account)

    @display(description="hostnames", ordering="hostname_count")
    def hostname_count(self, account: User) -> int:
        return account.hostname_count

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        held = Count("hostnames", filter=Q(hostnames__released_at=None))
        return super().get_queryset(request).annotate(hostname_count=held)

    # Rights over accounts are rights over everything: only superusers give them.
    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<int:object_id>/deactivate/", wrap(self.deactivate_view), name="ddns_user_deactivate"),
            path("<int:object_id>/reactivate/", wrap(self.reactivate_view), name="ddns_user_reactivate"),
            path("<int:object_id>/reopen/", wrap(self.reopen_view), name="ddns_user_reopen"),
            path("<int:object_id>/revoke-keys/", wrap(self.revoke_keys_view), name="ddns_user_revoke_keys"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            customers.vouch(obj)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        account = self.get_object(request, object_id)
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **_shown(account, request.user)}
        )

    def deactivate_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        account = self._get(request, object_id)
        names = Hostname.objects.held_by(account).count()
        decision = Decision(
            title=f"Deactivate {account}",
            verb="Deactivate",
            permission="abuse.deactivate_account",
            facts=_facts(account, names),
            consequences=[
                f"{_count(names, 'hostname')} of this account {'leaves' if names == 1 else 'leave'} DNS within seconds.",
                "All its update keys stop working at once, and nobody can log in to it.",
                "Nothing is deleted: reactivating brings back exactly what was.",
                "To take out one name only, go back and suspend that hostname.",
            ],
            act=lambda reason: accounts.deactivate(account, reason=reason, by=request.user),
            done=f"{account} is deactivated; {_count(names, 'hostname')} on the way out of DNS.",
            back=_page_of(account),
            retype=account.email,
        )
        return decisions.page(request, decision, self._context(request, account))

    def reactivate_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        account = self._get(request, object_id)
        names = Hostname.objects.held_by(account).count()
        decision = Decision(
            title=f"Reactivate {account}",
            verb="Reactivate",
            permission="abuse.deactivate_account",
            facts=_facts(account, names),
            consequences=[
                f"{_count(names, 'hostname')} of this account: what is not suspended or offline answers again within seconds.",
                "Its update keys work again, and its owner can log in.",
            ],
            act=lambda reason: accounts.reactivate(account, reason=reason, by=request.user),
            done=f"{account} is active again; {_count(names, 'hostname')} on the way back.",
            back=_page_of(account),
        )
        return decisions.page(request, decision, self._context(request, account))

    def reopen_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        account = self._get(request, object_id)
        decision = Decision(
            title=f"Reopen {account}",
            verb="Reopen",
            permission="abuse.deactivate_account",
            facts=[*_facts(account, Hostname.objects.held_by(account).count()), ("Closed", _day(account.closed_at))],
            consequences=[
                "What its owner undid by closing it comes back: hostnames, update keys, the password.",
                "Hostnames that are suspended stay suspended.",
                "For its owner only, who writes from the address of the account.",
            ],
            act=lambda reason: accounts.reopen(account, reason=reason, by=request.user),
            done=f"{account} is open again.",
            back=_page_of(account),
        )
        return decisions.page(request, decision, self._context(request, account))

    def revoke_keys_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        account = self._get(request, object_id)
        decision = Decision(
            title=f"Revoke all keys of {account}",
            verb="Revoke",
            permission="abuse.deactivate_account",
            facts=_facts(account, Hostname.objects.held_by(account).count()),
            consequences=[
                "Every device and client of this account is refused from its next request on.",
                "Its hostnames keep answering what they answer now; the owner can log in and make new keys.",
                "This cannot be undone: only the digests of keys are stored.",
            ],
            act=lambda reason: accounts.revoke_keys(account, reason=reason, by=request.user),
            done=f"The keys of {account} are revoked.",
            back=_page_of(account),
        )
        return decisions.page(request, decision, self._context(request, account))

    def _get(self, request: HttpRequest, object_id: int) -> User:
        if not self.has_view_permission(request):
            raise PermissionDenied
        account = self.get_object(request, str(object_id))
        if account is None:
            raise Http404
        return account

    def _context(self, request: HttpRequest, account: User) -> dict:
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": account.email,
            "back": _page_of(account),
        }


def _shown(account: User | None, by: User) -> dict:
    if account is None:
        return {}
    return {
        "account": account,
        "hostnames": list(Hostname.objects.held_by(account).with_state()[:HOSTNAME_ROWS]),
        "cases": queue.about(account, by),
        "closed": None if account.closed_at is None else _day(account.closed_at),
        # By number: its e-mail address may have been another when that was decided.
        "ledger": list(
            LedgerEntry.objects.filter(object__startswith="account ", details__account=account.pk)[:LEDGER_ROWS]
        ),
    }


def _facts(account: User, names: int) -> list[tuple[str, str]]:
    return [
        ("Account", account.email),
        ("State", _state(account)),
        ("Hostnames", str(names)),
        ("Working keys", str(account.update_keys.working().count())),
        ("Since", f"{account.date_joined:%Y-%m-%d}"),
    ]


def _state(account: User) -> str:
    if account.closed_at is not None:
        return "closed"
    return "active" if account.is_active else "deactivated"


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "no"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _page_of(account: User) -> str:
    return reverse("admin:ddns_user_change", args=[account.pk])
