"""Pages of lists: by a cursor that is signed, so that nobody puts anything into a query but what we gave out."""

from typing import Any

from django.core import signing
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor as Position
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

DEFAULT_ROWS = 50
MAX_ROWS = 200


class Cursor(CursorPagination):
    """`cursor`, `limit`, and `ordering` among the view's orderings, the first of which is the default."""

    page_size = DEFAULT_ROWS
    cursor_query_param = "cursor"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list | None:
        # A cursor of another list, or of this one in another order, is none here.
        self.salt = f"ddns.rest.{type(view).__name__}.{_chosen(request, view)}"
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get("limit", str(DEFAULT_ROWS))
        if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MAX_ROWS):
            raise ValidationError({"limit": [_("From 1 to %d.") % MAX_ROWS]})
        return int(text)

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        ordering = _chosen(request, view)
        return ordering, "-pk" if ordering.startswith("-") else "pk"

    def encode_cursor(self, cursor: Position) -> str:
        return replace_query_param(self.base_url, self.cursor_query_param, signing.dumps(list(cursor), salt=self.salt))

    def decode_cursor(self, request: Request) -> Position | None:
        signed = request.query_params.get(self.cursor_query_param)
        if signed is None:
            return None
        try:
            return Position(*signing.loads(signed, salt=self.salt))
        except signing.BadSignature as error:
            raise ValidationError({"cursor": [_("Take it from next or previous of this list, as it is.")]}) from error

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        orderings = list(view.orderings)
        return [
            _parameter("cursor", "Where the page begins: as it came in `next` or `previous`.", {"type": "string"}),
            _parameter(
                "limit",
                "So many at most.",
                {"type": "integer", "minimum": 1, "maximum": MAX_ROWS, "default": DEFAULT_ROWS},
            ),
            _parameter("ordering", "", {"type": "string", "enum": orderings, "default": orderings[0]}),
        ]


def _chosen(request: Request, view: Any) -> str:
    ordering = request.query_params.get("ordering", view.orderings[0])
    if ordering not in view.orderings:
        raise ValidationError({"ordering": [_("One of %s.") % ", ".join(view.orderings)]})
    return ordering


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
