"""What a report says that a name answered, held against what it did answer."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import dns_claims
from ddns.models import AddressUpdate, Hostname
from tests.abuse import page_rows as rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def times(home):
    """home.ddns.test was registered five hours ago, had .1 from then, .2 from three hours ago, .7 from an hour ago."""
    now = timezone.now()
    Hostname.objects.filter(pk=home.pk).update(created_at=now - timedelta(hours=5))
    for hours, old, new in ((3, "203.0.113.1", "203.0.113.2"), (1, "203.0.113.2", "203.0.113.7")):
        at = now - timedelta(hours=hours)
        AddressUpdate.objects.create(hostname=home, at=at, protocol="dyndns2", old_ipv4=old, new_ipv4=new)
    home.refresh_from_db()
    return now


CASES = [
    (4, "203.0.113.1", True),
    (2, "203.0.113.2", True),
    (0.5, "203.0.113.7", True),
    (2, "203.0.113.7", False),
    (4, "198.51.100.1", False),
    (30, "203.0.113.1", None),
    (2, None, None),
]


@pytest.mark.parametrize(("hours", "claimed", "agrees"), CASES)
def test_claim_is_held_against_the_minute_of_the_evidence(home, times, hours, claimed, agrees):
    report = rows.report(rows.case(home), address=claimed, evidence_at=times - timedelta(hours=hours))
    assert dns_claims.held_against([report], home)[report.pk].agrees is agrees


def test_matching_stay_says_from_when_to_when(home, times):
    report = rows.report(rows.case(home), address="203.0.113.2", evidence_at=times - timedelta(hours=2))
    (stay,) = dns_claims.held_against([report], home)[report.pk].matching
    assert (times - stay.since, times - stay.until) == (timedelta(hours=3), timedelta(hours=1))


SAID = [
    ({"dns_records": {"a": ["203.0.113.7", "x"], "aaaa": ["2001:DB8::7"]}}, ["203.0.113.7", "2001:db8::7"]),
    ({"dns_records": [{"type": "A", "value": "203.0.113.7"}]}, ["203.0.113.7"]),
    ({"dns_records": "203.0.113.7"}, ["203.0.113.7"]),
    ({"dns_records": {"a": [None, 7, {}]}}, []),
    ({}, []),
]


@pytest.mark.parametrize(("details", "claimed"), SAID)
def test_claims_are_read_in_every_shape(home, details, claimed):
    assert dns_claims.claimed(rows.report(rows.case(home), details=details)) == claimed
