"""Disclosures on the desk: prepared within the order's scope, looked at and released by a second person, taken back."""

from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from abuse import disclosure_scopes, disclosures, restricted
from abuse.admin import decisions
from abuse.admin.decisions import MAX_REASON_CHARACTERS, Decision
from abuse.admin.evidence import EvidenceAdmin
from abuse.errors import AbuseError
from abuse.models import Disclosure, LedgerEntry, Order
from ddns.models import Hostname

# As many as a person can look through; an order about more is disclosed in several packages.
MAX_SHOWN = 500


class PrepareForm(forms.Form):
    """What the order asks for is chosen already; less can be."""

    parts = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    hostnames = forms.ModelMultipleChoiceField(queryset=Hostname.objects.none(), widget=forms.CheckboxSelectMultiple)
    since = forms.DateTimeField(required=False, help_text="UTC. Empty: as the order asks.")
    until = forms.DateTimeField(required=False, help_text="UTC. Empty: as the order asks.")
    reason = forms.CharField(
        max_length=MAX_REASON_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="Goes into the ledger, unchangeable. Say what the order rests on, and why these names.",
        error_messages={"required": "A disclosure needs a reason: the customer and a court may ask for it."},
    )

    def __init__(self, order: Order, after: str, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        asked = disclosure_scopes.wanted_parts(order)
        names = {"subscriber": "subscriber", "addresses": "history of addresses", "log_ins": "log-ins"}
        self.fields["parts"].choices = [(part, names[part]) for part in asked]
        self.fields["parts"].initial = asked
        behind = disclosure_scopes.hostnames_behind(order, *disclosure_scopes.wanted_period(order))
        found = list(behind.filter(name__gt=after)[: MAX_SHOWN + 1])
        self.next = ""
        shown = found[:MAX_SHOWN]
        if len(found) > MAX_SHOWN:
            # A name that changed hands is several rows, which stay together.
            shown = [each for each in shown if each.name != found[MAX_SHOWN].name] or shown
            self.next = shown[-1].name
        # What is shown is what can be chosen.
        self.fields["hostnames"].queryset = behind.filter(pk__in=[each.pk for each in shown])
        self.fields["hostnames"].label_from_instance = _holder
        self.fields["hostnames"].initial = [each.pk for each in shown]


@admin.register(Disclosure)
class DisclosureAdmin(EvidenceAdmin):
    list_display = ("prepared_at", "shown_order", "shown_state", "prepared_by", "released_by", "fetched_at")
    list_select_related = ("order__agency", "prepared_by", "released_by")
    search_fields = ("order__reference",)

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        pages = {
            "of/<uuid:order_id>/prepare/": (self.prepare_view, "prepare"),
            "<int:pk>/release/": (self.release_view, "release"),
            "<int:pk>/refuse/": (self.refuse_view, "refuse"),
            "<int:pk>/take-back/": (self.take_back_view, "take_back"),
            "<int:pk>/password/": (self.password_view, "password"),
            "<int:pk>/change/": (self.disclosure_view, "change"),
        }
        mine = [path(route, wrap(view), name=f"abuse_disclosure_{name}") for route, (view, name) in pages.items()]
        return [*mine, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).filter(order__in=restricted.orders(request.user))

    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm("abuse.view_order")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @display(description="order")
    def shown_order(self, disclosure: Disclosure) -> str:
        return str(disclosure.order)

    @display(description="state", label={"released": "success"})
    def shown_state(self, disclosure: Disclosure) -> str:
        return disclosure.get_state_display()

    def prepare_view(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        order = restricted.order_or_none(request.user, order_id)
        if order is None:
            raise Http404
        if not request.user.has_perm("abuse.disclose"):
            raise PermissionDenied
        try:
            form = PrepareForm(order, request.GET.get("after", ""), request.POST if request.method == "POST" else None)
            if request.method == "POST" and form.is_valid():
                return HttpResponseRedirect(page_of(_prepare(order, form, request.user)))
        except AbuseError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(_order_page(order))
        context = self._context(request) | {"title": "Prepare a disclosure", "order": order, "form": form}
        return TemplateResponse(request, "desk/disclosure_prepare.html", context)

    def disclosure_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The scope, whose it is, and everything that was done with it."""
        disclosure = self._disclosure(request, pk)
        return TemplateResponse(request, "desk/disclosure.html", self._about(request, disclosure))

    def release_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """By POST from the page that shows the scope; with the digest that was shown there."""
        disclosure = self._disclosure(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            disclosures.release(disclosure, by=request.user, digest=request.POST.get("digest", ""))
        except AbuseError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Released. The officer has a mail; read the password to them on the phone.")
        return HttpResponseRedirect(page_of(disclosure))

    def password_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """By POST, since every look is in the ledger; in no cache and no redirect."""
        disclosure = self._disclosure(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            password = disclosures.password_of(disclosure, by=request.user)
        except AbuseError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(page_of(disclosure))
        context = self._about(request, disclosure) | {"password": disclosures.spelled(password)}
        return TemplateResponse(request, "desk/disclosure.html", context, headers={"Cache-Control": "no-store"})

    def refuse_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        disclosure = self._disclosure(request, pk)
        is_own = disclosure.prepared_by_id == request.user.pk
        decision = Decision(
            title="Take the proposal back" if is_own else "Refuse the disclosure",
            verb="Take it back" if is_own else "Refuse",
            facts=_facts(disclosure),
            consequences=["Nothing is gathered, and nothing handed out. It can be prepared anew."],
            act=lambda reason: disclosures.refuse(disclosure, by=request.user, reason=reason),
            done="Refused.",
            back=page_of(disclosure),
            permission="abuse.disclose" if is_own else "abuse.approve_order",
        )
        return decisions.page(request, decision, self._context(request))

    def take_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        disclosure = self._disclosure(request, pk)
        decision = Decision(
            title="Take the disclosure back",
            verb="Take it back",
            facts=_facts(disclosure),
            consequences=[
                "The package and its password are deleted; its manifest and receipt stay.",
                "Only as long as nobody has fetched it.",
            ],
            act=lambda reason: disclosures.take_back(disclosure, by=request.user, reason=reason),
            done="Taken back.",
            back=page_of(disclosure),
            permission="abuse.approve_order",
        )
        return decisions.page(request, decision, self._context(request))

    def _disclosure(self, request: HttpRequest, pk: int) -> Disclosure:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_queryset(request).select_related(
            "order__agency", "order__officer", "prepared_by", "released_by"
        )
        disclosure = found.filter(pk=pk).first()
        if disclosure is None:
            raise Http404
        return disclosure

    def _context(self, request: HttpRequest) -> dict:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.admin_site.each_context(request) | {"opts": self.opts}

    def _about(self, request: HttpRequest, disclosure: Disclosure) -> dict:
        is_own = disclosure.prepared_by_id == request.user.pk
        may_release = request.user.has_perm("abuse.approve_order") and not is_own
        return self._context(request) | {
            "title": f"Disclosure {disclosure.pk}",
            "disclosure": disclosure,
            "order": disclosure.order,
            "facts": _facts(disclosure),
            "hostnames": [_holder(each) for each in _named(disclosure)],
            "entries": LedgerEntry.objects.filter(
                object=f"order {disclosure.order_id}", details__disclosure=disclosure.pk
            ).order_by("sequence"),
            "may_release": may_release,
            "may_refuse": may_release or (is_own and request.user.has_perm("abuse.disclose")),
            "may_see_password": disclosure.released_by_id == request.user.pk and bool(disclosure.sealed_password),
            "phone": disclosure.order.agency.phone,
            "phone_source": disclosure.order.agency.phone_source,
        }


def page_of(disclosure: Disclosure) -> str:
    return reverse("admin:abuse_disclosure_change", args=[disclosure.pk])


def _order_page(order: Order) -> str:
    return reverse("admin:abuse_order_change", args=[order.pk])


def _prepare(order: Order, form: PrepareForm, by) -> Disclosure:
    chosen = list(form.cleaned_data["hostnames"])
    return disclosures.prepare(
        order,
        accounts=list({each.account_id: each.account for each in chosen}.values()),
        hostnames=chosen,
        parts=form.cleaned_data["parts"],
        since=form.cleaned_data["since"],
        until=form.cleaned_data["until"],
        reason=form.cleaned_data["reason"],
        by=by,
    )


def _named(disclosure: Disclosure) -> Sequence[Hostname]:
    return list(disclosure.hostnames.select_related("account").order_by("name")[:MAX_SHOWN])


def _holder(hostname: Hostname) -> str:
    """A name that changed hands is there more than once: by whom it was held when."""
    end = f"{hostname.released_at.astimezone(UTC):%Y-%m-%d}" if hostname.released_at else "now"
    return f"{hostname.name}, {hostname.account}, {hostname.created_at.astimezone(UTC):%Y-%m-%d} to {end}"


def _facts(disclosure: Disclosure) -> list[tuple[str, str]]:
    order = disclosure.order
    return [
        ("Order", f"{order.get_kind_display()} {order.reference}"),
        ("Agency", f"{order.agency}, {order.agency.country}"),
        ("Officer", order.officer.name),
        ("Issued by", order.issuing_authority),
        ("Legal basis", order.legal_basis),
        ("Parts", ", ".join(disclosure.parts)),
        ("From", f"{disclosure.since:%Y-%m-%d %H:%M} UTC" if disclosure.since else "as far as anything is stored"),
        ("To", f"{disclosure.until:%Y-%m-%d %H:%M} UTC" if disclosure.until else "now"),
        ("Accounts", str(disclosure.accounts.count())),
        ("Hostnames", str(disclosure.hostnames.count())),
        ("State", disclosure.get_state_display()),
        ("Prepared", f"{disclosure.prepared_by}, {disclosure.prepared_at:%Y-%m-%d %H:%M} UTC"),
        ("Reason", disclosure.reason),
    ]
