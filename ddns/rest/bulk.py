"""Bulk: many hostnames registered or changed by one request, with a result for each position."""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ddns import hostname_changes
from ddns.hostname_changes import Registration, Result
from ddns.models import Hostname
from ddns.rest import problems, repeats
from ddns.rest.fields import Text
from ddns.rest.hostnames import HostnameSerializer, OptionsSerializer, RegistrationSerializer, change_of
from ddns.rest.schema import ProblemSerializer
from ddns.rest.views import View
from dnsupdate.errors import InvalidName
from dnsupdate.names import MAX_NAME_CHARACTERS, normalise

# Each takes some milliseconds, and all of them hold the account's lock where it is all or none.
MAX_ITEMS = 100

ALL_OR_NONE = OpenApiParameter(
    "all_or_none",
    {"type": "boolean", "default": False},
    description="Whether nothing is changed unless everything can be. Otherwise each item stands for itself.",
)


class ChangeSerializer(OptionsSerializer):
    """What shall become of the hostname of this name."""

    name = Text(max_length=MAX_NAME_CHARACTERS)


class ResultSerializer(serializers.Serializer):
    """What became of the item at a position: the hostname, or the problem."""

    position = serializers.IntegerField(read_only=True, help_text="In the array that was sent, from 0.")
    status = serializers.IntegerField(read_only=True, help_text="The status that it had as a request of its own.")
    hostname = HostnameSerializer(read_only=True, allow_null=True)
    problem = ProblemSerializer(read_only=True, allow_null=True)


class ResultsSerializer(serializers.Serializer):
    results = ResultSerializer(many=True, read_only=True)


# An item as it was parsed, or what is wrong with it.
Parsed = dict[str, Any] | ValidationError
Verb = Callable[[Sequence[dict[str, Any]], bool], list[Result]]


class Bulk(View):
    """Up to 100 hostnames at once."""

    queryset = Hostname.objects.none()
    serializer_class = ResultsSerializer

    @extend_schema(
        summary="Register many hostnames",
        request=RegistrationSerializer(many=True),
        responses={200: ResultsSerializer},
        parameters=[ALL_OR_NONE, repeats.PARAMETER],
    )
    def create(self, request: Request) -> Response:
        """Needs a key for the whole account."""
        self.authority.check_covers_account()
        return self._respond(self._parsed(RegistrationSerializer), 201, self._register)

    @extend_schema(
        summary="Change many hostnames",
        request=ChangeSerializer(many=True),
        responses={200: ResultsSerializer},
        parameters=[ALL_OR_NONE, repeats.PARAMETER],
    )
    def partial_update(self, request: Request) -> Response:
        """Addresses and options. What is not given stays as it is."""
        return self._respond(self._parsed(ChangeSerializer), 200, self._change)

    def _register(self, items: Sequence[dict[str, Any]], is_all_or_none: bool) -> list[Result]:
        wanted = [Registration(item["name"], change_of(item)) for item in items]
        account, author = self.authority.account, self.author
        return hostname_changes.register_all(account, wanted, author=author, is_all_or_none=is_all_or_none)

    def _change(self, items: Sequence[dict[str, Any]], is_all_or_none: bool) -> list[Result]:
        changes = [change_of(item) for item in items]
        for change in changes:
            self.authority.check_change(change)
        names = [_normalised(item["name"]) for item in items]
        held = {each.name: each for each in self.authority.hostnames().filter(name__in=names)}
        pairs = [(held.get(name), change) for name, change in zip(names, changes, strict=True)]
        return hostname_changes.apply_all(pairs, author=self.author, is_all_or_none=is_all_or_none)

    def _respond(self, parsed: Sequence[Parsed], status: int, verb: Verb) -> Response:
        """What could be parsed is done, unless it is all or none."""
        is_all_or_none = _flag(self.request, "all_or_none")
        outcomes: list[Result | ValidationError | None]
        outcomes = [each if isinstance(each, ValidationError) else None for each in parsed]
        if not (is_all_or_none and any(outcomes)):
            usable = [position for position, outcome in enumerate(outcomes) if outcome is None]
            results = verb([item for item in parsed if isinstance(item, dict)], is_all_or_none)
            for position, result in zip(usable, results, strict=True):
                outcomes[position] = result
        if is_all_or_none and not all(isinstance(outcome, Hostname) for outcome in outcomes):
            return _nothing_done(outcomes)
        found = [_presented(position, outcome, status) for position, outcome in enumerate(outcomes)]
        return Response({"results": found})

    def _parsed(self, serializer_class: type[serializers.Serializer]) -> list[Parsed]:
        """Each item by itself. Raises ValidationError for what is no list of at most MAX_ITEMS."""
        if not isinstance(self.request.data, list):
            raise ValidationError([_("An array is expected.")])
        if len(self.request.data) > MAX_ITEMS:
            raise ValidationError([_("%d items at most. Send them in parts.") % MAX_ITEMS])
        return [self._parse(serializer_class, item) for item in self.request.data]

    def _parse(self, serializer_class: type[serializers.Serializer], item: Any) -> Parsed:
        serializer = serializer_class(data=item, context=self.get_serializer_context())
        return serializer.validated_data if serializer.is_valid() else ValidationError(serializer.errors)


def _nothing_done(outcomes: Sequence[Any]) -> Response:
    """What was wrong, by position; the others could have been done."""
    found: list[dict[str, Any]] = []
    for position, outcome in enumerate(outcomes):
        if isinstance(outcome, Exception):
            found += problems.errors_of(outcome, problems.kind_of(outcome), position)
    return problems.respond(
        problems.NOT_TOGETHER, _("Look at the errors by position, and send all of it again."), found
    )


def _presented(position: int, outcome: Any, status: int) -> dict[str, Any]:
    if isinstance(outcome, Hostname):
        shown = HostnameSerializer(outcome).data
        return {"position": position, "status": status, "hostname": shown, "problem": None}
    problem = problems.of(outcome)
    return {"position": position, "status": problem["status"], "hostname": None, "problem": problem}


def _normalised(text: str) -> str:
    """The name, or the empty one, which nobody has."""
    try:
        return normalise(text)
    except InvalidName:
        return ""


def _flag(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise ValidationError({name: [_("true or false.")]})
    return text == "true"
