"""Moments: when something was seen, in the spellings of reports. Always aware, in UTC."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from abuse.intake import text

# Outside of these nobody saw an abuse of dynamic DNS, and databases stumble.
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,9})?|\d{13}")
_ISO = re.compile(
    r"(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d))?(?:[.,]\d{1,12})?)?\s*(.*)", re.DOTALL
)
_DAY_FIRST = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?:[T ,]+(\d\d?):(\d\d)(?::(\d\d))?)?\s*(.*)", re.DOTALL)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")


def read(value: object) -> datetime | None:
    """ISO 8601, RFC 5322, seconds or milliseconds since 1970, or days first with dots; without zone: UTC. None if it is none."""
    said = text.line(value, 100)
    if not said:
        return None
    try:
        if _EPOCH.fullmatch(said):
            return _bounded(datetime.fromtimestamp(float(said) / (1000 if len(said) == 13 else 1), UTC))
        if match := _ISO.fullmatch(said):
            year, month, day, *clock, zone = match.groups()
            return _made(year, month, day, clock, zone)
        if match := _DAY_FIRST.fullmatch(said):
            day, month, year, *clock, zone = match.groups()
            return _made(year, month, day, clock, zone)
        return _bounded(parsedate_to_datetime(said))
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None


def _made(year: str, month: str, day: str, clock: list[str | None], zone: str) -> datetime | None:
    hour, minute, second = (int(each or 0) for each in clock)
    at = datetime(int(year), int(month), int(day), hour, minute, min(second, 59), tzinfo=UTC)
    if offset := _OFFSET.match(zone):
        seconds = int(offset[2]) * 3600 + int(offset[3] or 0) * 60
        at = datetime.fromtimestamp(at.timestamp() - (seconds if offset[1] == "+" else -seconds), UTC)
    return _bounded(at)


def _bounded(at: datetime) -> datetime | None:
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at.astimezone(UTC) if _FIRST_YEAR <= at.year <= _LAST_YEAR else None
