"""Effect pages: how an effect report is drawn as PDF: a letter, then every line of the order. Text and rules, nothing active."""

import importlib
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

REGULAR, BOLD = "FiraGO", "FiraGO-Bold"
WIDTH, HEIGHT = A4
MARGIN = 42.0
TEXT_WIDTH = WIDTH - 2 * MARGIN
BOTTOM = 54.0
BODY, SMALL = 9.5, 6.5
LEADING, SMALL_LEADING = 13.5, 8.5
# Where the columns of the table begin: line, name, what was done, decided, out of DNS.
COLUMNS = (MARGIN, MARGIN + 34, MARGIN + 262, MARGIN + 362, MARGIN + 440)
ROW_GAP = 2.5
_GREY, _BLACK = 0.42, 0.0


class Row(NamedTuple):
    """One line of the order: cells of the first line, and lines below it."""

    cells: Sequence[str]
    below: Sequence[str]

    @property
    def height(self) -> float:
        return SMALL_LEADING * (1 + len(self.below)) + ROW_GAP


class Paper:
    """A document under way. Sections flow from page to page; each page says whose it is, and its number of how many."""

    def __init__(self, *, title: str, subject: str, footer: str, total: int = 0) -> None:
        _register()
        self._out = io.BytesIO()
        self._canvas = Canvas(self._out, pagesize=A4, pageCompression=1, lang=get_language() or "en")
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setAuthor(settings.SITE_NAME)
        self._canvas.setCreator(settings.SITE_NAME)
        self._footer = shown(footer)
        self._total = total
        self.page_count = 1
        self._y = HEIGHT - MARGIN

    def heading(self, text: str, *, size: float = 12) -> None:
        self._room(size * 3)
        self._y -= size * 1.6
        self._draw(shown(text), MARGIN, font=BOLD, size=size)
        self._y -= size * 0.5

    def paragraph(self, text: str) -> None:
        for line in wrapped(shown(text), TEXT_WIDTH, size=BODY):
            self._room(LEADING)
            self._y -= LEADING
            self._draw(line, MARGIN)
        self._y -= LEADING / 2

    def facts(self, rows: Iterable[tuple[str, str]], *, indent: float = 150) -> None:
        """Names and values; a value that is long goes on below itself."""
        for name, value in rows:
            lines = wrapped(shown(value), TEXT_WIDTH - indent, size=BODY) or [""]
            self._room(LEADING * min(len(lines), 3))
            for number, line in enumerate(lines):
                self._room(LEADING)
                self._y -= LEADING
                if number == 0:
                    self._draw(shown(name), MARGIN, grey=_GREY)
                self._draw(line, MARGIN + indent)

    def table(self, heads: Sequence[str], pages: Iterable[Sequence[Row]]) -> None:
        """Each on a page of its own, its heads repeated on each."""
        for page in pages:
            self._next_page()
            self._table_page([shown(head) for head in heads], page)

    def octets(self) -> bytes:
        self._end_page()
        self._canvas.save()
        return self._out.getvalue()

    def _table_page(self, heads: Sequence[str], rows: Iterable[Row]) -> None:
        canvas, y = self._canvas, HEIGHT - MARGIN
        text = canvas.beginText()
        text.setFont(BOLD, SMALL)
        for x, head in zip(COLUMNS, heads, strict=True):
            text.setTextOrigin(x, y)
            text.textOut(head)
        text.setFont(REGULAR, SMALL)
        y -= SMALL_LEADING + ROW_GAP
        for row in rows:
            for x, cell in zip(COLUMNS, row.cells, strict=True):
                if cell:
                    text.setTextOrigin(x, y)
                    text.textOut(cell)
            text.setFillGray(_GREY)
            for line in row.below:
                y -= SMALL_LEADING
                text.setTextOrigin(COLUMNS[1], y)
                text.textOut(line)
            text.setFillGray(_BLACK)
            y -= SMALL_LEADING + ROW_GAP
        canvas.drawText(text)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, HEIGHT - MARGIN - 4, WIDTH - MARGIN, HEIGHT - MARGIN - 4)

    def _room(self, height: float) -> None:
        if self._y - height < BOTTOM:
            self._next_page()

    def _next_page(self) -> None:
        self._end_page()
        self.page_count += 1
        self._y = HEIGHT - MARGIN

    def _end_page(self) -> None:
        self._y = MARGIN - SMALL_LEADING
        number = _("Page {number} of {total}").format(number=self.page_count, total=self._total)
        self._draw(self._footer, MARGIN, size=SMALL, grey=_GREY)
        self._canvas.setFont(REGULAR, SMALL)
        self._canvas.drawRightString(WIDTH - MARGIN, self._y, shown(number))
        self._canvas.showPage()

    def _draw(self, text: str, x: float, *, font: str = REGULAR, size: float = BODY, grey: float = _BLACK) -> None:
        self._canvas.setFillGray(grey)
        self._canvas.setFont(font, size)
        self._canvas.drawString(x, self._y, text)
        self._canvas.setFillGray(_BLACK)


def shown(text: str) -> str:
    """The text with what cannot be printed here as JSON writes it. Wrong shapes or a wrong order would be another text."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if _is_shown(each) else json.dumps(each)[1:-1] for each in text)


def is_shown(text: str) -> bool:
    """Whether it can be printed as it stands."""
    return text == shown(text)


def wrapped(text: str, width: float, *, size: float) -> list[str]:
    """At spaces; what has none, inside."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if _width(longer, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _cut(word, width, size)
        lines += whole
    return [*lines, line] if line else lines


def _cut(word: str, width: float, size: float) -> list[str]:
    # The widest letters are about as wide as they are high.
    most = max(1, int(width / size))
    if _width(word, size) <= width:
        return [word]
    return [word[start : start + most] for start in range(0, len(word), most)]


def _width(text: str, size: float) -> float:
    return pdfmetrics.stringWidth(text, REGULAR, size)


def paginated(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """As many rows as a page has room for."""
    room = HEIGHT - MARGIN - BOTTOM - SMALL_LEADING - ROW_GAP
    page: list[Row] = []
    left = room
    for row in rows:
        if page and row.height > left:
            yield page
            page, left = [], room
        page.append(row)
        left -= row.height
    if page:
        yield page


@cache
def _is_shown(character: str) -> bool:
    """Whether the font has it, from left to right and standing alone: nothing here shapes or reorders."""
    is_simple = (
        unicodedata.bidirectional(character) not in ("R", "AL", "AN") and unicodedata.category(character)[0] != "M"
    )
    return is_simple and character.isprintable() and ord(character) in _register().face.charToGlyph


@cache
def _register() -> TTFont:
    """Once in a process: the fonts are some hundred kilobytes of Python."""
    fonts = {}
    for name, module in ((REGULAR, "FiraGO_Regular"), (BOLD, "FiraGO_Bold")):
        octets = importlib.import_module(f"pymupdf_fonts.{module}").fontbuffer
        fonts[name] = TTFont(name, io.BytesIO(octets))
        pdfmetrics.registerFont(fonts[name])
    return fonts[REGULAR]
