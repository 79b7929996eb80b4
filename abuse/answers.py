"""Answers: what becomes of reports, and is told to their reporters."""

from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from abuse import answer_words, reporter_mails
from abuse.answer_words import Teller
from abuse.models import Report

Outcome, State = Report.Outcome, Report.State
Say = Callable[[Teller, Report], str]


def prepare(reports: Sequence[Report], outcome: Report.Outcome, *, say: Say | None = None, text: str = "") -> None:
    """Answers reports that are still to be saved: text is said to all of them, say says it of each, else the outcome does.

    What their reporters are told goes out by mail, where there is an address.
    """
    now, text, teller = timezone.now(), text.strip(), Teller()
    for report in reports:
        report.outcome, report.answered_at = outcome, now
        report.answer = text or (say(teller, report) if say else teller.usual(report, outcome))
        report.state = State.NOT_OURS if outcome == Outcome.NOT_OURS else State.CLOSED
    reporter_mails.gather(reports)


@transaction.atomic
def give(reports: Sequence[Report], outcome: Report.Outcome, *, say: Say | None = None, text: str = "") -> None:
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


def take_back(answered: QuerySet[Report]) -> None:
    """Open again, and told so in the language of each; of a case that is looked at anew."""
    teller = Teller()
    for report in answered.order_by("language").distinct("language"):
        told = teller.filled(answer_words.UNDONE, report)
        answered.filter(language=report.language).update(
            state=State.OPEN, outcome=Outcome.PENDING, answered_at=None, answer=told, mail=None
        )
