"""Voices: who speaks on a case. Many mails of one reporter are one voice, and so are reporters that send the same evidence."""

from collections.abc import Iterable, Sequence

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from abuse import reporters
from abuse.facts import Voice
from abuse.models import Case, Evidence, Report, Reporter

MOST_VOICES = 200
# Pairs of reporter and file that are compared.
MOST_FILES = 1000


def of(case: Case) -> tuple[Voice, ...]:
    """The independent ones, those that are proven and weigh most first. Three queries, however many reports there are."""
    rows = (
        Report.objects.counted()
        .filter(case=case)
        .annotate(is_claim=reporters.IS_CLAIM)
        .order_by()
        .values("reporter_id")
        .annotate(
            count=Count("pk"), first_at=Min("received_at"), last_at=Max("received_at"), best=Max("grade"),
        )
        .values_list(
            "reporter_id", "reporter__identity", "reporter__kind", "reporter__tier", "count", "first_at", "last_at", "best",
        )
        .order_by("is_claim", "reporter__tier", "first_at")[:MOST_VOICES]
    )  # fmt: skip
    trusted = _records([pk for pk, _, _, tier, *_ in rows if tier == Reporter.Tier.TRUSTED])
    voices = {}
    for pk, identity, kind, tier, count, first_at, last_at, best in rows:
        upheld, decided = trusted.get(pk, (0, 0))
        voices[pk] = Voice(
            identity=identity,
            kind=kind,
            tier=tier,
            grade=best,
            report_count=count,
            first_at=first_at,
            last_at=last_at,
            decided_count=decided,
            accuracy=reporters.wilson(upheld, decided),
            is_proven=reporters.is_proven_identity(identity),
        )
    return tuple(_merged(voices, _same_files(case) if len(voices) > 1 else []))


def _records(ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Of how many decided cases each was right, as reporters.accuracy counts; for all of them in one query."""
    if not ids:
        return {}
    since = timezone.now() - reporters.ACCURACY_OVER
    decided = Report.objects.filter(reporter__in=ids, answered_at__gt=since, case__isnull=False).order_by()
    is_upheld, is_rejected = Q(outcome__in=reporters.UPHELD), Q(outcome__in=reporters.REJECTED)
    rows = decided.values("reporter_id").annotate(
        upheld=Count("case", distinct=True, filter=is_upheld),
        decided=Count("case", distinct=True, filter=is_upheld | is_rejected),
    )
    return {row["reporter_id"]: (row["upheld"], row["decided"]) for row in rows}


def anonymous(voices: Iterable[Voice]) -> int:
    """How many reports nobody stands for."""
    return sum(each.report_count for each in voices if each.kind == Reporter.Kind.ANONYMOUS)


def _same_files(case: Case) -> list[tuple[int, str]]:
    return list(
        Evidence.objects.filter(report__case=case, report__duplicate_of=None)
        .order_by()
        .values_list("report__reporter_id", "blob_id")
        .distinct()[:MOST_FILES]
    )


def _merged(voices: dict[int, Voice], files: Sequence[tuple[int, str]]) -> list[Voice]:
    """Reporters that are joined by the same file, over however many others, are one: what is copied is not corroborated.

    Who only claims to be somebody is joined to one of them, and joins no others.
    """
    leader = {pk: pk for pk in voices}

    def find(pk: int) -> int:
        while leader[pk] != pk:
            pk = leader[pk]
        return pk

    first_with: dict[str, int] = {}
    order = list(voices)
    for pk, blob in sorted((each for each in files if each[0] in voices), key=lambda each: order.index(each[0])):
        one, other = find(pk), find(first_with.setdefault(blob, pk))
        is_bridge = not voices[pk].is_proven and one != pk
        if one != other and not is_bridge:
            # The one that weighs more speaks for both.
            stronger, weaker = sorted((one, other), key=order.index)
            leader[weaker] = stronger
    groups: dict[int, list[Voice]] = {}
    for pk, voice in voices.items():
        groups.setdefault(find(pk), []).append(voice)
    return [_joined(group) for group in groups.values()]


def _joined(group: list[Voice]) -> Voice:
    first = group[0]
    if len(group) == 1:
        return first
    return Voice(
        identity=first.identity,
        kind=first.kind,
        tier=first.tier,
        grade=max(each.grade for each in group),
        report_count=sum(each.report_count for each in group),
        first_at=min(each.first_at for each in group),
        last_at=max(each.last_at for each in group),
        decided_count=first.decided_count,
        accuracy=first.accuracy,
        is_proven=first.is_proven,
        also=tuple(each.identity for each in group[1:]),
    )
