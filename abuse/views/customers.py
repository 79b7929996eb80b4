"""What was decided about a customer's names: a list, a case each; by log-in, or by the link from a mail."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse


@login_required
def case_list(request: HttpRequest) -> HttpResponse:
    """Decisions about your names."""
    raise NotImplementedError


@login_required
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """One case."""
    raise NotImplementedError


def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Without a log-in."""
    raise NotImplementedError
