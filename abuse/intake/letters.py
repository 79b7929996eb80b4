"""Letters: the lines of an authority's list, each with the name that it gives or why it gives none, whatever the format."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import json_text, letter_lines, limits, mime, parsing, stix, tables, text, xarf
from abuse.intake.drafts import Subject
from abuse.intake.letter_lines import Found

# As it is kept with an order.
MAX_TEXT = 300
_MARKUP = ("<!doctype", "<html", "<?xml", "<stix", "<iodef")
_IS_AN_ADDRESS = "This is an address: give the names of the hosts instead."
Count = tuple[list[Found], int, int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """What is meant to name something. name is normalised; where it is empty problem says why.

    position counts them from 1, number the lines of the letter.
    """

    position: int
    text: str
    name: str
    port: int | None
    problem: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Letter:
    """All of it. further_count is how many names stand on a line after its first, passed_over what is prose or a heading."""

    lines: tuple[Line, ...]
    comment_count: int
    blank_count: int
    format: str
    passed_over: int = 0
    further_count: int = 0

    @property
    def line_count(self) -> int:
        """As many as the letter has."""
        return len(self.lines) - self.further_count + self.comment_count + self.blank_count + self.passed_over


def read(content: bytes, *, content_type: str = "", filename: str = "") -> Letter:
    """Pasted, CSV, XARF, STIX 2.1, a letter; the type and the name that came with it may say anything. Pure.

    Raises Unreadable where nothing in it names a host, and nothing else. 18,472 lines take half a second.
    """
    if len(content) > limits.MAX_OCTETS:
        raise Unreadable(f"{len(content)} octets; the most is {limits.MAX_OCTETS}. Send it in parts.")
    if content.lstrip()[:5] == b"%PDF-":
        raise Unreadable("This is a PDF, which is never opened here. Give the list of names as text.")
    parsing.refuse_foreign(content)
    said = _said(content)
    if said.lstrip()[:9].lower().startswith(_MARKUP):
        raise Unreadable("This is a web page or XML. Give the list of names as text, CSV, XARF or STIX 2.1.")
    if parsing.JSON.match(said):
        return _of_json(said)
    return _of_table(said) if _is_table(said) else _of_text(said)


def _said(content: bytes) -> str:
    """As text; of a mail what a person would read in it."""
    if not (mime.is_one(content) and b"mime-version:" in content[: 16 * limits.KIB].lower()):
        return text.decode(content)
    leaves = (leaf for leaf in mime.leaves(mime.read(content)) if leaf.content_type == "text/plain")
    return "\n".join(leaf.text for leaf in leaves)


def _of_text(said: str) -> Letter:
    if said.count("\n") > limits.MAX_LINES:
        raise Unreadable(f"More than {limits.MAX_LINES:,} lines. Send it in parts.")
    read = letter_lines.read(said)
    return _letter(read.found, "list" if read.is_list else "letter", read.comments, read.blanks, read.passed_over)


def _is_table(said: str) -> bool:
    return tables.is_one(said) and tables.has_header(said)


def _of_table(said: str) -> Letter:
    """By the column that names hosts; a row is one line, however many the file has for it."""
    lines = said.removesuffix("\n").split("\n")
    comments = sum(line.lstrip().startswith("#") for line in lines)
    blanks = sum(not line.strip() for line in lines)
    # The heading is a row, too.
    found = [each for number, row in enumerate(tables.rows_of(said), 2) for each in _of_row(number, row)]
    rows = len({each.number for each in found})
    return _letter(found, "csv", comments, blanks, max(len(lines) - comments - blanks - rows, 0))


def _of_row(number: int, row: tables.Row) -> Iterator[Found]:
    cells = [row[column] for column in ("host", "ioc", "url") if row.get(column)]
    port = letter_lines.port_of(row.get("port", ""))
    for cell in cells:
        if named := letter_lines.names_in(cell):
            for name, own in named:
                yield Found(number, cell, name, own or port)
            return
    said = next(iter(cells), row.get("address", ""))
    yield Found(number, said or " ".join(row.values()), problem=letter_lines.problem_of(said))


def _of_json(said: str) -> Letter:
    warnings: list[str] = []
    value = json_text.load(said, warnings, and_more=said.lstrip().startswith("{"))
    if isinstance(value, dict) and xarf.is_one(value.get("reports")):
        value = value["reports"]
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return _of_text("\n".join(each.replace("\n", " ") for each in value))
    if xarf.is_one(value):
        return _of_xarf(value if isinstance(value, list) else [value])
    parsed = stix.read(value) if stix.is_one(value) else parsing.of_json(said)
    drafts = [draft for draft in parsed.drafts if not draft.is_retraction]
    # What was observed beside them is context, where somebody has said what the indicators are.
    drafts = [each for each in drafts if each.external_id.startswith("indicator--")] or drafts
    subjects = [subject for draft in drafts for subject in draft.subjects]
    passed_over = parsed.passed_over + len(parsed.drafts) - len(drafts)
    return _letter(map(_of_subject, range(1, len(subjects) + 1), subjects), parsed.format, 0, 0, passed_over)


def _of_xarf(reports: list[Any]) -> Letter:
    """A report is a line; it may name several."""
    if len(reports) > limits.MAX_LINES:
        raise Unreadable(f"More than {limits.MAX_LINES:,} reports. Send it in parts.")
    found: list[Found] = []
    for number, report in enumerate(reports, 1):
        try:
            culprits = xarf.culprits(report)
        except Unreadable as error:
            said = text.line(report.get("report_id")) if isinstance(report, dict) else ""
            found.append(Found(number, said or f"report {number}", problem=text.line(" ".join(map(str, error.args)))))
            continue
        named = {each.name: _of_subject(number, each) for each in reversed(culprits) if each.name}
        found += reversed(named.values()) if named else [_of_subject(number, each) for each in culprits[:1]]
    return _letter(found, "xarf", 0, 0, 0)


def _of_subject(number: int, subject: Subject) -> Found:
    problem = "" if subject.name else _IS_AN_ADDRESS
    return Found(number, subject.url or subject.name or subject.address, subject.name, subject.port, problem)


def _letter(found: Iterable[Found], form: str, comments: int, blanks: int, passed_over: int) -> Letter:
    lines = tuple(
        Line(
            position,
            text.line(each.text, MAX_TEXT) or "?",
            each.name,
            each.port,
            text.line(each.problem, MAX_TEXT),
            each.number,
        )
        for position, each in enumerate(found, 1)
    )
    if len(lines) > limits.MAX_LINES:
        raise Unreadable(f"More than {limits.MAX_LINES:,} names. Send it in parts.")
    if not any(each.name for each in lines):
        raise Unreadable("None of its lines names a host.")
    further = len(lines) - len({each.number for each in lines})
    return Letter(lines, comments, blanks, form, passed_over, further)
