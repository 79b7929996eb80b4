"""Files of evidence on the desk: each look is in the ledger before anything is shown; nothing is served as it came."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import mark_safe

from abuse import files, looks, pictures, queue, restricted
from abuse.admin.evidence import EvidenceAdmin
from abuse.files import Kind
from abuse.models import Blob, Category, Evidence
from abuse.pictures import NotAPicture, Size

# A browser that was tricked into opening it finds nothing to run.
SANDBOX = "sandbox; default-src 'none'"


@admin.register(Evidence)
class EvidenceFileAdmin(EvidenceAdmin):
    """No list: evidence is found on its case."""

    def has_view_permission(self, request: HttpRequest, obj: Evidence | None = None) -> bool:
        return request.user.has_perm("abuse.view_evidence")

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        pages = {
            "": (self.file_view, "change"),
            "picture/": (self.picture_view, "picture"),
            "blurred/": (self.blurred_view, "blurred"),
            "download/": (self.download_view, "download"),
        }
        return [
            # What shows nothing may stay in the browser for an hour.
            path(f"<int:evidence_id>/{end}", wrap(view, cacheable=name == "blurred"), name=f"abuse_evidence_{name}")
            for end, (view, name) in pages.items()
        ]

    def file_view(self, request: HttpRequest, evidence_id: int) -> HttpResponse:
        """What it is, and what can be shown of it: text escaped, HTML as its source and without what could do anything."""
        evidence = self._evidence(request, evidence_id)
        context = self.admin_site.each_context(request) | {
            "title": evidence.filename or "Evidence",
            "evidence": evidence,
            "case": evidence.report.case,
            "back": _page_of_case(evidence),
            "is_shut": is_shut(evidence),
            "is_purged": evidence.blob.purged_at is not None,
        }
        if not context["is_shut"] and not context["is_purged"]:
            context |= self._shown(request, evidence)
        return _private(TemplateResponse(request, "desk/evidence.html", context))

    def picture_view(self, request: HttpRequest, evidence_id: int) -> HttpResponse:
        """Painted anew, without metadata; the look goes into the ledger."""
        evidence = self._open(request, evidence_id)
        picture = _painted(evidence, Size.WHOLE)
        looks.note(evidence, by=request.user)
        return _private(HttpResponse(picture, content_type="image/jpeg"), SANDBOX)

    def blurred_view(self, request: HttpRequest, evidence_id: int) -> HttpResponse:
        """Colours without a shape: nobody has looked at anything yet."""
        response = HttpResponse(_painted(self._open(request, evidence_id), Size.BLURRED), content_type="image/jpeg")
        response["Cache-Control"] = "private, max-age=3600"
        return _private(response, SANDBOX)

    def download_view(self, request: HttpRequest, evidence_id: int) -> HttpResponse:
        """As received, to be saved; what could run comes in a locked archive."""
        evidence = self._open(request, evidence_id)
        content, name = bytes(evidence.blob.content), files.name_of(evidence)
        if files.is_locked_away(evidence, content):
            content, name = files.locked(content, name), f"{name}.zip"
        looks.note(evidence, by=request.user)
        response = HttpResponse(content, content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return _private(response, SANDBOX)

    def _shown(self, request: HttpRequest, evidence: Evidence) -> dict:
        content = bytes(evidence.blob.content)
        kind = files.kind_of(content)
        shown = {"kind": kind.value, "is_locked": files.is_locked_away(evidence, content)}
        if kind in (Kind.TEXT, Kind.HTML):
            looks.note(evidence, by=request.user)
            text, is_whole = files.text_of(content)
            # nh3 has left nothing in it but tags without attributes.
            rendering = mark_safe(files.rendered(content)) if kind == Kind.HTML else ""  # noqa: S308
            shown |= {"text": text, "is_whole": is_whole, "rendering": rendering}
        return shown

    def _open(self, request: HttpRequest, evidence_id: int) -> Evidence:
        """What may be shown at all: nothing that is quarantined, restricted or purged, whoever asks."""
        evidence = self._evidence(request, evidence_id)
        if is_shut(evidence) or evidence.blob.purged_at is not None:
            raise Http404
        return evidence

    def _evidence(self, request: HttpRequest, evidence_id: int) -> Evidence:
        if not self.has_view_permission(request):
            raise PermissionDenied
        related = ("blob", "report__case", "report__category", "report__reporter")
        evidence = Evidence.objects.select_related(*related).filter(pk=evidence_id).first()
        if evidence is None or (is_shut(evidence) and not queue.may_see_restricted(request.user)):
            raise Http404
        return evidence


def is_shut(evidence: Evidence) -> bool:
    """Of these nobody sees more than hash, size and names."""
    case, route = evidence.report.case, Category.Route.RESTRICTED
    is_restricted = evidence.report.category.route == route or (case is not None and case.route == route)
    # The same octets may have come with another report.
    same = Blob.objects.filter(pk=evidence.blob_id)
    return evidence.is_quarantined or is_restricted or restricted.octets(same).exists()


def _painted(evidence: Evidence, size: Size) -> bytes:
    try:
        return pictures.paint(bytes(evidence.blob.content), size)
    except NotAPicture as error:
        raise Http404 from error


def _private(response: HttpResponse, policy: str = "") -> HttpResponse:
    response.headers.setdefault("Cache-Control", "no-store")
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    if policy:
        response["Content-Security-Policy"] = policy
    return response


def _page_of_case(evidence: Evidence) -> str:
    case = evidence.report.case_id
    return reverse("admin:abuse_case_change", args=[case]) if case else reverse("admin:abuse_case_changelist")
