"""Corroboration: who says it independently, what feeds say, and what speaks against believing it."""

from dataclasses import dataclass

from abuse import signals
from abuse.facts import Claim, Facts, FeedHit, Voice
from abuse.models import Case
from abuse.reasons import count, listed


@dataclass(frozen=True, slots=True)
class WarningHit:
    """A list that the operator keeps, which has one of the name's addresses."""

    address: str
    kind: str
    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corroboration:
    """voices are organisations, not mails, and not copies of one file. All that are not proven count once, as in sources."""

    voices: tuple[Voice, ...]
    anonymous_count: int
    feeds: tuple[FeedHit, ...]
    warnings: tuple[WarningHit, ...]
    agreeing: tuple[Claim, ...]
    contradicted: tuple[Claim, ...]

    @property
    def unproven_count(self) -> int:
        return sum(not each.is_proven for each in self.voices)

    @property
    def independent_count(self) -> int:
        return len(self.voices) - self.unproven_count + bool(self.unproven_count)

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(_sentences(self))


def of(case: Case, *, facts: Facts | None = None) -> Corroboration:
    """From facts that were gathered already, else it gathers them."""
    known = facts or signals.gather(case)
    return Corroboration(
        voices=known.voices,
        anonymous_count=known.anonymous_count,
        feeds=known.feed_hits,
        warnings=tuple(
            WarningHit(each.address, each.network.kind, each.network.lists)
            for each in known.places
            if each.network.lists or each.network.is_sunk
        ),
        agreeing=tuple(each for each in known.claims if each.agrees),
        contradicted=tuple(each for each in known.claims if each.agrees is False),
    )


def _sentences(found: Corroboration) -> list[str]:
    reports = sum(each.report_count for each in found.voices)
    said = [f"{count(found.independent_count, 'independent voice').capitalize()} in {count(reports, 'report')}."]
    if found.unproven_count > 1:
        said.append(
            f"{count(found.unproven_count, 'reporter').capitalize()} have not proven who they are: they count once."
        )
    for each in found.voices:
        if each.also:
            said.append(f"{each.identity} and {listed(each.also)} sent the same file and count once.")
    if found.anonymous_count:
        said.append(
            f"{count(found.anonymous_count, 'anonymous report').capitalize()}, of which nobody answers for any."
        )
    for hit in found.feeds:
        sure = "without a confidence" if hit.confidence is None else f"with a confidence of {hit.confidence:.0%}"
        broken = ", as compromised" if hit.is_compromised else ""
        said.append(f"{hit.feed} has listed it since {hit.at:%Y-%m-%d}, {sure}{broken}.")
    for warning in found.warnings:
        lists = f" ({listed(warning.lists)})" if warning.lists else ""
        said.append(f"{warning.address} is of a kind to be wary of: {warning.kind or 'listed'}{lists}.")
    if found.agreeing:
        said.append(_claims(len(found.agreeing), "agrees with", "agree with"))
    if found.contradicted:
        said.append(_claims(len(found.contradicted), "contradicts", "contradict"))
    return said


def _claims(number: int, one: str, more: str) -> str:
    return f"{count(number, 'report').capitalize()} of its DNS {one if number == 1 else more} our history."
