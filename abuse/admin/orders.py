"""Orders on the desk: the queue, one screen for each, its lines and papers; sealed ones are not there without need-to-know."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse

from abuse import narrow_orders, order_lines, order_queue, order_screen
from abuse.admin import order_entries, order_pages, order_papers, order_steps
from abuse.admin.evidence import EvidenceAdmin
from abuse.models import Order, OrderItem
from abuse.order_queue import Tab

LIST = "admin:abuse_order_changelist"


@admin.register(Order)
class OrderAdmin(EvidenceAdmin):
    """Every page asks view_order."""

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        pages = {
            "": (self.queue_view, "changelist"),
            "enter/": (self.enter_view, "enter"),
            "<uuid:order_id>/": (self.order_view, "change"),
            "<uuid:order_id>/do/<slug:step>/": (self.step_view, "step"),
            "<uuid:order_id>/decide/": (self.decide_view, "decide"),
            "<uuid:order_id>/handlers/": (self.handlers_view, "handlers"),
            "<uuid:order_id>/live/": (self.live_view, "live"),
            "<uuid:order_id>/lines/": (self.lines_view, "lines"),
            "<uuid:order_id>/lines.csv": (self.lines_csv_view, "lines_csv"),
            "<uuid:order_id>/files/<int:file_id>/": (self.file_view, "file"),
            "<uuid:order_id>/narrow/": (self.narrow_view, "narrow"),
            "<uuid:order_id>/narrow.txt": (self.narrow_text_view, "narrow_text"),
            "<uuid:order_id>/reports/<uuid:report_id>.<slug:kind>": (self.report_view, "report"),
        }
        return [path(route, wrap(view), name=f"abuse_order_{name}") for route, (view, name) in pages.items()]

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        context = self._context(request)
        tab, text, number = _tab(request), request.GET.get("q", "").strip(), _number(request, "page")
        if text:
            page = order_queue.found(request.user, text, number=number)
        else:
            page = order_queue.page(request.user, tab, number=number)
        counts = order_queue.counts(request.user)
        return TemplateResponse(
            request,
            "desk/orders.html",
            context
            | {
                "title": "Orders of authorities",
                "tab": tab.value,
                "tabs": [(each.value, order_queue.TITLES[each], counts.get(each)) for each in Tab],
                "q": text,
                "page": page,
                "this": urlencode({"tab": tab.value, **({"q": text} if text else {})}),
            },
        )

    def enter_view(self, request: HttpRequest) -> HttpResponse:
        return order_entries.page(request, self._context(request))

    def order_view(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        order = self._order(request, order_id)
        return TemplateResponse(
            request,
            "desk/order.html",
            self._context(request) | {"title": str(order), "order": order} | order_pages.context(order, request.user),
        )

    def step_view(self, request: HttpRequest, order_id: UUID, step: str) -> HttpResponse:
        order = self._order(request, order_id)
        return order_steps.page(request, step, order_steps.look(order, request.user), self._context(request))

    def decide_view(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        order = self._order(request, order_id)
        if request.method == "POST":
            order_pages.decide(request, order)
        return HttpResponseRedirect(page_of(order))

    def handlers_view(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        """Who is no handler any more may not know of a sealed one, and is back in the queue."""
        order = self._order(request, order_id)
        if request.method == "POST":
            order_pages.assign(request, order)
        is_there = order_queue.visible(request.user).filter(pk=order.pk).exists()
        return HttpResponseRedirect(page_of(order) if is_there else reverse(LIST))

    def live_view(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        """The part of the page that order.js asks for while the order is under way."""
        order = self._order(request, order_id)
        context = {"order": order} | order_pages.progress(order)
        return TemplateResponse(request, "desk/_order_live.html", context, headers={"Cache-Control": "no-store"})

    def lines_view(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        """Every line of the list, found and page by page."""
        order = self._order(request, order_id)
        wanted = order_papers.wanted(request)
        given = {"outcome": wanted.outcome, "group": wanted.group, "state": wanted.state, "q": wanted.text}
        context = self._context(request) | {
            "title": f"Lines of {order.reference}",
            "order": order,
            "wanted": wanted,
            "page": order_lines.page(order, wanted, after=_number(request, "after", least=0)),
            "found_count": order_lines.find(order, wanted).order_by().count(),
            "this": urlencode({name: value for name, value in given.items() if value}),
            "outcomes": OrderItem.Outcome.choices,
            "states": OrderItem.State.choices,
            "groups": [(group.key, order_screen.title_of(group.key)) for group in order.groups.all()],
        }
        return TemplateResponse(request, "desk/order_lines.html", context)

    def lines_csv_view(self, request: HttpRequest, order_id: UUID) -> HttpResponseBase:
        return order_papers.lines(request, self._order(request, order_id))

    def file_view(self, request: HttpRequest, order_id: UUID, file_id: int) -> HttpResponse:
        return order_papers.file(request, self._order(request, order_id), file_id)

    def narrow_view(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        order = self._order(request, order_id)
        context = {"title": f"Narrow order: {order.reference}", "order": order, "text": narrow_orders.text_of(order)}
        return TemplateResponse(request, "desk/order_narrow.html", self._context(request) | context)

    def narrow_text_view(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        return order_papers.narrow_order(self._order(request, order_id))

    def report_view(self, request: HttpRequest, order_id: UUID, report_id: UUID, kind: str) -> HttpResponse:
        return order_papers.report(self._order(request, order_id), report_id, kind)

    def _order(self, request: HttpRequest, order_id: UUID) -> Order:
        if not self.has_view_permission(request):
            raise PermissionDenied
        people = ("proposed_by", "approved_by", "stopped_by", "undone_by")
        orders = order_queue.visible(request.user).select_related("agency", "officer__account", *people)
        order = orders.filter(pk=order_id).first()
        if order is None:
            raise Http404
        return order

    def _context(self, request: HttpRequest) -> dict:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.admin_site.each_context(request) | {"opts": self.opts}


def page_of(order: Order) -> str:
    return reverse("admin:abuse_order_change", args=[order.pk])


def _tab(request: HttpRequest) -> Tab:
    """One that there is not is the first."""
    asked = request.GET.get("tab", "")
    return Tab(asked) if asked in set(Tab) else Tab.DECIDE


def _number(request: HttpRequest, name: str, least: int = 1) -> int:
    text = request.GET.get(name, "")
    return max(int(text), least) if text.isdecimal() and len(text) < 9 else least
