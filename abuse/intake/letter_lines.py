"""Lines of letters: which of them name hosts, which were meant to and do not, and which are prose."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from abuse.intake import limits, prose, subjects
from abuse.intake.drafts import Subject
from abuse.refang import refang
from dnsupdate import names
from dnsupdate.errors import InvalidName

_COMMENT = ("#", ";", "//", "!")
_REMARK = re.compile(r"[ \t](?:#|//).*")
# “1)”, “(12)”, “a)”, “[3]”, “-”, “•”; a number alone where a name follows.
_MARKER = re.compile(
    r"(?:[-–—•*·▪]|\(?\d{1,6}[.):]|\(?[a-z]\)|\[\d{1,6}\])[ \t]{1,9}|\d{1,6}[ \t]{1,9}(?=\S{1,300}$)", re.I
)
_SEPARATORS = re.compile(r"[,;|\t]+")
_ALONE = re.compile(r"[^\s,;|]+")
_HOSTS_FILE = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]{1,9}(\S+)")
_ADBLOCK = re.compile(r"\|\|([^/^$|]+)\^?(?:\$\S*)?")
_SPACED_DOT = re.compile(r"\w[ \t]{1,3}(?:\.|dot)[ \t]{1,3}\w", re.I)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,253}")
# Of what was meant as a name: something on both sides of a dot, a letter among it; a scheme; a dot that was defanged.
_LIKE_A_NAME = re.compile(r"[^\s.@]\.[^\s.@]*[^\W\d]|[^\W\d][^\s.@]*\.[^\s.@]|\w://|[\[({](?:\.|dot)[\])}]", re.I)
_PORT = re.compile(
    r"\b(?:tcp|udp|ports?)\b[ \t:/=#.]{0,3}(\d{1,5})\b|\b(\d{1,5})/(?:tcp|udp)\b|^\S+[ \t,;|]{1,9}(\d{1,5})$", re.I
)
# What may be a part of a name, or another one.
_MORE = re.compile(r"\w\.\w|[.:]\s|\s[.:]|^[.:]|dot|punkt|point|[\[({]\s*\.", re.I)
# A paste without line ends is one line of any length: it is read in pieces of so many characters.
_PIECE = 2_000
# From so many words on a line without a name is a sentence.
_SENTENCE = 3
_LONG_SENTENCE = 6
# From this share of lines with a name, or with a word alone, it is a list and no letter.
_MOSTLY = 0.5
_HEADINGS = frozenset(
    "host hosts hostname hostnames hostnamen domain domains domäne domänen fqdn name names namen url urls ioc indicator".split()
)

Named = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Found:
    """One name of a line, or why there is none on it. number is the line's, from 1."""

    number: int
    text: str
    name: str = ""
    port: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A letter as it was read."""

    found: list[Found]
    comments: int
    blanks: int
    passed_over: int
    is_list: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """What a line says, without its marker and its remark."""

    number: int
    text: str
    said: str
    is_marked: bool
    named: tuple[Named, ...]

    @property
    def is_entry(self) -> bool:
        return bool(_ALONE.fullmatch(self.said) or (self.named and len(self.said.split()) < _LONG_SENTENCE))


def read(said: str) -> Text:
    """In order of reading. A mail address, the name of a file and an address name no host."""
    lines = said.removesuffix("\n").split("\n") if said else []
    comments = blanks = 0
    rows: list[_Line] = []
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped:
            blanks += 1
        elif stripped.startswith(_COMMENT):
            comments += 1
        else:
            rows += _looked(number, stripped)
    is_list = sum(row.is_entry for row in rows) >= _MOSTLY * len(rows)
    found = list(_found(rows, is_list))
    numbers = {each.number for each in found}
    passed_over = len({row.number for row in rows} - numbers)
    return Text(found, comments, blanks, passed_over, is_list)


def names_in(said: str) -> tuple[Named, ...]:
    """Each name once, with its port; in their order."""
    if _ALONE.fullmatch(said):
        subject = None if _MAIL.fullmatch(said) else subjects.find(said)
        return ((subject.name, subject.port),) if subject is not None and subject.name else ()
    first, _, rest = said.partition(" ")
    if "." in first and not _MORE.search(rest) and (subject := _plain(first)) is not None:
        # Most lines of most letters, ten times as fast as prose is read.
        return ((subject.name, subject.port or _said_port(said)),)
    found: dict[str, int | None] = {}
    for subject in prose.hosts(_SEPARATORS.sub(" , ", said)):
        if subject.name and not found.get(subject.name):
            found[subject.name] = subject.port
    if not found and _SPACED_DOT.search(said) and (subject := subjects.find(said)) is not None and subject.name:
        found[subject.name] = subject.port
    if len(found) == 1 and (port := _said_port(said)):
        found = {name: own or port for name, own in found.items()}
    return tuple(found.items())


def _plain(word: str) -> Subject | None:
    """What the word names, where nothing but a name is in it."""
    if _MAIL.search(word) or _SEPARATORS.search(word):
        return None
    subject = subjects.find(word)
    if subject is None or not subject.name or not (subject.url or prose.is_host(word.strip(".,;:"), subject)):
        return None
    return subject


def port_of(said: str) -> int | None:
    """Of a text that says nothing else."""
    return int(said) if said.isascii() and said.isdigit() and 0 < int(said[:6]) < 65536 else None


def problem_of(said: str) -> str:
    """Why this names no host."""
    if _MAIL.search(said) and "://" not in said:
        return f"“{said[:80]}” is a mail address, and names no host."
    try:
        if subjects.read(said).address:
            return "This is an address: give the names of the hosts instead."
    except subjects.NoSubject as error:
        sentence = str(error)
    else:
        sentence = f"“{said[:80]}” names no host."
    host = refang(said)
    if "." not in host:
        return sentence
    try:
        names.normalise(host)
    except InvalidName as error:
        return str(error)
    return sentence


def _looked(number: int, text: str) -> Iterator[_Line]:
    for piece in _pieces(text):
        said = _REMARK.sub("", piece).strip()
        marker = _MARKER.match(said)
        said = said[marker.end() :].strip() if marker else said
        if match := _HOSTS_FILE.fullmatch(said) or _ADBLOCK.fullmatch(said):
            said = match[1]
        yield _Line(number, piece, said, marker is not None, names_in(said.strip("|^,; ")))


def _pieces(text: str) -> Iterator[str]:
    """The line itself, unless it is longer than lines are: then parts of it, broken where names end."""
    if len(text) <= _PIECE:
        yield text
        return
    piece: list[str] = []
    size = 0
    for word in _ALONE.findall(text):
        word = word[: limits.MAX_WORD_CHARACTERS]
        if piece and size + len(word) > _PIECE:
            yield " ".join(piece)
            piece, size = [], 0
        piece.append(word)
        size += len(word) + 1
    if piece:
        yield " ".join(piece)


def _found(rows: list[_Line], is_list: bool) -> Iterator[Found]:
    if rows and _is_heading(rows[0]):
        rows = rows[1:]
    entries = [at for at, row in enumerate(rows) if row.is_entry and row.named]
    first, last = (entries[0], entries[-1]) if entries else (len(rows), -1)
    # Above and below a list there may be a letter around it.
    has_head, has_foot = any(map(_is_prose, rows[:first])), any(map(_is_prose, rows[last + 1 :]))
    for at, row in enumerate(rows):
        if row.named:
            for name, port in row.named:
                yield Found(row.number, row.text if len(row.text) <= _PIECE // 4 else name, name, port)
            continue
        is_of_list = is_list and (not has_head if at < first else not has_foot if at > last else True)
        if is_of_list or _is_meant(row, is_within=first < at < last):
            yield Found(row.number, row.text, problem=problem_of(row.said))


def _is_heading(row: _Line) -> bool:
    """Of the first line: a word that says what follows, or names of columns that no table is known by."""
    columns = _SEPARATORS.search(row.said) is not None and not _LIKE_A_NAME.search(row.said)
    return not row.named and (columns or row.said.lower() in _HEADINGS)


def _is_prose(row: _Line) -> bool:
    return not row.named and (len(row.said.split()) >= _LONG_SENTENCE or row.said.endswith((",", ":", ".")))


def _is_meant(row: _Line, *, is_within: bool) -> bool:
    """Whether a line of a letter without a name was to give one; it is an item then, so that the letter is answered whole."""
    count = len(row.said.split())
    if count >= _LONG_SENTENCE:
        return False
    if _LIKE_A_NAME.search(row.said) and not _MAIL.search(row.said):
        return True
    return (is_within or row.is_marked) and count < _SENTENCE + row.is_marked


def _said_port(said: str) -> int | None:
    match = _PORT.search(said)
    return port_of(next(filter(None, match.groups()), "")) if match else None
