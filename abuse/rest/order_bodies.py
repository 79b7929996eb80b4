"""Bodies of orders: JSON with files in base64, or multipart/form-data with files as they are; both say the same."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from abuse.errors import InvalidOrder
from abuse.models import Order, OrderFile
from abuse.order_filings import HOLD_DAYS, MAX_FILES, MAX_TEXT_CHARACTERS, PARTS, Filing, UploadedFile
from abuse.rest import problems
from abuse.submissions import MAX_SIZE, MIB
from ddns.rest import fields, formats
from ddns.rest.problems import TOO_BIG, Failure

# Base64 adds a third.
MAX_BODY = MAX_SIZE * 4 // 3 + MIB
MAX_NAMES = 200_000
MAX_LINE = 2000
_MULTIPART = "multipart/form-data"
# What the verb calls otherwise.
_FIELDS = {"order": "papers", "parts": "wanted_records.parts", "since": "wanted_records.since"} | {
    "until": "wanted_records.until"
}


class Json(formats.Parser):
    most = MAX_BODY


class Multipart(MultiPartParser):
    media_type = _MULTIPART

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as error:
            raise Failure(TOO_BIG, "Send long lists of names as a file: names_files.") from error


@extend_schema_field({"type": "string", "contentEncoding": "base64", "maxLength": MAX_BODY})
class Octets(serializers.Field):
    default_error_messages = {"invalid": "This is no base64 (RFC 4648 §4)."}

    def to_internal_value(self, data: Any) -> bytes:
        try:
            return base64.b64decode(data if isinstance(data, str) else "!", validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError(self.error_messages["invalid"]) from error


_LINE = {"type": "string", "maxLength": MAX_LINE}


@extend_schema_field(
    {"oneOf": [{"type": "string", "maxLength": MAX_BODY}, {"type": "array", "items": _LINE, "maxItems": MAX_NAMES}]}
)
class Names(serializers.Field):
    """A text with a name on each line, or the lines as an array."""

    default_error_messages = {"invalid": "A text with a name on each line, or an array of such lines."}

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str):
            return data
        if not isinstance(data, list) or len(data) > MAX_NAMES:
            self.fail("invalid")
        if not all(isinstance(each, str) and len(each) <= MAX_LINE and "\n" not in each for each in data):
            self.fail("invalid")
        return "\n".join(data)


class FileSerializer(fields.Strict):
    content = Octets()
    filename = fields.Text(max_length=300, required=False, default="", allow_blank=True)
    content_type = fields.Text(max_length=200, required=False, default="", allow_blank=True)


class WantedSerializer(fields.Strict):
    """Of information."""

    parts = serializers.ListField(child=fields.Choice(PARTS), min_length=1, max_length=len(PARTS))
    since = fields.Moment(required=False, allow_null=True, default=None)
    until = fields.Moment(required=False, allow_null=True, default=None)


def _line(most: int, **options: Any) -> fields.Text:
    return fields.Text(max_length=most, **options)


def _optional(most: int, **options: Any) -> fields.Text:
    return fields.Text(max_length=most, required=False, default="", allow_blank=True, **options)


def _moment(help_text: str) -> fields.Moment:
    return fields.Moment(required=False, allow_null=True, default=None, help_text=help_text)


class FilingSerializer(fields.Strict):
    """An order. docs/authorities.md says which kind needs what."""

    kind = fields.Choice(Order.Kind.choices)
    instrument = fields.Choice(Order.Instrument.choices)
    reference = _line(120, help_text="Your file number.")
    issuing_authority = _line(200)
    legal_basis = _line(300)
    reasons = _line(MAX_TEXT_CHARACTERS)
    contact = _line(MAX_TEXT_CHARACTERS, help_text="Who answers our questions, and how.")
    territorial_scope = _optional(200)
    redress = _optional(MAX_TEXT_CHARACTERS)
    return_conditions = _optional(MAX_TEXT_CHARACTERS)
    sealed_until = _moment("Nobody concerned is told before; a year at most.")
    seal_ground = _optional(300, help_text="Which provision says so.")
    due_at = _moment("The order's own deadline; else ours.")
    wanted_effect = fields.Choice([("", "the usual"), *Order.Effect.choices], required=False, default="")
    ends_at = _moment("What is done in DNS ends by itself then.")
    hold_days = fields.Choice([str(each) for each in HOLD_DAYS], required=False, allow_null=True, default=None)
    wanted_records = WantedSerializer(required=False, allow_null=True, default=None)
    names = Names(required=False, default="", help_text="One on each line, as they stand in your file.")
    names_files = serializers.ListField(child=FileSerializer(), required=False, default=list, max_length=MAX_FILES)
    papers = serializers.ListField(child=FileSerializer(), required=False, default=list, max_length=MAX_FILES)
    is_meant_twice = fields.Flag(required=False, default=False, help_text="File the very same once more.")


_TEXT = {"type": "string"}
_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": MAX_FILES}
_OF_MULTIPART = {
    **{name: _TEXT for name in FilingSerializer().fields if name not in ("wanted_records", "papers", "names_files")},
    "parts": {"type": "array", "items": {"type": "string", "enum": list(PARTS)}},
    "since": _TEXT,
    "until": _TEXT,
    "papers": _FILES,
    "names_files": _FILES,
}
REQUEST: dict[str, Any] = {
    "application/json": FilingSerializer,
    _MULTIPART: {
        "type": "object",
        "properties": _OF_MULTIPART,
        "required": ["kind", "instrument", "reference", "issuing_authority", "legal_basis", "reasons", "contact"],
    },
}


def check_size(request: HttpRequest) -> None:
    """By its Content-Length, before anything of it is read. Raises Failure."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        if request.headers.get("Transfer-Encoding"):
            raise Failure(problems.NO_LENGTH, "Send it with Content-Length, not in chunks.")
        return
    if int(length) > MAX_BODY:
        raise Failure(TOO_BIG, f"An order has {MAX_SIZE // MIB} MiB at most, with all its files.")


def said(request: Request) -> dict[str, Any]:
    """What the body says, whichever of both it is. Raises ValidationError."""
    content_type = (request.content_type or "").partition(";")[0].strip().lower()
    data = _of_multipart(request) if content_type == _MULTIPART else request.data
    serializer = FilingSerializer(data=data)
    serializer.is_valid(raise_exception=True)
    return (
        {**serializer.validated_data, **_files_of(request)} if content_type == _MULTIPART else serializer.validated_data
    )


def filing(said: Mapping[str, Any]) -> Filing:
    values = {name: said[name] for name in Filing.__dataclass_fields__ if name in said}
    values["hold_days"] = int(said["hold_days"]) if said["hold_days"] else None
    values["wanted_records"] = said["wanted_records"] or {}
    return Filing(**values)


def files(said: Mapping[str, Any]) -> list[UploadedFile]:
    names, papers = OrderFile.Role.NAMES, OrderFile.Role.ORDER
    found = [UploadedFile(**each, role=papers) for each in said["papers"]]
    if said["names"]:
        found.append(UploadedFile(said["names"].encode(errors="replace"), "names.txt", "text/plain", names))
    return found + [UploadedFile(**each, role=names) for each in said["names_files"]]


def in_fields(error: InvalidOrder) -> serializers.ValidationError:
    """The same by the names that the body has."""
    return serializers.ValidationError({_FIELDS.get(name, name): list(each) for name, each in error.problems.items()})


def _of_multipart(request: Request) -> dict[str, Any]:
    """As JSON has it; files apart."""
    sent: Any = request.data
    data: dict[str, Any] = {name: sent[name] for name in sent if name not in ("papers", "names_files")}
    wanted = {"parts": sent.getlist("parts")} if "parts" in data else {}
    wanted |= {name: data[name] or None for name in ("since", "until") if name in data}
    for name in ("parts", "since", "until"):
        data.pop(name, None)
    for name in ("sealed_until", "due_at", "ends_at", "hold_days"):
        if name in data:
            data[name] = data[name] or None
    if "is_meant_twice" in data:
        data["is_meant_twice"] = {"true": True, "false": False, "": False}.get(
            data["is_meant_twice"], data["is_meant_twice"]
        )
    return data | ({"wanted_records": wanted} if wanted else {})


def _files_of(request: Request) -> dict[str, list[dict[str, Any]]]:
    """Raises ValidationError."""
    unknown = set(request._request.FILES) - {"papers", "names_files"}
    if unknown:
        raise serializers.ValidationError({min(unknown)[:80]: ["There is no such field."]})
    return {
        role: [
            {"content": each.read(), "filename": each.name or "", "content_type": each.content_type or ""}
            for each in request._request.FILES.getlist(role)
        ]
        for role in ("papers", "names_files")
    }
