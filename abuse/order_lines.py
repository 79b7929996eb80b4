"""The lines of an order: found by outcome, group, state and text, page by page, and as a table for other programs."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from abuse.intake.text import clean
from abuse.models import Order, OrderItem
from abuse.refang import refang

PAGE_ROWS = 200
CHUNK = 2000
COLUMNS = (
    *("line", "text", "name", "port", "outcome", "note", "group", "first_seen_at", "last_seen_at", "since"),
    *("ipv4", "ipv6", "holder_name_count", "state", "acted_at", "undone_at", "problem"),
)
# What a spreadsheet would run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Filter:
    """What is wanted; empty is everything."""

    outcome: str = ""
    group: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """after is the line that the next page begins behind; 0: there is none."""

    rows: Sequence[OrderItem]
    after: int


def find(order: Order, wanted: Filter) -> QuerySet[OrderItem]:
    """In the order of the list. A value that does not exist finds nothing."""
    items = OrderItem.objects.filter(order=order).order_by("position")
    given = {"outcome": wanted.outcome, "group": wanted.group, "state": wanted.state}
    items = items.filter(**{name: clean(value) for name, value in given.items() if value})
    text = clean(wanted.text).strip()
    return items.filter(Q(name__contains=refang(text)) | Q(text__icontains=text)) if text else items


def page(order: Order, wanted: Filter, *, after: int = 0) -> Page:
    """The rows behind a line. One query."""
    rows = list(find(order, wanted).filter(position__gt=after).select_related("account")[: PAGE_ROWS + 1])
    return Page(rows[:PAGE_ROWS], rows[PAGE_ROWS - 1].position if len(rows) > PAGE_ROWS else 0)


def as_csv(order: Order, wanted: Filter) -> Iterator[str]:
    """RFC 4180, with a head; without the holders, whom the table is about and not for. Reads CHUNK rows at a time."""
    yield _line(COLUMNS)
    fields = ["position" if name == "line" else name for name in COLUMNS]
    for row in find(order, wanted).values_list(*fields).iterator(chunk_size=CHUNK):
        yield _line([_cell(value) for value in row])


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(values: Sequence[str]) -> str:
    output = io.StringIO()
    csv.writer(output).writerow(values)
    return output.getvalue()
