"""Parameters: whatever is sent for whatever action is taken or refused in words, and never breaks anything."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abuse import decisions
from abuse.errors import AbuseError
from abuse.models import Case, Decision
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db

NAMES = (
    "outcome",
    "text",
    "authority",
    "to",
    "network",
    "pattern",
    "label",
    "hours",
    "target",
    "report",
    "deadline",
    "x",
)
TEXTS = st.one_of(
    st.text(max_size=50),
    st.sampled_from(
        [
            "a" * 20_000,
            "\0",
            "a\0b",
            "\ud800",
            "é" * 63,
            "a@example.org",
            "192.0.2.0/24",
            "paypal*",
            "-",
            "ns1",
            "9" * 30,
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@pytest.fixture
def case(home) -> Case:
    return open_case(home)


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    action=st.sampled_from(list(Decision.Action)),
    parameters=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3),
    reason=TEXTS,
    is_ending=st.booleans(),
)
def test_whatever_is_sent_is_taken_or_refused_in_words(case, root, action, parameters, reason, is_ending):
    ends_at = timezone.now() + timedelta(days=3) if is_ending else None
    for verb in (
        lambda: decisions.preview(case, action, parameters, by=root, ends_at=ends_at),
        lambda: decisions.take(case, action=action, reason=reason, by=root, parameters=parameters, ends_at=ends_at),
    ):
        with transaction.atomic():
            with suppress(AbuseError):
                verb()
            transaction.set_rollback(True)


@pytest.mark.parametrize("action", list(Decision.Action))
def test_a_parameter_that_nobody_reads_is_refused(case, root, action):
    with pytest.raises(AbuseError):
        decisions.take(case, action=action, reason="x", by=root, parameters={"adress": "192.0.2.1"})
