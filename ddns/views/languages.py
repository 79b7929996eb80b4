"""The switch of languages."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from ddns import accounts, languages
from ddns.views.theme import to_where_it_was_chosen


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Remembered in the browser and, of people who are logged in, for their mails."""
    response = to_where_it_was_chosen(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        languages.remember(response, chosen)
        if request.user.is_authenticated:
            accounts.set_language(request.user, chosen)
    return response
