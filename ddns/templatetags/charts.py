"""Charts: bars as SVG, drawn here, so that they need neither script nor style."""

from collections.abc import Sequence
from typing import Any

from django import template

from ddns.history import Day

register = template.Library()

# In units of the drawing, which is as wide as its place.
WIDTH, HEIGHT = 600, 48
# A day without a change is a line to be seen, too.
LEAST = 2


@register.inclusion_tag("ddns/_chart.html")
def changes_chart(days: Sequence[Day]) -> dict[str, Any]:
    """One bar a day; the highest fills the drawing."""
    most = max((day.count for day in days), default=0)
    step = WIDTH / max(len(days), 1)
    bars = []
    for number, day in enumerate(days):
        height = max(LEAST, round(HEIGHT * day.count / most)) if most else LEAST
        bars.append({"day": day, "x": f"{number * step + 1:.1f}", "y": HEIGHT - height, "height": height})
    return {
        "bars": bars,
        "bar_width": f"{step - 2:.1f}",
        "width": WIDTH,
        "height": HEIGHT,
        "days": days,
        "most": most,
        "total": sum(day.count for day in days),
    }
