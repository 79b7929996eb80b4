"""Words of the desk's data, for the pages of reporters."""

from django import template

from abuse.forms import wordings
from abuse.models import Report, Submission

register = template.Library()


@register.filter
def in_words(text: str) -> str:
    """A title or a wish for evidence, in the language of the page."""
    return wordings.translated(text)


@register.filter
def state_in_words(report: Report) -> str:
    return str(wordings.STATES.get(Report.State(report.state), report.state))


@register.filter
def outcome_in_words(report: Report) -> str:
    return str(wordings.OUTCOMES.get(Report.Outcome(report.outcome), "")) if report.outcome else ""


@register.filter
def badge(report: Report) -> str:
    """The mark's colour."""
    if report.outcome in (Report.Outcome.UPHELD, Report.Outcome.INFORMED, Report.Outcome.FORWARDED):
        return "good"
    return "warn" if report.state in (Report.State.MATCHING, Report.State.OPEN, Report.State.DUPLICATE) else ""


@register.filter
def is_unread(submission: Submission) -> bool:
    return submission.state in (Submission.State.RECEIVED, Submission.State.UNREADABLE)
