"""The first page of the desk for everybody, and what machines read instead of it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from abuse import contact as contacts
from abuse import receipts
from abuse.models import Category

# Seconds that others may remember what changes rarely.
_PUBLIC = cache_control(public=True, max_age=600)


@require_safe
def contact(request: HttpRequest) -> HttpResponse:
    measured = contacts.paces()
    context = {
        "paces": [
            (category, measured.get(category.key, contacts.no_pace()))
            for category in Category.objects.filter(is_on_form=True)
        ],
        "order_paces": contacts.order_paces(),
        "periods": [each.days for each in contacts.PERIODS],
        "authority_contact": settings.AUTHORITY_CONTACT,
        "security_contact": settings.SECURITY_CONTACT,
        "security_uri": contacts.uri(settings.SECURITY_CONTACT),
        "legal_representative": settings.LEGAL_REPRESENTATIVE,
        "policy_url": contacts.at("abuse_policy"),
        "keys_url": contacts.at("abuse_signing_keys"),
        "appeal_days": settings.APPEAL_WINDOW.days,
        "heads_url": contacts.at("ledger_heads"),
    }
    return render(request, "abuse/contact.html", context)


@require_safe
@_PUBLIC
def policy(request: HttpRequest) -> JsonResponse:
    return _for_machines(contacts.policy())


@require_safe
@_PUBLIC
def signing_keys(request: HttpRequest) -> JsonResponse:
    return _for_machines(receipts.published_keys())


@require_safe
@_PUBLIC
def security_txt(request: HttpRequest) -> HttpResponse:
    return HttpResponse(contacts.security_txt(), content_type="text/plain; charset=utf-8")


def _for_machines(document: dict) -> JsonResponse:
    """Any page may read it: it is the same for all, and knows of no session."""
    response = JsonResponse(document, json_dumps_params={"indent": 1, "ensure_ascii": False})
    response["Access-Control-Allow-Origin"] = "*"
    return response
