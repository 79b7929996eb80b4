"""Repeats: the header Idempotency-Key on requests that change something (draft-ietf-httpapi-idempotency-key-header-07)."""

import hashlib
import json
import logging
import re
from typing import Any

from django.db import Error as DatabaseError
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from ddns import idempotent_requests
from ddns.idempotent_requests import MAX_KEY_CHARACTERS, Answer
from ddns.models import IdempotentRequest
from ddns.rest import problems

logger = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = ("ETag", "Location")
# A string of RFC 9651 §3.3.3, or the same without its quotes, as most clients send it.
_PATTERN = rf'"?([!#-\[\]-~]{{1,{MAX_KEY_CHARACTERS}}})"?'
_KEY = re.compile(_PATTERN)

PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": f"^{_PATTERN}$"},
    OpenApiParameter.HEADER,
    description="Your own name for this request, best a UUID. The same request with the same name is done once and answered "
    "the same for 24 hours.",
)


class Replayed(Exception):
    """The request was answered before."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def claim(request: Request) -> IdempotentRequest | None:
    """None where the request names no key, or changes nothing.

    Raises Replayed, RequestUnderWay, RequestDiffers, and ValidationError for what is no key.
    """
    key = key_of(request)
    if key is None:
        return None
    claimed = idempotent_requests.claim(request.user, key=key, digest=_digest(request))
    if isinstance(claimed, Answer):
        raise Replayed(claimed)
    return claimed


def key_of(request: Request) -> str | None:
    """The name that the client gave the request; None where there is none, or nothing is changed. Raises ValidationError."""
    text = request.headers.get(HEADER)
    if text is None or request.method in SAFE_METHODS:
        return None
    match = _KEY.fullmatch(text)
    if match is None:
        raise ValidationError({HEADER: [_("1 to %d visible ASCII characters.") % MAX_KEY_CHARACTERS]})
    return match[1]


def keep(claimed: IdempotentRequest, response: Response) -> None:
    """The answer for next time. What was our fault may be tried again; nor does an outage here spoil the answer."""
    try:
        if response.status_code >= 500:
            return idempotent_requests.give_up(claimed)
        headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
        body = json.loads(json.dumps(response.data, cls=JSONEncoder))
        return idempotent_requests.answer(claimed, Answer(response.status_code, headers, body))
    except DatabaseError as error:
        logger.error("The answer to a request with an Idempotency-Key is not kept: %s", error)


def replay(answer: Answer) -> Response:
    content_type = problems.CONTENT_TYPE if answer.status >= 400 else None
    return Response(answer.body, answer.status, headers={**answer.headers, REPLAYED: "true"}, content_type=content_type)


def _digest(request: Request) -> bytes:
    """Of everything that makes it the same request: who asks with which key, for what, with which body."""
    principal = "session" if request.auth is None else request.auth.pk
    what: list[Any] = [
        principal,
        request.method,
        request.get_full_path(),
        request.headers.get("If-Match"),
        request.data,
    ]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).digest()
