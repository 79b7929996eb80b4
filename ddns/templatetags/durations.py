"""Durations and times as people read them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext

register = template.Library()


@register.filter
def duration(value: timedelta | None) -> str:
    """0.42 s, 12 s, 3 min, 5 h, 2 days: two digits are enough to act on."""
    return _in_words(value, lambda days: ngettext("{count} day", "{count} days", days))


@register.filter
def age(value: datetime | None) -> str:
    """How long ago, to be put behind "since" or before "ago": languages with cases say it otherwise than how long."""
    ago = timezone.now() - value if value else None
    # Hundredths of a second are for what was measured.
    return _in_words(ago, lambda days: npgettext("ago, since", "{count} day", "{count} days", days), digits=0)


@register.filter
def seconds(value: int | None) -> str:
    """A TTL as people read it."""
    return duration(timedelta(seconds=value)) if value is not None else ""


def _in_words(value: timedelta | None, days_in_words: Callable[[int], str], *, digits: int = 2) -> str:
    if value is None:
        return ""
    seconds = max(0.0, value.total_seconds())
    if seconds >= 86400:
        days = int(seconds // 86400)
        return days_in_words(days).format(count=days)
    if seconds >= 3600:
        return _("{count} h").format(count=int(seconds // 3600))
    if seconds >= 60:
        return _("{count} min").format(count=int(seconds // 60))
    return _("{count} s").format(count=number_format(f"{seconds:.{digits if seconds < 10 else 0}f}"))
