"""Receipts: shown to whoever has their number, verified for whoever brings one."""

import json
from datetime import timedelta

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from abuse import contact, effects, flooding, receipts
from abuse.errors import WrongReceipt
from abuse.forms import wordings
from abuse.models import Receipt
from abuse.views import refusals
from ddns import sources

# Several times what a receipt of ours has.
MAX_OCTETS = 20_000
# Twice what the report of an order of 20,000 names at three servers has.
MAX_REPORT = 16 * 1024 * 1024


@require_safe
@never_cache
def receipt(request: HttpRequest, pk) -> HttpResponse:
    """What was signed, and whether it holds. Nothing of the report behind it: whoever has the number sees it."""
    found = get_object_or_404(Receipt.objects.select_related("key"), pk=pk)
    document = receipts.document(found)
    if request.GET.get("format") == "json":
        return _as_file(found, document)
    body, problem = _verify(document)
    context = {
        "receipt": found,
        "facts": wordings.facts(body or json.loads(found.payload)),
        "problem": problem,
        "document": _text(document),
        "keys_url": contact.at("abuse_signing_keys"),
        "json_url": contact.at("abuse_receipt_json", found.pk),
        "is_of_effect": found.kind == Receipt.Kind.EFFECT,
    }
    return render(request, "abuse/receipt.html", context)


@require_safe
@never_cache
def receipt_json(request: HttpRequest, pk) -> HttpResponse:
    found = get_object_or_404(Receipt.objects.select_related("key"), pk=pk)
    return _as_file(found, receipts.document(found))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """A receipt that somebody brings, by our published keys."""
    pasted = ""
    context: dict = {"keys_url": contact.at("abuse_signing_keys"), "most": MAX_OCTETS}
    if request.method == "POST":
        wait = flooding.count(
            "verify",
            sources.address_of(request),
            limit=settings.REPORT_LOOKS_PER_NETWORK,
            window=timedelta(minutes=1),
        )
        if wait is not None:
            return refusals.too_often(request, wait)
        file = request.FILES.get("report")
        pasted = "" if file else request.POST.get("receipt", "")[:MAX_OCTETS]
        context |= _verify_report(file) if file else _verify_pasted(pasted)
    return render(request, "abuse/verify.html", context | {"pasted": pasted})


def _verify_pasted(pasted: str) -> dict:
    """A receipt, or a short effect report."""
    try:
        shown = json.loads(pasted)
    except (ValueError, RecursionError):
        shown = None
    if isinstance(shown, dict) and "payload" not in shown:
        return _as_report(pasted.encode())
    body, problem = _verify(shown)
    return {"body": wordings.facts(body) if body else [], "problem": problem, "is_checked": True}


def _verify_report(file: UploadedFile) -> dict:
    if (file.size or 0) > MAX_REPORT:
        return {"is_checked": True, "problem": _("This file is bigger than any effect report.")}
    return _as_report(file.read())


def _as_report(octets: bytes) -> dict:
    try:
        found = effects.signed(octets)
    except WrongReceipt as error:
        return {"is_checked": True, "problem": str(error)}
    body, problem = _verify(receipts.document(found.receipt))
    facts = wordings.facts(body) if body else []
    return {"is_checked": True, "is_report": True, "body": facts, "problem": problem, "receipt": found.receipt}


def _verify(document) -> tuple[dict | None, str]:
    """The payload where it holds, else why it does not."""
    try:
        return receipts.verify(document, receipts.keys_of(receipts.published_keys())), ""
    except WrongReceipt as error:
        return None, str(error)


def _as_file(found: Receipt, document: dict) -> JsonResponse:
    response = JsonResponse(document, json_dumps_params={"indent": 1, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="receipt-{found.pk}.json"'
    return response


def _text(document: dict) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False)
