"""Durations and times as people read them."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone

register = template.Library()

_UNITS = (("day", 86400), ("h", 3600), ("min", 60))


@register.filter
def duration(value: timedelta | None) -> str:
    """0.42 s, 12 s, 3 min, 5 h, 2 days: two digits are enough to act on."""
    if value is None:
        return ""
    seconds = max(0.0, value.total_seconds())
    for name, size in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}{'s' if name == 'day' and count > 1 else ''}"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


@register.filter
def age(value: datetime | None) -> str:
    """How long ago."""
    return duration(timezone.now() - value) if value else ""


@register.filter
def seconds(value: int | None) -> str:
    """A TTL as people read it."""
    return duration(timedelta(seconds=value)) if value is not None else ""
