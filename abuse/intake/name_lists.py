"""Lists: a name, address, host:port or URL on each line, with comments; as researchers publish them."""

import re
from collections.abc import Iterable, Iterator, Sequence

from abuse.errors import Unreadable
from abuse.intake import kinds, limits, subjects
from abuse.intake.drafts import Draft, Parsed, Subject

FORMAT = "list"

_COMMENT = re.compile(r"(?:^|[ \t])(?:#|;|//|!).*")
# A hosts file: what stands before the name is where it is sent to.
_HOSTS_FILE = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]+(\S+)")
_ADBLOCK = re.compile(r"\|\|([^/^$|]+)\^?(?:\$\S*)?")
# From this share of lines on it is a list and no letter.
_MOSTLY = 0.6


def is_one(content: str) -> bool:
    """Whether most of the first lines that are no comments name a host and say nothing else."""
    said = list(_lines(content.split("\n", 2_000)[:2_000]))[:200]
    single = [each for each in said if len(each) < 300 and " " not in _bare(each) and "\t" not in _bare(each)]
    named = sum(subjects.find(_bare(each)) is not None for each in single)
    return bool(said) and named >= _MOSTLY * len(said)


def read(content: str, *, kind: str = "") -> Parsed:
    """In order, each once; a draft has at most limits.MAX_SUBJECTS of them. Raises Unreadable without any.

    20,000 lines take 0.2 s.
    """
    if content.count("\n") > limits.MAX_LINES:
        raise Unreadable(f"More than {limits.MAX_LINES:,} lines. Send it in parts.")
    found: dict[Subject, None] = {}
    repeated = passed_over = 0
    for line in _lines(content.split("\n")):
        subject = subjects.find(_bare(line), "ioc") if len(line) <= limits.MAX_LINE_CHARACTERS else None
        if subject is None:
            passed_over += 1
        elif subject in found:
            repeated += 1
        else:
            found[subject] = None
    if not found:
        raise Unreadable("None of its lines names a host, address or URL.")
    warnings = [f"{repeated} lines repeat an earlier one."] if repeated else []
    return Parsed(FORMAT, tuple(_drafts(tuple(found), kind or kinds.OTHER)), tuple(warnings), passed_over, repeated)


def chunks(found: Sequence[Subject]) -> Iterator[tuple[Subject, ...]]:
    """As many as one draft has."""
    for start in range(0, len(found), limits.MAX_SUBJECTS):
        yield tuple(found[start : start + limits.MAX_SUBJECTS])


def _drafts(found: Sequence[Subject], kind: str) -> Iterator[Draft]:
    for subjects_of_draft in chunks(found):
        yield Draft(kind=kind, subjects=subjects_of_draft)


def _lines(lines: Iterable[str]) -> Iterator[str]:
    """Without comments; a line of nothing else is none."""
    for line in lines:
        said = line.strip()
        if (said and "#" in said) or ";" in said or "//" in said or "!" in said:
            said = _COMMENT.sub("", said[: limits.MAX_LINE_CHARACTERS + 1]).strip()
        if said:
            yield said


def _bare(line: str) -> str:
    if match := _HOSTS_FILE.fullmatch(line) or _ADBLOCK.fullmatch(line):
        return match[1]
    return line.strip("|^,")
