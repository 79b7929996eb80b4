"""The screen of a case: everything that a decision in half a minute needs, gathered by a constant number of queries."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from abuse import (
    compromise,
    corroboration,
    decisions,
    dns_claims,
    harm,
    links,
    openings,
    queue,
    reporters,
    restricted,
    signals,
    timeline,
)
from abuse.compromise import Judgement
from abuse.corroboration import Corroboration
from abuse.dns_claims import Held
from abuse.errors import AbuseError
from abuse.facts import Facts
from abuse.harm import Harm
from abuse.impact import Impact
from abuse.links import Links
from abuse.models import Appeal, Case, Decision, Evidence, Message, Report, Reporter, Suspension
from abuse.openings import Others
from abuse.queue import Clock, Reason
from abuse.reporters import Accuracy
from abuse.timeline import Timeline
from ddns.models import Hostname, ReservedName, User

# What one screen holds; panels scroll.
REPORT_ROWS = 20
PRIOR_ROWS = 20
MESSAGE_ROWS = 100
# Each costs a query.
RECORD_ROWS = 8


@dataclass(frozen=True, slots=True)
class Before:
    """What was done about the name before, and whether this was said before."""

    cases: Sequence[Case]
    suspensions: Sequence[Suspension]
    earlier_holders: Sequence[Hostname]
    reserved: ReservedName | None
    same_again_count: int

    @property
    def in_force(self) -> list[Suspension]:
        return [each for each in self.suspensions if each.is_in_force]

    @property
    def is_nothing(self) -> bool:
        return not (self.cases or self.suspensions or self.earlier_holders or self.reserved or self.same_again_count)


@dataclass(frozen=True, slots=True)
class Record:
    """What the reports of one reporter were worth so far."""

    reporter: Reporter
    report_count: int
    accuracy: Accuracy


@dataclass(frozen=True, slots=True)
class Proposal:
    """What waits for a second person, with what it would do now; None, with why, for whoever may not look again."""

    decision: Decision
    impact: Impact | None
    refusal: str


@dataclass(frozen=True, slots=True)
class Screen:
    """One case, as it was when it was gathered."""

    case: Case
    clock: Clock
    reasons: Sequence[Reason]
    before: Before
    reports: Sequence[Report]
    held: Mapping[Any, Held]
    records: Sequence[Record]
    decisions: Sequence[Decision]
    messages: Sequence[Message]
    appeals: Sequence[Appeal]
    proposals: Sequence[Proposal]
    facts: Facts
    judgement: Judgement
    corroboration: Corroboration
    links: Links
    others: Others | None
    timeline: Timeline
    harm: Harm

    @property
    def told(self) -> list[tuple[Report, Held | None]]:
        """Each report with what our history says of its claim."""
        return [(report, self.held.get(report.pk)) for report in self.reports]

    @property
    def last_done(self) -> Decision | None:
        """What u undoes."""
        return next((each for each in self.decisions if each.state == Decision.State.DONE), None)

    @property
    def open_appeals(self) -> list[Appeal]:
        return [each for each in self.appeals if each.decided_at is None]

    @property
    def version(self) -> str:
        return version_of(self.case, self.decisions)


def of(case: Case, *, by: User) -> Screen:
    """Asks the database alone, some sixty times whatever is on the case."""
    reports, taken = _reports(case), decisions_on(case)
    facts = signals.gather(case)
    said = case.messages.select_related("author", "report__reporter").order_by("-pk")
    return Screen(
        case=case,
        clock=queue.clock_of(case),
        reasons=queue.reasons_of(case),
        before=_before(case, by),
        reports=reports,
        held=dns_claims.held_against(reports, case.hostname) if case.hostname else {},
        records=_records(reports),
        decisions=taken,
        messages=list(said[:MESSAGE_ROWS])[::-1],
        appeals=list(case.appeals.select_related("decision", "decided_by", "report__reporter")),
        proposals=[_proposal(each, by) for each in taken if each.state == Decision.State.PROPOSED],
        facts=facts,
        judgement=compromise.judge(facts),
        corroboration=corroboration.of(case, facts=facts),
        links=links.of(case),
        others=openings.others_of(case, by=by),
        timeline=timeline.of(case),
        harm=harm.of(case),
    )


def decisions_on(case: Case) -> list[Decision]:
    """The newest first, with who decided, and what the customer was told."""
    people = ("decided_by", "approved_by", "undone_by")
    return list(case.decisions.select_related(*people, "statement").prefetch_related("receipts"))


def version_of(case: Case, decisions: Sequence[Decision]) -> str:
    """Changes whenever somebody decides on the case, or a report comes in: whoever decided on an older view is asked again."""
    seen = [case.state, case.outcome, case.report_count, *((each.pk, each.state) for each in decisions)]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def changed_since(case: Case, version: str) -> str:
    """In a sentence what was decided since a page of that version was shown; empty: nothing."""
    decisions = decisions_on(case)
    if not version or version == version_of(case, decisions):
        return ""
    if not decisions:
        return "A new report came in, or the case was moved, while you looked at it."
    last = decisions[0]
    who, at = last.decided_by or "Policy", last.undone_at or last.approved_at or last.decided_at
    return f"Since you opened it: {last.get_action_display()} by {who}, {last.get_state_display()}, {at:%H:%M}."


def _reports(case: Case) -> list[Report]:
    """The strongest evidence first, of that what somebody stands for, then the newest: a flood of strangers hides nobody. What
    came with them, without its octets.
    """
    files = Evidence.objects.select_related("blob").defer("blob__content")
    reports = case.reports.counted().select_related("reporter", "category", "submission")
    ordered = reports.annotate(is_claim=reporters.IS_CLAIM).order_by("-grade", "is_claim", "-received_at")
    return list(ordered.prefetch_related(Prefetch("evidence", files))[:REPORT_ROWS])


def _before(case: Case, by: User) -> Before:
    earlier = Case.objects.filter(name=case.name).exclude(pk=case.pk).select_related("category")
    if case.route != "restricted":
        earlier = earlier.unrestricted()
    covering = Suspension.objects.filter(hostname__name=case.name)
    suspensions = covering.select_related("decided_by", "decision__case", "order_item__order")
    held_before = Hostname.objects.filter(name=case.name).exclude(released_at=None).select_related("account")
    return Before(
        cases=list(earlier[:PRIOR_ROWS]),
        suspensions=restricted.without_reasons(suspensions[:PRIOR_ROWS], by),
        earlier_holders=list(held_before.exclude(pk=case.hostname_id or 0).order_by("-released_at")[:PRIOR_ROWS]),
        reserved=ReservedName.objects.covering(case.name.partition(".")[0], case.name).first(),
        same_again_count=case.reports.exclude(duplicate_of=None).count(),
    )


def _records(reports: Sequence[Report]) -> list[Record]:
    """One for each of the first reporters; how many of the reports shown are theirs."""
    by_reporter: dict[int, list[Report]] = {}
    for report in reports:
        by_reporter.setdefault(report.reporter_id, []).append(report)
    some = list(by_reporter.values())[:RECORD_ROWS]
    return [Record(theirs[0].reporter, len(theirs), reporters.accuracy(theirs[0].reporter)) for theirs in some]


def _proposal(decision: Decision, by: User) -> Proposal:
    try:
        return Proposal(decision, decisions.look_again(decision, by=by), "")
    except AbuseError as error:
        return Proposal(decision, None, str(error))
