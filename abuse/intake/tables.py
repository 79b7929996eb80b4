"""Tables: CSV with or without a header, whatever stands between its columns."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import kinds, limits, moments, name_lists, subjects, text
from abuse.intake.drafts import Draft, Parsed, Subject
from abuse.intake.xarf import confidence

FORMAT = "csv"

_DELIMITERS = ",;\t|"
_BARE = re.compile(r"[^a-z0-9]+")
# What columns are called, without case and signs; IntelMQ's and Shadowserver's names among them.
_COLUMNS = {
    "url": "url uri link maliciousurl phishingurl sourceurl infringingurl",
    "host": "hostname host domain fqdn name domainname dnsname sourcefqdn subdomain site",
    "ioc": "ioc indicator iocvalue value observable entity artifact target indicatorvalue",
    "address": "ip ipaddress address srcip sourceip dstip ipv4 ipv6 ipaddr resolvedip",
    "port": "port srcport dstport sourceport",
    "at": "timestamp lastseen lastseenutc lastonline date datum zeit time datetime seen detected"
    " reported dateadded firstseen firstseenutc"
    " timesource detectedat seenat reportedat evidenceat",
    "kind": "type typ art category threat threattype kind classification abusetype classificationtype reporttype class abuse",
    "description": "description comment comments note notes info eventdescriptiontext text",
    "malware_family": "malware family malwarefamily malwareprintable malwarename classificationidentifier infection",
    "target_brand": "brand targetbrand impersonates",
    "confidence": "confidence confidencelevel score accuracy feedaccuracy",
    "tags": "tags tag labels",
    "reference": "reference references source feedurl evidenceurl",
    "external_id": "id iocid reportid uuid reference_id caseid ticket",
    "tlp": "tlp",
}
_BY_WORD = {word: column for column, words in _COLUMNS.items() for word in words.split()}
_NAMING = ("url", "host", "ioc", "address")
# A single line with commas is a sentence.
_ROWS_WITHOUT_HEADER = 2
# What tells rows apart that say the same of several hosts.
_OF_ONE = frozenset((*_NAMING, "port"))
_SAMPLE = 50
Row = Mapping[str, str]


def is_one(said: str) -> bool:
    """By a header that names such columns; without one, by rows of one width most of which name a host in a cell."""
    lines = _sample(said)
    if not lines:
        return False
    delimiter = _delimiter(lines)
    rows = list(_parsed(lines, delimiter))
    if not rows or max(map(len, rows)) < 2:
        return False
    if _header(rows[0]):
        return True
    if len(rows) < _ROWS_WITHOUT_HEADER:
        return False
    widths = [len(row) for row in rows]
    usual = max(set(widths), key=widths.count)
    named = sum(any(subjects.find(cell) for cell in row[: limits.MAX_COLUMNS]) for row in rows)
    return usual > 1 and widths.count(usual) >= 0.8 * len(rows) and named >= 0.6 * len(rows)


def has_header(said: str) -> bool:
    """Whether its columns are named, the one of hosts among them, and most rows have such columns."""
    lines = _sample(said)
    rows = list(_parsed(lines, _delimiter(lines)))
    if not rows or len(rows[0]) < 2 or not _header(rows[0]):
        return False
    return 2 * sum(len(row) > 1 for row in rows) > len(rows)


def read(said: str, *, kind: str = "") -> Parsed:
    """Rows that say the same of several hosts are one draft, in the order of the first. Raises Unreadable without any.

    20,000 rows take 0.6 s.
    """
    found: dict[tuple[tuple[str, str], ...], tuple[Draft, list[Subject]]] = {}
    passed_over = 0
    for row in rows_of(said):
        subject = _subject(row)
        if subject is None:
            passed_over += 1
            continue
        key = tuple(sorted(each for each in row.items() if each[0] not in _OF_ONE))
        if key not in found:
            found[key] = (_draft(row, kind), [])
        found[key][1].append(subject)
    if not found:
        raise Unreadable("None of its rows names a host, address or URL.")
    drafts = (replace(draft, subjects=chunk) for draft, of_it in found.values() for chunk in name_lists.chunks(of_it))
    return Parsed(FORMAT, tuple(drafts), passed_over=passed_over)


def rows_of(said: str) -> Iterator[Row]:
    """Each row by what its columns mean; by the cells' own looks where there is no header. Raises Unreadable above the limits."""
    if said.count("\n") > limits.MAX_LINES:
        raise Unreadable(f"More than {limits.MAX_LINES:,} lines. Send it in parts.")
    lines = said.split("\n")
    sample = _sample(said)
    delimiter = _delimiter(sample)
    first = next(iter(_parsed(sample, delimiter)), [])
    header = _header(first)
    rows = _parsed((line for line in lines if line.strip() and not line.lstrip().startswith("#")), delimiter)
    if header:
        next(rows, None)
    else:
        header = _commented_header(lines, delimiter)
    for row in rows:
        cells = [cell.strip() for cell in row[: limits.MAX_COLUMNS]]
        if not any(cells):
            continue
        if header:
            yield _named(header, cells)
        else:
            yield from _guessed(cells)


def raw_rows(said: str, columns: Sequence[str]) -> Iterator[Row]:
    """Of a feed whose columns are known: by the header in its comments, else by these. “None” is nothing."""
    if said.count("\n") > limits.MAX_LINES:
        raise Unreadable(f"More than {limits.MAX_LINES:,} lines. Send it in parts.")
    lines = said.split("\n")
    header: Sequence[str] = columns
    for line in lines[:_SAMPLE]:
        if line.startswith("#") and line.count(",") >= 3:
            header = [cell.strip().lower() for cell in next(iter(_parsed([line.lstrip("# ")], ",")), [])]
    for row in _parsed((line for line in lines if line.strip() and not line.startswith("#")), ","):
        if [cell.strip().lower() for cell in row[:3]] == list(header[:3]):
            continue
        yield {
            name: "" if (said_ := cell.strip()) == "None" else said_ for name, cell in zip(header, row, strict=False)
        }


def _parsed(lines: Any, delimiter: str) -> Iterator[list[str]]:
    """Rows; a cell above the csv module's own limit makes its row an empty one."""
    reader = csv.reader(
        (line[: limits.MAX_LINE_CHARACTERS] for line in lines), delimiter=delimiter, skipinitialspace=True
    )
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield []


def _sample(said: str) -> list[str]:
    lines = (line for line in said.split("\n", 4 * _SAMPLE)[: 4 * _SAMPLE])
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")][:_SAMPLE]


def _delimiter(lines: Sequence[str]) -> str:
    """The one that the fewest of the first lines go without, and of these the most frequent."""
    return max(
        _DELIMITERS, key=lambda each: (sum(each in line for line in lines), sum(line.count(each) for line in lines))
    )


def _header(row: Sequence[str]) -> list[str]:
    """What each column means, "" for unknown; empty where the row is no header."""
    meanings = [_BY_WORD.get(_BARE.sub("", cell.lower()), "") for cell in row[: limits.MAX_COLUMNS]]
    others = (cell for cell, meaning in zip(row, meanings, strict=False) if not meaning)
    return meanings if any(each in _NAMING for each in meanings) and not any(map(subjects.find, others)) else []


def _commented_header(lines: Sequence[str], delimiter: str) -> list[str]:
    for line in reversed([each for each in lines[:_SAMPLE] if each.startswith("#")]):
        if len(header := _header(next(iter(_parsed([line.lstrip("# ")], delimiter)), []))) > 1:
            return header
    return []


def _named(header: Sequence[str], cells: Sequence[str]) -> Row:
    """The first column that means something counts; a later one where the first is empty."""
    row: dict[str, str] = {}
    for meaning, cell in zip(header, cells, strict=False):
        if meaning and cell and cell.lower() not in ("none", "null", "n/a", "-"):
            row.setdefault(meaning, cell)
    return row


def _guessed(cells: Sequence[str]) -> Iterator[Row]:
    """Each host that a cell is alone, with what the others say; an address beside a single one belongs to it."""
    shared: dict[str, str] = {}
    named: list[tuple[str, str]] = []
    for cell in cells:
        subject = subjects.find(cell)
        if subject is not None:
            named.append(("url" if subject.url else "host" if subject.name else "address", cell))
        elif cell.isdecimal() and len(cell) < 6 and named:
            shared.setdefault("port", cell)
        elif moments.read(cell):
            shared.setdefault("at", cell)
        elif kinds.of_words(cell):
            shared.setdefault("kind", cell)
        elif " " in cell:
            shared.setdefault("description", cell)
    if len(named) == 2 and [column for column, _ in named].count("address") == 1:
        yield shared | dict(named)
        return
    for column, cell in named:
        yield shared | {column: cell}
    if not named:
        yield shared


def _subject(row: Row) -> Subject | None:
    """The URL, else the host, else whatever it is; with the address and port beside it."""
    named = (subjects.find(row[column], "ioc") for column in _NAMING if column in row)
    subject = next((each for each in named if each is not None), None)
    if subject is None:
        return None
    beside = subjects.find(row["address"]) if subject.name and "address" in row else None
    port = row.get("port", "")
    said_port = int(port) if port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536 else None
    return replace(
        subject, address=subject.address or (beside.address if beside else ""), port=subject.port or said_port
    )


def _draft(row: Row, kind: str) -> Draft:
    tags = [tag for each in re.split(r"[,;|\s]+", row.get("tags", "")) if (tag := text.line(each, 100))][
        : limits.MAX_TAGS
    ]
    said_at = row.get("at", "")
    at: datetime | None = moments.read(said_at)
    details = {
        "malware_family": text.line(row.get("malware_family")),
        "target_brand": text.line(row.get("target_brand")),
        "threat_type": text.line(row.get("kind")),
        "confidence": confidence(row.get("confidence")),
        "tags": tags,
        "reference": text.line(row.get("reference"), 1_000),
        "tlp": re.sub(r"^tlp[: ]*", "", text.line(row.get("tlp"), 20).lower()),
    }
    return Draft(
        kind=kinds.of_words(row.get("kind"), *tags) or kind or kinds.OTHER,
        subjects=(),
        evidence_at=at,
        description=row.get("description", ""),
        external_id=text.line(row.get("external_id"), limits.MAX_ID_CHARACTERS),
        details={name: value for name, value in details.items() if value not in (None, "", [])},
        warnings=(f"“{text.line(said_at, 60)}” is no time that can be read.",) if said_at and at is None else (),
    )
