"""Agreements: what a reporter saw in DNS against what our history says of that minute."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abuse import agreements
from abuse.agreements import Claim
from abuse.intake.drafts import Draft, Subject
from ddns import addresses
from ddns.models import AddressUpdate, Hostname
from tests.abuse.readable import read

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def noon() -> datetime:
    return (timezone.now() - timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def moved(home, noon) -> Hostname:
    """203.0.113.7 until 13:02, 198.51.100.7 until 15:40, then 203.0.113.9; IPv6 moved at 14:00."""
    Hostname.objects.filter(pk=home.pk).update(
        created_at=noon - 100 * HOUR, ipv4="203.0.113.9", ipv6="2001:db8::9", changed_at=noon + 3.67 * HOUR
    )
    for minutes, old, new in ((62, "203.0.113.7", "198.51.100.7"), (220, "198.51.100.7", "203.0.113.9")):
        _change(home, noon + timedelta(minutes=minutes), old_ipv4=old, new_ipv4=new)
    _change(home, noon + 2 * HOUR, old_ipv4="198.51.100.7", new_ipv4="198.51.100.7", new_ipv6="2001:db8::9")
    return Hostname.objects.get(pk=home.pk)


def _change(hostname: Hostname, at: datetime, **addresses) -> None:
    AddressUpdate.objects.create(hostname=hostname, at=at, protocol="dyndns2", **addresses)


@pytest.mark.parametrize(
    ("minutes", "address", "verdict", "words"),
    [
        (90, "198.51.100.7", "yes", "from {day} 13:02 to {day} 15:40"),
        (90, "203.0.113.7", "no", "it answered 198.51.100.7 from {day} 13:02 to {day} 15:40"),
        (30, "203.0.113.7", "yes", "until {day} 13:02"),
        (300, "203.0.113.9", "yes", "since {day} 15:40"),
        # Within the TTL of a change both are true.
        (64, "203.0.113.7", "yes", "until"),
        (59, "198.51.100.7", "yes", "from"),
        (70, "203.0.113.7", "no", "198.51.100.7"),
        (180, "2001:db8::9", "yes", "since {day} 14:00"),
        (60, "2001:db8::9", "no", "it had no IPv6 address"),
        (90, "192.0.2.1", "no", "198.51.100.7"),
    ],
)
def test_verdict(moved, noon, minutes, address, verdict, words):
    found = agreements.of(moved, addresses.parse(address), noon + timedelta(minutes=minutes))
    assert found.verdict == verdict
    assert words.format(day=f"{noon:%Y-%m-%d}") in found.sentence


def test_what_is_older_than_our_history_is_not_known(moved, noon):
    before = timezone.now() - timedelta(days=200)
    Hostname.objects.filter(pk=moved.pk).update(created_at=before - HOUR)
    assert agreements.of(moved, addresses.parse("203.0.113.7"), before).verdict == "unknown"


def test_address_that_never_moved_agrees(home):
    assert agreements.of(home, addresses.parse("203.0.113.7"), timezone.now()).verdict == "yes"
    assert agreements.of(home, addresses.parse("203.0.113.8"), timezone.now()).verdict == "no"


def test_many_claims_take_two_queries(moved, home, noon, django_assert_num_queries):
    seen = (addresses.parse("203.0.113.9"), addresses.parse("2001:db8::9"))
    with django_assert_num_queries(2):
        found = agreements.of_all([Claim(home, noon + number * HOUR, seen) for number in range(200)])
    assert len(found) == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.integers(-200, 400), st.sampled_from(["203.0.113.7", "198.51.100.7", "203.0.113.9"]))
def test_verdict_is_yes_exactly_while_it_stood_or_may_have_been_remembered(moved, noon, minutes, address):
    stood = {"203.0.113.7": (-6000, 62), "198.51.100.7": (62, 220), "203.0.113.9": (220, 5000)}
    since, until = stood[address]
    grace = agreements.GRACE.total_seconds() / 60
    found = agreements.of(moved, addresses.parse(address), noon + timedelta(minutes=minutes))
    assert (found.verdict == "yes") == (since <= minutes + grace and minutes - grace < until)


def seen(records: object, **fields) -> Draft:
    subject = Subject(name="home.ddns.test", url="https://home.ddns.test/login")
    return Draft("content/phishing", (subject,), details={"dns_records": records}, **fields)


def test_report_that_agrees_is_verified(monkeypatch, moved, noon):
    (report,) = read(monkeypatch, seen({"a": ["198.51.100.7"]}, evidence_at=noon + 1.5 * HOUR))
    assert (report.grade, report.details["agreement"]["verdict"]) == (3, "yes")


def test_report_that_contradicts_is_not_and_says_so(monkeypatch, moved, noon):
    (report,) = read(monkeypatch, seen({"a": ["192.0.2.99"]}, evidence_at=noon + 1.5 * HOUR))
    assert (report.grade, report.details["agreement"]["verdict"]) == (1, "no")
    assert "198.51.100.7" in report.details["agreement"]["text"]


def test_bare_claim_that_agrees_is_no_evidence_of_abuse(monkeypatch, moved, noon):
    subject = Subject(name="home.ddns.test", address="198.51.100.7")
    (report,) = read(monkeypatch, Draft("content/phishing", (subject,), evidence_at=noon + 1.5 * HOUR))
    assert (report.grade, report.details["agreement"]["verdict"]) == (0, "yes")


@pytest.mark.parametrize("records", [None, "x", [], {"a": None}, {"a": [None, 1, {}, "x"]}, {"a": "198.51.100.7x"}])
def test_nonsense_claims_nothing(records):
    assert agreements.claimed({"dns_records": records}, None) == ()
