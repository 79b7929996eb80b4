"""Views: what all have in common. Authority, limits, repeats, and what stands in the header of every answer."""

from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from ddns import sources
from ddns.authority import Authority
from ddns.hostname_changes import Author
from ddns.models import Hostname, IdempotentRequest
from ddns.rest import rate_limits, repeats
from ddns.rest.permissions import authority_of
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise

PROTOCOL = "rest"


class View(GenericViewSet):
    """orderings are those of its list, the default one first."""

    orderings: tuple[str, ...] = ()
    pagination_class: Any = None
    filter_backends: Any = ()
    claimed: IdempotentRequest | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # None: there is no such method here.
        if self.action is not None:
            self.claimed = repeats.claim(request)

    def handle_exception(self, exc: Exception) -> Response:
        return repeats.replay(exc.answer) if isinstance(exc, repeats.Replayed) else super().handle_exception(exc)

    def finalize_response(self, request: HttpRequest, response: Any, *args: Any, **kwargs: Any) -> Response:
        if self.claimed is not None:
            repeats.keep(self.claimed, response)
        for name, value in rate_limits.headers(self.request).items():
            response[name] = value
        response.setdefault("Cache-Control", "private, no-cache")
        return super().finalize_response(request, response, *args, **kwargs)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The methods that there are; the whole description is the OpenAPI document."""
        return Response(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    @property
    def authority(self) -> Authority:
        return authority_of(self.request)

    @property
    def author(self) -> Author:
        """For the history."""
        key = self.authority.key
        agent = self.request.headers.get("User-Agent", "")
        source = sources.address_of(self.request._request)
        return Author(source, agent, PROTOCOL, None if key is None else key.pk)

    def hostname(self) -> Hostname:
        """The one in the path, in whatever spelling. Raises NotFound for what is another's, too."""
        try:
            name = normalise(self.kwargs["name"])
        except InvalidName as error:
            raise NotFound from error
        found = (
            self.authority.hostnames().with_state().select_related("domain__zone__primary").filter(name=name).first()
        )
        if found is None:
            raise NotFound
        return found

    def parsed(self, serializer_class: Any, **options: Any) -> dict[str, Any]:
        """What the body says. Raises ValidationError."""
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context(), **options)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


def in_range(text: str) -> int:
    """A number of a row out of a path; 0, which no row has, for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
