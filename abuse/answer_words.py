"""Words of answers: what a reporter is told about a report: what we did, why, and what they can do."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone

from abuse import reporter_links, templates
from abuse.models import Decision, Report
from abuse.wordings import Words

Outcome, Standing = Report.Outcome, Report.Standing

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
NAMELESS = (
    "Your report names no host name, address or URL, so we cannot tell what it is about. Report it again with the whole "
    "address."
)
# Of an answer that was given before, whatever it was.
UNDONE = (
    "Our decision about this was undone on {at:%Y-%m-%d %H:%M} UTC. We look at your report again, and you are told what comes "
    "of it."
)
BEHIND_MANY = (
    "{name}: many customers share this address, and it alone does not say whom you mean. Report the host name that was "
    "used."
)
BEHIND_NONE = (
    "{name}: no name of ours answered this address, so we can do nothing about it. Ask the network that it belongs to."
)


def usual(report: Report, outcome: Report.Outcome) -> str:
    """What is said where nobody said anything better."""
    if outcome == Outcome.NOT_OURS and report.standing == Standing.NEVER:
        return filled(NEVER, report)
    if outcome == Outcome.NOT_OURS and not report.name and report.address:
        return filled(BEHIND_NONE, report)
    return filled(WORDS[outcome], report)


def filled(text: str, report: Report, at: datetime | None = None) -> str:
    return text.format(name=report.name or report.address or "What you reported", at=at or timezone.now())


def mail(report: Report) -> Words:
    """Subject and text of a mail about this report alone, in its language. What is said by itself needs no more than that."""
    language = report.language or settings.LANGUAGE_CODE
    link = reporter_links.link(report.submission)
    is_decided = report.case is not None and report.case.closed_at is not None and report.case.outcome == report.outcome
    if not is_decided and report.answer != filled(WORDS[Outcome(report.outcome)], report):
        return templates.render("message.reporter", language, name=defanged(report), text=report.answer, link=link)
    return templates.render(
        f"answer.{report.outcome}",
        language,
        name=defanged(report),
        action=_action(report),
        text="" if report.answer == usual(report, Outcome(report.outcome)) else report.answer,
        link=link,
    )


def defanged(report: Report) -> str:
    """Filters on the way throw mails with bad names away."""
    return report.name.replace(".", "[.]") or str(report.address or "") or "something else"


# In words for reporters; of an account they learn nothing.
_DONE = {
    Decision.Action.SUSPEND: "the name does not answer any more",
    Decision.Action.DIVERT: "the name answers elsewhere now",
    Decision.Action.HOLD: "the name cannot be changed any more, while we look further",
    Decision.Action.LOCK_ACCOUNT: "the name does not answer any more",
    Decision.Action.WARN: "the customer was warned",
}


def _action(report: Report) -> str:
    if report.case is None or (report.language or "en").partition("-")[0] != "en":
        return ""
    done = Decision.objects.in_force().filter(case=report.case).order_by("-pk").values_list("action", flat=True)
    return next((_DONE[Decision.Action(action)] for action in done if action in _DONE), "")
