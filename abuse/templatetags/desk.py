"""How the desk shows what strangers wrote: nothing in it can be clicked, or copied into a browser by mistake."""

import re
from typing import Any

from django import template

from abuse import decisions, proofs, timeline_charts
from abuse.models import Decision, Order
from abuse.timeline import Timeline
from ddns.models import User

register = template.Library()

# Below the drawing, in words, as a person reads them; the drawing has all.
SHOWN_ENTRIES = 60

_SCHEME = re.compile(r"\bh(tt|xx)p(s?)\s*:", re.IGNORECASE)
_HOST = re.compile(r"(?<![\w.])(?:(?:[\w-]{1,63}\.)+[a-z][\w-]{1,62}|\d{1,3}(?:\.\d{1,3}){3})(?![\w-])", re.IGNORECASE)


@register.filter
def defang(text: object) -> str:
    """hxxp instead of http, and [.] in names and addresses. The result is text, to be escaped like any other."""
    plain = _SCHEME.sub(lambda found: f"hxxp{found[2].lower()}:", str(text or ""))
    return _HOST.sub(lambda found: found[0].replace(".", "[.]"), plain)


@register.filter
def percent(share: float) -> str:
    """0.37 %: as many digits as tell it from nothing."""
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{share:.1%}" if share >= 0.01 else f"{share:.3%}" if share >= 0.00001 else "less than 0.001%"


@register.filter
def undoable_by(decision: Decision, person: User) -> bool:
    """Whether there is a way back that this person may go."""
    return decisions.may_undo(decision, by=person)


@register.filter
def visible_to(order: Order, person: User) -> bool:
    """Whether this member of staff may know of the order: a query where it is sealed."""
    return Order.objects.visible_to(person).filter(pk=order.pk).exists()


@register.filter
def is_asked_for(decision: Decision) -> bool:
    """Whether DNS is still asked about it, so that the page has to look again."""
    has_begun = decision.is_over or decision.state == Decision.State.DONE
    return has_begun and not proofs.is_settled(decision)


@register.inclusion_tag("desk/_chart.html")
def timeline_chart(timeline: Timeline) -> dict[str, Any]:
    """The events of a timeline as SVG; without script or style it is still a drawing with titles."""
    return {
        "chart": timeline_charts.draw(timeline),
        "width": timeline_charts.WIDTH,
        "height": timeline_charts.HEIGHT,
        "right": timeline_charts.WIDTH - timeline_charts.RIGHT,
        "left": timeline_charts.LEFT,
        "shown": timeline.entries[:SHOWN_ENTRIES],
        "timeline": timeline,
    }
