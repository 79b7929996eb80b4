"""Cases on the desk: the queue, one screen for each, decided by keyboard, seen by two people without surprise."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse

from abuse import appeals, case_exports, messages, presence, queue, restricted, screen
from abuse.admin import batches as batch_pages
from abuse.admin import case_decisions, offers, openings
from abuse.admin import queue as queue_pages
from abuse.admin.evidence import EvidenceAdmin
from abuse.admin.offers import DecisionForm
from abuse.errors import NotAllowed
from abuse.models import Case, Decision
from abuse.queue import Tab


@admin.register(Case)
class CaseAdmin(EvidenceAdmin):
    """Every page asks view_case; a restricted case is not there for whoever may not see it."""

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        pages = {
            "": (self.queue_view, "changelist"),
            "many/": (self.many_view, "many"),
            "batches/<uuid:batch_id>/": (self.batch_view, "batch"),
            "open/<int:hostname_id>/": (self.open_view, "open"),
            "<int:case_id>/": (self.case_view, "change"),
            "<int:case_id>/next/": (self.next_view, "next"),
            "<int:case_id>/decide/<slug:action>/": (self.decide_view, "decide"),
            "<int:case_id>/impact/<slug:action>/": (self.impact_view, "impact"),
            "<int:case_id>/presence/": (self.presence_view, "presence"),
            "<int:case_id>/note/": (self.note_view, "note"),
            "<int:case_id>/reopen/": (self.reopen_view, "reopen"),
            "<int:case_id>/decisions/<int:decision_id>/proof/": (self.proof_view, "proof"),
            "<int:case_id>/export/": (self.export_view, "export"),
            "<int:case_id>/decisions/<int:decision_id>/<slug:verb>/": (self.decision_view, "decision"),
            "<int:case_id>/appeals/<int:appeal_id>/": (self.appeal_view, "appeal"),
        }
        return [path(route, wrap(view), name=f"abuse_case_{name}") for route, (view, name) in pages.items()]

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        return queue_pages.page(request, self._context(request))

    def many_view(self, request: HttpRequest) -> HttpResponse:
        return queue_pages.many(request, self._context(request))

    def batch_view(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        return batch_pages.page(request, batch_id, self._context(request))

    def open_view(self, request: HttpRequest, hostname_id: int) -> HttpResponse:
        return openings.page(request, hostname_id, self._context(request))

    def case_view(self, request: HttpRequest, case_id: int) -> HttpResponse:
        case = self._case(request, case_id)
        page = self._page(request, case)
        if request.user.has_perm("abuse.decide_case"):
            # Shown as new this once more.
            messages.read(case)
        appeals.look_at_all(case, request.user)
        return page

    def next_view(self, request: HttpRequest, case_id: int) -> HttpResponse:
        return HttpResponseRedirect(self._next(request, self._case(request, case_id)))

    def decide_view(self, request: HttpRequest, case_id: int, action: str) -> HttpResponse:
        """GET gives the form, alone for the script and on the whole page without; POST decides and goes on to the next case."""
        case, offer = self._case(request, case_id), offers.BY_ACTION.get(action)
        if offer is None:
            raise Http404
        if not request.user.has_perm(offer.permission):
            raise PermissionDenied
        if request.method != "POST":
            if not _is_by_script(request):
                return self._page(request, case, offer, _form(offer, case))
            context = {"case": case, "offer": offer, "form": _form(offer, case), "tab": _tab(request)}
            return TemplateResponse(request, "desk/_case_form.html", context | self._impact(request, case, offer))
        form = DecisionForm(offer, case, request.POST)
        decision = case_decisions.take(request, case, form) if form.is_valid() else None
        if decision is None:
            return self._page(request, case, offer, form)
        return HttpResponseRedirect(self._next(request, case, after=decision))

    def impact_view(self, request: HttpRequest, case_id: int, action: str) -> HttpResponse:
        """What it would touch with the parameters in the form so far. Nothing is stored."""
        case, offer = self._case(request, case_id), offers.BY_ACTION.get(action)
        if offer is None:
            raise Http404
        return TemplateResponse(request, "desk/_impact.html", self._impact(request, case, offer, request.GET))

    @staticmethod
    def _impact(request: HttpRequest, case: Case, offer: offers.Offer, data=None) -> dict:
        return {"case": case, "offer": offer} | case_decisions.impact(request, case, offer, data)

    def presence_view(self, request: HttpRequest, case_id: int) -> HttpResponse:
        """The page says that it is open, and is told who else looks at the case and what was decided meanwhile."""
        case = self._case(request, case_id)
        if request.method != "POST":
            return JsonResponse({"error": "POST only."}, status=405)
        if request.POST.get("leave"):
            presence.leave(case.pk, request.user)
            return JsonResponse({})
        others = presence.beat(case.pk, request.user)
        return JsonResponse(
            {
                "known": others is not None,
                "others": [{"name": each.name, "since": f"{each.since:%H:%M}"} for each in others or []],
                "changed": screen.changed_since(case, request.POST.get("version", "")),
            }
        )

    def note_view(self, request: HttpRequest, case_id: int) -> HttpResponse:
        case = self._case(request, case_id)
        if request.method == "POST":
            case_decisions.say(request, case)
        return HttpResponseRedirect(_page_of(case, _tab(request)))

    def reopen_view(self, request: HttpRequest, case_id: int) -> HttpResponse:
        case = self._case(request, case_id)
        if request.method == "POST":
            case_decisions.reopen(request, case)
        return HttpResponseRedirect(_page_of(case, _tab(request)))

    def export_view(self, request: HttpRequest, case_id: int) -> FileResponse | HttpResponse:
        """Everything about the case in one zip, which is entered in the ledger: never by a link."""
        case = self._case(request, case_id)
        if request.method != "POST":
            return HttpResponseRedirect(_page_of(case, _tab(request)))
        try:
            archive = case_exports.write(case, by=request.user)
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        return FileResponse(archive, as_attachment=True, filename=f"case-{case.pk}.zip")

    def decision_view(self, request: HttpRequest, case_id: int, decision_id: int, verb: str) -> HttpResponse:
        """Undoes, approves or refuses. The page of the case has the forms."""
        case = self._case(request, case_id)
        decision = case.decisions.filter(pk=decision_id).first()
        if decision is None or verb not in ("undo", "approve", "refuse"):
            raise Http404
        if request.method == "POST":
            case_decisions.about(request, decision, verb)
        return HttpResponseRedirect(_page_of(case, _tab(request)))

    def proof_view(self, request: HttpRequest, case_id: int, decision_id: int) -> HttpResponse:
        """The part of the page that case.js asks for until it is settled."""
        decision = self._case(request, case_id).decisions.filter(pk=decision_id).first()
        if decision is None:
            raise Http404
        return TemplateResponse(request, "desk/_case_proof.html", {"decision": decision})

    def appeal_view(self, request: HttpRequest, case_id: int, appeal_id: int) -> HttpResponse:
        case = self._case(request, case_id)
        appeal = case.appeals.filter(pk=appeal_id).first()
        if appeal is None:
            raise Http404
        if request.method == "POST":
            case_decisions.appeal(request, appeal)
        return HttpResponseRedirect(_page_of(case, _tab(request)))

    def _page(
        self,
        request: HttpRequest,
        case: Case,
        offer: offers.Offer | None = None,
        form: DecisionForm | None = None,
    ) -> HttpResponse:
        shown = screen.of(case, by=request.user)
        context = self._context(request) | {
            "title": case.name,
            "screen": shown,
            "case": case,
            "preserved_until": case.account and restricted.preserved_until(case.account, request.user),
            "clock": shown.clock,
            "tab": _tab(request),
            "others": presence.beat(case.pk, request.user),
            "beat": presence.BEAT,
            "offers": offers.to(request.user),
            "first_offer": case.category.first_action,
            "offer": offer,
            "form": form,
            "just_done": queue_pages.just_done(request),
        }
        if offer is not None:
            context |= self._impact(request, case, offer, form.data if form is not None and form.is_bound else None)
        return TemplateResponse(request, "desk/case.html", context)

    def _next(self, request: HttpRequest, case: Case, after: Decision | None = None) -> str:
        """The address of the next case of the tab, or of the queue where nothing is left."""
        tab = queue_pages.tab_of(request)
        coming = queue.next_after(case, request.user, tab)
        done = {"done": after.pk} if after else {}
        if coming is None:
            return f"{reverse(queue_pages.LIST)}?{urlencode({'tab': tab.value, **done})}"
        return f"{_page_of(coming, tab.value)}&{urlencode(done)}" if done else _page_of(coming, tab.value)

    def _case(self, request: HttpRequest, case_id: int) -> Case:
        if not self.has_view_permission(request):
            raise PermissionDenied
        related = ("category", "account", "hostname__account", "hostname__domain", "hostname__restriction")
        case = queue.visible(request.user).select_related(*related, "hostname__publication").filter(pk=case_id).first()
        if case is None:
            raise Http404
        return case

    def _context(self, request: HttpRequest) -> dict:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.admin_site.each_context(request) | {"opts": self.opts}


def _form(offer: offers.Offer, case: Case) -> DecisionForm:
    version = screen.version_of(case, screen.decisions_on(case))
    return DecisionForm(offer, case, initial={"version": version})


def _is_by_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def _tab(request: HttpRequest) -> str:
    tab = queue_pages.tab_of(request)
    return (Tab.MINE if tab == Tab.UNREADABLE else tab).value


def _page_of(case: Case, tab: str) -> str:
    return f"{reverse('admin:abuse_case_change', args=[case.pk])}?tab={tab}"
