"""Views of the API for reporters: what they have in common."""

import uuid
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from abuse.models import Reporter
from abuse.rest.authentication import Key
from abuse.rest.rate_limits import Throttle
from ddns.rest import views


class View(views.View):
    """For whoever reports, with a reporter's key or without. No session counts, so no page can make a browser report."""

    authentication_classes = (Key,)
    permission_classes = (AllowAny,)
    throttle_classes = (Throttle,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Repeats are known by what was posted (abuse.postings): there is no account to count them for."""
        GenericViewSet.initial(self, request, *args, **kwargs)

    @property
    def reporter(self) -> Reporter | None:
        key: Any = self.request.auth
        return None if key is None else key.reporter


def number(text: str) -> uuid.UUID:
    """Of a submission, out of a path. Raises NotFound."""
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound from error
