"""Durations as people read them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ddns.templatetags.durations import age, duration


@pytest.mark.parametrize(
    ("seconds", "measured", "ago"),
    [
        (0.42, "0.42 s", "0 s"),
        (1.88, "1.88 s", "2 s"),
        (12, "12 s", "12 s"),
        (200, "3 min", "3 min"),
        (9e4, "1 day", "1 day"),
    ],
)
def test_hundredths_are_for_what_was_measured(seconds, measured, ago, time_machine):
    time_machine.move_to("2026-11-25T10:00:00Z", tick=False)

    assert duration(timedelta(seconds=seconds)) == measured
    assert age(timezone.now() - timedelta(seconds=seconds)) == ago
