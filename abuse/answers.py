"""Answers: what a reporter is told about a report, in words that say what we did, why, and what they can do."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from abuse import reporter_mails
from abuse.models import Report

Outcome, State, Standing = Report.Outcome, Report.State, Report.Standing

# {name} is what was reported.
WORDS = {
    Outcome.UPHELD: "{name}: your report was right, and we have acted on it. Thank you.",
    Outcome.INFORMED: "{name}: we have told our customer what you sent, and what to do about it. Thank you.",
    Outcome.FORWARDED: "{name}: we have forwarded your report to who can act on it. Thank you.",
    Outcome.REJECTED: "{name}: we have looked at it, and what you sent does not show that our rules were broken, so we have done "
    "nothing. If you have further evidence, report it again with that.",
    Outcome.INSUFFICIENT: "{name}: what you sent is too little to decide on, and we got no more. If you have evidence (the whole "
    "address, when you saw it, a screenshot, a mail with its headers), report it again with that.",
    Outcome.ALREADY_DONE: "{name}: we had acted on this before your report came. Thank you.",
    Outcome.NOT_OURS: "{name} is not a name of ours, so we can do nothing about it. Ask the registrar of its domain or the "
    "network of its address: https://lookup.icann.org/ names both.",
}
NEVER = (
    "{name}: nobody holds this name with us, and nobody did when you saw it; it does not answer. If you saw it in a mail or a "
    "list, look whether it is spelt as it stands there."
)
RELEASED = "{name}: whoever held this name has given it up, and it does not answer any more. Thank you."
SUSPENDED = (
    "{name}: it has been out of DNS since {at:%Y-%m-%d %H:%M} UTC, before your report came. Resolvers elsewhere may answer what "
    "they remember for some minutes more. Thank you."
)
DUPLICATE = (
    "{name}: you have reported the same before, on {at:%Y-%m-%d}. The answer to that report is the answer to this one."
)
NOTHING_NEW = (
    "{name}: we have looked at this on {at:%Y-%m-%d}, and your report says nothing that we did not know then. If you have "
    "further evidence, report it again with that."
)
BEHIND_NONE = (
    "{name}: no name of ours answered this address, so we can do nothing about it. Ask the network that it belongs to."
)


def words(report: Report, outcome: Report.Outcome) -> str:
    """What is said where nobody said anything better."""
    if outcome == Outcome.NOT_OURS and report.standing == Standing.NEVER:
        return filled(NEVER, report)
    if outcome == Outcome.NOT_OURS and not report.name and report.address:
        return filled(BEHIND_NONE, report)
    return filled(WORDS[outcome], report)


def filled(text: str, report: Report, at: datetime | None = None) -> str:
    return text.format(name=report.name or report.address or "What you reported", at=at or timezone.now())


def prepare(
    reports: Sequence[Report], outcome: Report.Outcome, *, say: Callable[[Report], str] | None = None, text: str = ""
) -> None:
    """Answers reports that are still to be saved: text is said to all of them, say says it of each, else the outcome does.

    What their reporters are told goes out by mail, where there is an address.
    """
    now, text = timezone.now(), text.strip()
    for report in reports:
        report.outcome, report.answered_at = outcome, now
        report.answer = text or (say(report) if say else words(report, outcome))
        report.state = State.NOT_OURS if outcome == Outcome.NOT_OURS else State.CLOSED
    reporter_mails.gather(reports)


@transaction.atomic
def give(
    reports: Sequence[Report], outcome: Report.Outcome, *, say: Callable[[Report], str] | None = None, text: str = ""
) -> None:
    """prepare, and saved: one query for those that are told the same by the same mail."""
    prepare(reports, outcome, say=say, text=text)
    alike: dict[tuple, list[Report]] = {}
    for report in reports:
        alike.setdefault((report.state, report.outcome, report.answer, report.mail_id, report.case_id), []).append(
            report
        )
    for (state, said, answer, mail_id, case_id), group in alike.items():
        Report.objects.filter(pk__in=[report.pk for report in group]).update(
            state=state, outcome=said, answer=answer, answered_at=group[0].answered_at, mail=mail_id, case=case_id
        )
