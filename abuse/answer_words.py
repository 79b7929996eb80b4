"""Words of answers: what a reporter is told about a report: what we did, why, and what they can do."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from abuse import reporter_links, templates, wordings
from abuse.models import Decision, Report
from abuse.tallies import FOREIGN_COUNT
from abuse.wordings import Words

Outcome, Standing = Report.Outcome, Report.Standing

# Keys of templates (abuse/words/<language>/told.txt). {name} is what was reported.
NEVER, RELEASED, SUSPENDED, DUPLICATE = "told.never", "told.released", "told.suspended", "told.duplicate"
NOTHING_NEW, NAMELESS, UNDONE, FOREIGN = "told.nothing_new", "told.nameless", "told.undone", "told.foreign"
BEHIND_MANY, BEHIND_NONE = "told.behind_many", "told.behind_none"


class Teller:
    """Tells many reporters, each in its language. A template is read once for all of them: one query."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Words] = {}

    def say(self, key: str, language: str, **values: Any) -> Words:
        """Raises TemplateUnknown."""
        spoken = wordings.spoken(language)
        if (key, spoken) not in self._known:
            self._known[key, spoken] = templates.find(key, spoken)
        return templates.fill(self._known[key, spoken], values)

    def filled(self, key: str, report: Report, at: datetime | None = None) -> str:
        """About a report; at is when what is said of it was."""
        at, language = at or timezone.now(), language_of(report)
        # Of a report without any name the words say so themselves.
        name = report.name or str(report.address or "") or self.say("told.what", language).text
        times = {"at": f"{at:%Y-%m-%d %H:%M}", "day": f"{at:%Y-%m-%d}"}
        more = int(report.details.get(FOREIGN_COUNT) or 1) - 1
        return self.say(key, language, name=name, count=more, **times).text

    def usual(self, report: Report, outcome: Report.Outcome) -> str:
        """What is said where nobody said anything better."""
        if outcome == Outcome.NOT_OURS and report.standing == Standing.NEVER:
            return self.filled(NEVER, report)
        if outcome == Outcome.NOT_OURS and not report.name and report.address:
            return self.filled(BEHIND_NONE, report)
        if outcome == Outcome.NOT_OURS and FOREIGN_COUNT in report.details:
            return self.filled(FOREIGN, report)
        return self.filled(f"told.{outcome.value}", report)


def filled(key: str, report: Report, at: datetime | None = None) -> str:
    """Of one report alone. One query."""
    return Teller().filled(key, report, at)


def usual(report: Report, outcome: Report.Outcome) -> str:
    """Of one report alone."""
    return Teller().usual(report, outcome)


def language_of(report: Report) -> str:
    """The reporter's, where it is known: the form's, the mail's, the format's."""
    return report.language or settings.LANGUAGE_CODE


def mail(report: Report) -> Words:
    """Subject and text of a mail about this report alone, in its language. What is said by itself needs no more than that."""
    language, teller = language_of(report), Teller()
    link = reporter_links.link(report.submission)
    is_decided = report.case is not None and report.case.closed_at is not None and report.case.outcome == report.outcome
    if not is_decided and report.answer != teller.filled(f"told.{report.outcome}", report):
        return templates.render("message.reporter", language, name=defanged(report), text=report.answer, link=link)
    return templates.render(
        f"answer.{report.outcome}",
        language,
        name=defanged(report),
        action=_action(report, teller),
        text="" if report.answer == teller.usual(report, Outcome(report.outcome)) else report.answer,
        link=link,
    )


def defanged(report: Report) -> str:
    """Filters on the way throw mails with bad names away."""
    return report.name.replace(".", "[.]") or str(report.address or "") or "something else"


# In words for reporters; of an account they learn nothing.
_DONE = {
    Decision.Action.SUSPEND: "done.suspend",
    Decision.Action.DIVERT: "done.divert",
    Decision.Action.HOLD: "done.hold",
    Decision.Action.LOCK_ACCOUNT: "done.suspend",
    Decision.Action.WARN: "done.warn",
}


def _action(report: Report, teller: Teller) -> str:
    if report.case is None:
        return ""
    done = Decision.objects.in_force().filter(case=report.case).order_by("-pk").values_list("action", flat=True)
    key = next((_DONE[Decision.Action(action)] for action in done if action in _DONE), "")
    return teller.say(key, language_of(report)).text if key else ""
