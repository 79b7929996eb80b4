"""Sources: how many independent voices speak on a case. Five hundred mails of one organisation are one."""

from collections.abc import Collection, Iterable

from abuse import reporters
from abuse.models import Evidence, Report

Voice = int | None
# Of all whose identity nobody has proven: whoever makes up names makes one voice of them.
UNPROVEN: Voice = None
# Pairs of reporter and file that are compared, for all cases together.
MOST_FILES = 20_000


def count_all(case_ids: Collection[int]) -> dict[int, int]:
    """Of these cases. Two queries.

    A voice is a reporter that has proven who it is; all others together are one. Proven ones that send the same file, over
    however many others, are one: what is copied is not corroborated. What is only claimed joins nobody: a stranger could
    else make one of two voices by sending what both have sent.
    """
    voices = _voices(case_ids)
    several = {case_id for case_id, found in voices.items() if len(found - {UNPROVEN}) > 1}
    files = _files(several)
    return {case_id: _independent(found, files.get(case_id, ())) for case_id, found in voices.items()}


def voice_of(reporter_id: int, identity: str) -> Voice:
    return reporter_id if reporters.is_proven_identity(identity) else UNPROVEN


def _voices(case_ids: Collection[int]) -> dict[int, set[Voice]]:
    rows = (
        Report.objects.counted()
        .filter(case__in=case_ids)
        .order_by()
        .values_list("case_id", "reporter_id", "reporter__identity")
        .distinct()
    )
    found: dict[int, set[Voice]] = {}
    for case_id, reporter_id, identity in rows:
        found.setdefault(case_id, set()).add(voice_of(reporter_id, identity))
    return found


def _files(case_ids: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    """Reporters with the files that they sent, and with what they sent as a whole."""
    if not case_ids:
        return {}
    counted = Report.objects.counted().filter(case__in=case_ids).order_by()
    whole = counted.values_list("case_id", "reporter_id", "submission__blob_id").distinct()
    parts = Evidence.objects.filter(report__in=counted).order_by()
    rows = [
        *whole[:MOST_FILES],
        *parts.values_list("report__case_id", "report__reporter_id", "blob_id").distinct()[:MOST_FILES],
    ]
    found: dict[int, list[tuple[int, str]]] = {}
    for case_id, reporter_id, blob_id in rows:
        found.setdefault(case_id, []).append((reporter_id, blob_id))
    return found


def _independent(voices: set[Voice], files: Iterable[tuple[int, str]]) -> int:
    leader = {voice: voice for voice in voices}

    def find(voice: Voice) -> Voice:
        while leader[voice] != voice:
            voice = leader[voice]
        return voice

    first_with: dict[str, Voice] = {}
    for voice, blob_id in files:
        if voice in leader:
            leader[find(voice)] = find(first_with.setdefault(blob_id, voice))
    return len({find(voice) for voice in voices})
