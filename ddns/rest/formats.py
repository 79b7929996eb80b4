"""Formats: JSON in, JSON out. What cannot be stored or answered is refused before anything looks at it."""

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from ddns.rest.problems import TOO_BIG, Failure

KIB = 1024
# A hundred hostnames with everything that can be said of them are a tenth of it.
MAX_BODY_OCTETS = 512 * KIB
# Of what we read the deepest is a list of lists in an object in a list.
MAX_DEPTH = 8


class Parser(BaseParser):
    """JSON (RFC 8259) of a bounded size and depth, of characters that PostgreSQL can hold."""

    media_type = "application/json"
    most = MAX_BODY_OCTETS

    def parse(self, stream: HttpRequest, media_type: str | None = None, parser_context: Any = None) -> Any:
        octets = stream.read(self.most + 1)
        if len(octets) > self.most:
            raise Failure(TOO_BIG, _("A body has %d octets at most. Send it in parts.") % self.most)
        try:
            parsed = json.loads(octets.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not JSON: %s.") % str(error)[:200]) from error
        for text in _texts(parsed, MAX_DEPTH):
            if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
                raise ParseError(_("The body has characters that are none: NUL, or half of a surrogate pair."))
        return parsed


class Renderer(JSONRenderer):
    """What DRF renders, whatever Accept says: a client that cannot read JSON finds it said in Content-Type."""

    charset = None


class Negotiation(BaseContentNegotiation):
    """There is one format each way (RFC 9110 §12.5.1 lets a server answer in what it has)."""

    def select_parser(self, request: Any, parsers: Any) -> BaseParser | None:
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


def _texts(value: Any, depth: int) -> Iterator[str]:
    if depth < 0:
        raise ParseError(_("The body is nested too deeply."))
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, depth - 1)
    elif isinstance(value, dict):
        yield from value
        for each in value.values():
            yield from _texts(each, depth - 1)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not in it")
