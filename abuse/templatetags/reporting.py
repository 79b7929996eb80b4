"""Words of the desk's data, for the pages of reporters."""

from datetime import timedelta

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from abuse.forms import wordings
from abuse.models import Report
from ddns.templatetags.durations import duration

register = template.Library()


@register.filter
def in_words(text: str) -> str:
    """A title or a wish for evidence, in the language of the page."""
    return wordings.translated(text)


@register.filter
def state_in_words(report: Report) -> str:
    if report.outcome == Report.Outcome.NOT_OURS and report.standing == Report.Standing.NEVER:
        return str(wordings.STATES[Report.State.CLOSED])
    return str(wordings.STATES.get(Report.State(report.state), report.state))


@register.filter
def outcome_in_words(report: Report) -> str:
    """Of a name under our domains that nobody held, "not ours" would be wrong."""
    if report.outcome == Report.Outcome.NOT_OURS and report.standing == Report.Standing.NEVER:
        return _("Nobody holds such a name, and nobody did: there is nothing to act on.")
    return str(wordings.OUTCOMES.get(Report.Outcome(report.outcome), "")) if report.outcome else ""


@register.filter
def badge(report: Report) -> str:
    """The mark's colour."""
    if report.outcome in (Report.Outcome.UPHELD, Report.Outcome.INFORMED, Report.Outcome.FORWARDED):
        return "good"
    return "warn" if report.state in (Report.State.MATCHING, Report.State.OPEN, Report.State.DUPLICATE) else ""


@register.filter
def in_years(value: timedelta) -> str:
    """What lasts for years, as years; shorter times as everywhere."""
    years = round(value.days / 365)
    return ngettext("{count} year", "{count} years", years).format(count=years) if years else duration(value)
