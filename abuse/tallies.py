"""Tallies: what the names of a submission were to us, counted; of many that are not ours one report speaks."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from abuse.intake.drafts import Draft, Parsed, Subject
from abuse.matching import Match
from abuse.models import Report, Submission

Standing = Report.Standing

# So many complaints about what is not ours have a report and an answer each; whoever sends more sends a list of the Internet.
MOST_FOREIGN = 20
FIRST_NAMES = 20
FOREIGN_COUNT = "foreign_count"


@dataclass(slots=True)
class Tally:
    """Of one submission. Its reports about what is ours, foreign, repeated and passed over are all its lines."""

    foreign_count: int = 0
    repeated_count: int = 0
    foreign_report_count: int = 0
    unsaid: list[str] = field(default_factory=list)
    first_unsaid: Draft | None = None

    def count(self, draft: Draft, matches: Iterable[Match | None], own: list[tuple[Subject, Match]]) -> None:
        """Of the draft's names, what they were to us, and the reports that it makes: what is ours and none is said by another."""
        ours = sum(match is not None and match.standing != Standing.NOT_OURS for match in matches)
        named = sum(bool(subject.name) for subject in draft.subjects)
        reported = sum(bool(subject.name) and match.standing != Standing.NOT_OURS for subject, match in own)
        self.foreign_count += named - ours
        self.repeated_count += ours - reported

    def is_too_much(self, draft: Draft, own: list[tuple[Subject, Match]]) -> bool:
        """Whether the draft is about nothing of ours, and enough of these have been answered one by one."""
        if not own or any(match.standing != Standing.NOT_OURS or not subject.name for subject, match in own):
            return False
        self.foreign_report_count += 1
        if self.foreign_report_count <= MOST_FOREIGN:
            return False
        names = [subject.name for subject in draft.subjects if subject.name]
        self.first_unsaid = self.first_unsaid or draft
        self.unsaid += names[: FIRST_NAMES - len(self.unsaid)]
        return True

    def as_details(self) -> dict[str, object]:
        """Of the report that speaks for those that have none."""
        return {FOREIGN_COUNT: self.foreign_count - MOST_FOREIGN, "first_names": self.unsaid}


def keep(submission: Submission, parsed: Parsed, tally: Tally) -> None:
    """On the submission, which its caller saves (FIELDS)."""
    submission.foreign_count = tally.foreign_count
    submission.repeated_count = tally.repeated_count + parsed.repeated
    submission.passed_over_count = parsed.passed_over


FIELDS = ("foreign_count", "repeated_count", "passed_over_count")
