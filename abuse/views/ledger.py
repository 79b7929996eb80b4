"""The published heads of the ledger."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from abuse import ledger_heads

# A head a day: whoever fetches more often gets the same.
MAX_AGE_SECONDS = 300


@require_safe
@cache_control(public=True, max_age=MAX_AGE_SECONDS)
def heads(request: HttpRequest) -> JsonResponse:
    """The latest, newest first, each a receipt to be verified with the published keys."""
    return JsonResponse({"heads": ledger_heads.published()})
