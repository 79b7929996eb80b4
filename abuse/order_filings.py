"""Filings of orders: what an authority says when it files, everything that is wrong with it, and how long we have."""

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from abuse import receipts
from abuse.errors import InvalidOrder, Unreadable
from abuse.intake import letters, text
from abuse.models import Order, OrderFile
from abuse.submissions import MAX_SIZE, MIB

Kind, Instrument, Effect = Order.Kind, Order.Instrument, Order.Effect

# Of order and list together; beyond that nobody reads by eye whether it is what was meant.
MAX_FILES = 20
MAX_TEXT_CHARACTERS = 10_000
# Emergency: Reg. (EU) 2023/1543 Art. 10(4); information: its Art. 10(2); takedown: as soon as somebody reads it, in a day.
CLOCKS: Mapping[str, timedelta] = {
    Kind.EMERGENCY: timedelta(hours=8),
    Kind.TAKEDOWN: timedelta(hours=24),
    Kind.PRESERVATION: timedelta(hours=24),
    Kind.INFORMATION: timedelta(days=10),
}
# A later deadline than ours is the authority's to give; without an end it would be forgotten here.
LATEST_DEADLINE = timedelta(days=30)
# Who is to know nothing for longer than that asks again.
LONGEST_SEAL = timedelta(days=365)
# Preservation letters are for 60 (e-Evidence Art. 6), 90 (18 U.S.C. 2703(f), Budapest Convention Art. 16) days, or a year.
HOLD_DAYS = (60, 90, 365)
PARTS = ("subscriber", "addresses", "log_ins")

_REQUIRED = ("reference", "issuing_authority", "legal_basis", "reasons", "contact")
_LINES = {"reference": 120, "issuing_authority": 200, "legal_basis": 300, "territorial_scope": 200, "seal_ground": 300}
_TEXTS = ("reasons", "redress", "contact", "return_conditions")
_FOR_INFORMATION = (Kind.INFORMATION, Kind.EMERGENCY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What is said of an order. Times are aware; wanted_records has parts (of PARTS), since and until, where information is
    asked for. An empty wanted_effect is the usual one of the kind.
    """

    kind: str
    instrument: str
    reference: str
    issuing_authority: str
    legal_basis: str
    reasons: str
    contact: str
    territorial_scope: str = ""
    redress: str = ""
    return_conditions: str = ""
    sealed_until: datetime | None = None
    seal_ground: str = ""
    due_at: datetime | None = None
    wanted_effect: str = ""
    ends_at: datetime | None = None
    hold_days: int | None = None
    wanted_records: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One file as it came. filename and content_type are what somebody said: shown, and trusted by nobody."""

    content: bytes
    filename: str = ""
    content_type: str = ""
    role: str = OrderFile.Role.ORDER


@dataclass(frozen=True, slots=True)
class Checked:
    """Nothing wrong with it. name_count is how many lines of its lists name something, or are meant to."""

    filing: Filing
    name_count: int


Problems = dict[str, list[str]]


def checked(filing: Filing, files: Sequence[UploadedFile], *, now: datetime) -> Checked:
    """The same, tidy and whole. Pure; half a second for a long list, which is read and not kept.

    Raises InvalidOrder with all problems at once, by field; order and names are the files.
    """
    filing = tidy(filing)
    problems: Problems = defaultdict(list)
    _check_words(filing, problems)
    _check_times(filing, now, problems)
    _check_kind(filing, problems)
    _check_records(filing, now, problems)
    _check_files(filing, files, problems)
    count = _check_names([each for each in files if each.role == OrderFile.Role.NAMES], problems)
    if problems:
        raise InvalidOrder(problems=dict(problems))
    return Checked(dataclasses.replace(filing, wanted_records=_records(filing)), count)


def tidy(filing: Filing) -> Filing:
    """Without what does not count: blanks, controls; with the usual effect of its kind."""
    values: dict[str, Any] = {name: " ".join(text.clean(getattr(filing, name)).split()) for name in _LINES}
    values |= {name: text.clean(getattr(filing, name)).strip() for name in _TEXTS}
    usual = Effect.NXDOMAIN if filing.kind == Kind.TAKEDOWN else Effect.NONE
    return dataclasses.replace(filing, **values, wanted_effect=filing.wanted_effect or usual)


def due_at(filing: Filing, filed_at: datetime) -> datetime:
    """Of one that was checked: the order's own deadline, or that of its kind."""
    return filing.due_at or filed_at + CLOCKS[filing.kind]


def digest(filing: Filing, files: Sequence[UploadedFile]) -> str:
    """SHA-256 of everything that was filed, hexadecimal; how files are called is no part of it.

    Of what is tidy, right or wrong: sent again it is the same, when its deadline is over too.
    """
    wanted = filing.wanted_records
    said = dataclasses.asdict(dataclasses.replace(filing, wanted_records={})) | {
        "parts": sorted(map(str, wanted.get("parts") or [])),
        **{name: _moment(wanted.get(name)) or str(wanted.get(name) or "") for name in ("since", "until")},
    }
    plain = {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in said.items()
    }
    came = sorted((each.role, hashlib.sha256(each.content).hexdigest()) for each in files)
    return hashlib.sha256(receipts.canonical([plain, came]).encode()).hexdigest()


def clean_filename(name: str) -> str:
    """Its last part as one line: what came from another computer names no path on this one."""
    return text.line(PurePath(name.replace("\\", "/")).name, 300)


def _check_words(filing: Filing, problems: Problems) -> None:
    for name in _REQUIRED:
        if not getattr(filing, name):
            problems[name].append(_("This is missing."))
    for name, most in (*_LINES.items(), *((each, MAX_TEXT_CHARACTERS) for each in _TEXTS)):
        if len(getattr(filing, name)) > most:
            problems[name].append(_("{count} characters at most.").format(count=most))
    if filing.instrument not in Instrument.values:
        problems["instrument"].append(_("One of {choices}.").format(choices=", ".join(Instrument.values)))
    if filing.instrument == Instrument.ADMINISTRATIVE and not filing.territorial_scope:
        problems["territorial_scope"].append(_("The order says where it applies (DSA Art. 9(2)(b)): say it here too."))
    # Who is not told needs no way to object yet, and against a request there is none.
    if not filing.redress and filing.sealed_until is None and filing.instrument != Instrument.REQUEST:
        problems["redress"].append(_("What can the customers do against it? They are told so (DSA Art. 9(2)(a))."))


def _check_times(filing: Filing, now: datetime, problems: Problems) -> None:
    for name in ("sealed_until", "due_at", "ends_at"):
        at = getattr(filing, name)
        if at is not None and at <= now:
            problems[name].append(_("This lies in the past."))
    if filing.sealed_until is not None:
        if filing.sealed_until > now + LONGEST_SEAL:
            problems["sealed_until"].append(_("A year at most; ask again before it ends."))
        if not filing.seal_ground:
            problems["seal_ground"].append(_("Which provision says that those concerned must not be told?"))
    latest = CLOCKS[Kind.EMERGENCY] if filing.kind == Kind.EMERGENCY else LATEST_DEADLINE
    if filing.due_at is not None and filing.due_at > now + latest:
        hours = int(latest.total_seconds() // 3600)
        problems["due_at"].append(_("At most {hours} hours from now for this kind.").format(hours=hours))


def _check_kind(filing: Filing, problems: Problems) -> None:
    if filing.kind not in Kind.values:
        problems["kind"].append(_("One of {choices}.").format(choices=", ".join(Kind.values)))
        return
    is_takedown = filing.kind == Kind.TAKEDOWN
    effects = [each.value for each in Effect if (each != Effect.NONE) == is_takedown]
    if filing.wanted_effect not in effects:
        problems["wanted_effect"].append(_("For this kind: {choices}.").format(choices=", ".join(effects)))
    if filing.ends_at is not None and not is_takedown:
        problems["ends_at"].append(_("Only what changes something in DNS ends there."))
    if filing.kind == Kind.PRESERVATION and filing.hold_days not in HOLD_DAYS:
        problems["hold_days"].append(_("For how long: 60, 90 or 365 days."))
    elif filing.kind != Kind.PRESERVATION and filing.hold_days is not None:
        problems["hold_days"].append(_("Only for preservation: file that as an order of its own."))


def _check_records(filing: Filing, now: datetime, problems: Problems) -> None:
    wanted = filing.wanted_records
    parts = wanted.get("parts") or []
    if filing.kind not in _FOR_INFORMATION:
        if any(wanted.values()):
            problems["wanted_records"].append(_("Only for information: file that as an order of its own."))
        return
    if not isinstance(parts, list | tuple) or not parts or any(each not in PARTS for each in parts):
        problems["wanted_records"].append(_("Which records: some of {choices}.").format(choices=", ".join(PARTS)))
    since, until = (_moment(wanted.get(name)) for name in ("since", "until"))
    for name, at in (("since", since), ("until", until)):
        if wanted.get(name) and at is None:
            problems[name].append(_("A date and time with its zone, as 2026-11-25T13:00:00Z."))
    if since is not None and since > now:
        problems["since"].append(_("This lies in the future: we disclose what is stored, and watch nobody."))
    if since is not None and until is not None and since >= until:
        problems["until"].append(_("This is before the beginning."))


def _records(filing: Filing) -> dict[str, Any]:
    """As it is stored: {} where none are wanted."""
    if filing.kind not in _FOR_INFORMATION:
        return {}
    wanted = filing.wanted_records
    since, until = (_moment(wanted.get(name)) for name in ("since", "until"))
    return {
        "parts": [each for each in PARTS if each in wanted["parts"]],
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
    }


def _moment(value: object) -> datetime | None:
    """An aware time, given as one or as text of RFC 3339; None for anything else."""
    if isinstance(value, str):
        try:
            value = parse_datetime(value)
        except ValueError:
            return None
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else None


def _check_files(filing: Filing, files: Sequence[UploadedFile], problems: Problems) -> None:
    papers = [each for each in files if each.role == OrderFile.Role.ORDER]
    if not papers and filing.kind != Kind.EMERGENCY and filing.instrument != Instrument.REQUEST:
        problems["order"].append(_("The order itself is missing: a file, best as PDF."))
    if any(not each.content for each in papers):
        problems["order"].append(_("There is nothing in this file."))
    if len(files) > MAX_FILES:
        problems["order"].append(_("{count} files at most.").format(count=MAX_FILES))
    if sum(len(each.content) for each in files) > MAX_SIZE:
        problems["order"].append(_("{count} MiB in all at most.").format(count=MAX_SIZE // MIB))


def _check_names(lists: Sequence[UploadedFile], problems: Problems) -> int:
    """How many. What no program of ours can read is refused now, when somebody is there to mend it."""
    if not any(each.content.strip() for each in lists):
        problems["names"].append(_("Which names is it about? One in each line, or a file."))
        return 0
    count = 0
    for each in lists:
        try:
            count += len(letters.read(each.content, content_type=each.content_type, filename=each.filename).lines)
        except Unreadable as error:
            problems["names"].append(" ".join([clean_filename(each.filename) + ":", *map(str, error.args)]))
    return count
