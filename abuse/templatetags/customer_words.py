"""Words for what customers see of a case, in the language that is active."""

import re

from django import template
from django.utils.translation import gettext as _

from abuse.models import Case, Decision, Statement

register = template.Library()

# “This page …:” and the address of this page: the sentence ends where the address began.
_LINK_AFTER_COLON = re.compile(r":\n[^\n]*/abuse/c/[^\n]*")

_COLOURS = {
    Decision.Action.WARN: "warn",
    Decision.Action.INFORM: "",
    Decision.Action.HOLD: "held",
    Decision.Action.DIVERT: "diverted",
}


@register.filter
def standing(case: Case) -> str:
    """For whom it waits."""
    match case.state:
        case Case.State.WAITING_CUSTOMER:
            return _("waits for you")
        case Case.State.CLOSED:
            return _("decided")
        case _:
            return _("the desk looks at it")


@register.filter
def in_force(decision: Decision) -> str:
    match decision.state:
        case Decision.State.DONE if decision.action == Decision.Action.INFORM:
            return _("for your information")
        case Decision.State.DONE:
            return _("in force")
        case Decision.State.ENDED:
            return _("over")
        case _:
            return _("undone")


@register.filter
def colour(decision: Decision) -> str:
    return _COLOURS.get(Decision.Action(decision.action), "bad")


@register.filter
def without_link(statement: Statement) -> str:
    """The text, without the line of the link to this very page: whoever shows the page to somebody does not give it away."""
    text = _LINK_AFTER_COLON.sub(".", statement.text)
    return "\n".join(line for line in text.split("\n") if "/abuse/c/" not in line)
