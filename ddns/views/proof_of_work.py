"""Challenges of the proof of work, for the script of a form."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ddns import proof_of_work, sources


@require_safe
@never_cache
def challenge(request: HttpRequest, purpose: str) -> JsonResponse:
    return JsonResponse(proof_of_work.challenge(sources.address_of(request), purpose=purpose))
