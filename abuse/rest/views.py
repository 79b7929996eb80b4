"""Views of the APIs for reporters and officers: what they have in common."""

import uuid
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from abuse.models import Officer, OfficerKey, Reporter
from abuse.rest.authentication import Key, OfficersKey
from abuse.rest.rate_limits import OfficersThrottle, Throttle
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


class OfficersView(views.View):
    """For officers in office, with a key of theirs. No session counts, so no page can make a browser file."""

    authentication_classes = (OfficersKey,)
    permission_classes = (IsAuthenticated,)
    throttle_classes = (OfficersThrottle,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Repeats are known by the orders themselves (abuse.orders): they are told apart for good, not for a day."""
        GenericViewSet.initial(self, request, *args, **kwargs)

    @property
    def key(self) -> OfficerKey:
        key: Any = self.request.auth
        return key

    @property
    def officer(self) -> Officer:
        return self.key.officer


def number(text: str) -> uuid.UUID:
    """Of a submission or an order, out of a path. Raises NotFound."""
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound from error
