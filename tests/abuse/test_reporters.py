"""Reporters: one voice each, told apart from who only claims to be them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from abuse import reporters
from abuse.intake.drafts import Party
from abuse.models import Case, Report, Reporter
from ddns.models import Hostname
from tests.abuse import rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("contact", "identity"),
    [
        ("soc@example.net", "org:example.net"),
        ("abuse+17@mail.eu.example.co.uk", "org:example.co.uk"),
        ("SOC@EXAMPLE.NET", "org:example.net"),
        ("trudy@gmail.com", "mailbox:trudy@gmail.com"),
        ("t.r.u.d.y+spam@googlemail.com", "mailbox:trudy@gmail.com"),
        ("t.rudy+x@gmx.de", "mailbox:t.rudy@gmx.de"),
        ("trudy@hotmail.es", "mailbox:trudy@hotmail.es"),
        ("trudy@yahoo.co.jp", "mailbox:trudy@yahoo.co.jp"),
        ("soc@yahoo.example.net", "org:example.net"),
        ("trudy@mailinator.com", "mailbox:trudy@mailinator.com"),
        ("trudy@home.duckdns.org", "org:home.duckdns.org"),
        ("cert@bücher.example", "org:xn--bcher-kva.example"),
        ("trudy@localhost", ""),
        ("trudy@203.0.113.9", ""),
        ("trudy", ""),
        ("", ""),
        ("@gmail.com", ""),
        ("x" * 300 + "@example.net", "org:example.net"),
    ],
)
def test_identity_is_the_house_or_the_mailbox_where_the_house_is_everybodys(db, contact, identity):
    assert reporters.identity_of(Party(contact=contact)) == identity


def test_customers_of_ours_are_not_one_house(domain):
    assert reporters.identity_of(Party(contact="alice@mail.home.ddns.test")) == "mailbox:home.ddns.test"


def test_domain_says_who_it_is_where_there_is_no_mailbox(db):
    assert reporters.identity_of(Party(domain="soc.example.net")) == "org:example.net"
    assert reporters.identity_of(Party(domain="gmail.com")) == ""


def test_who_only_claims_to_be_a_reporter_is_another(db):
    proven = reporters.proven_by_mailbox("soc@example.net")
    Reporter.objects.filter(pk=proven.pk).update(tier="A")
    claimed = reporters.of(Party(contact="soc@example.net"), door="form")
    assert claimed != proven
    assert (claimed.tier, reporters.is_proven(claimed), reporters.is_proven(proven)) == ("C", False, True)
    assert reporters.weight(claimed) < reporters.weight(Reporter.objects.get(pk=proven.pk))


def test_tier_set_on_a_claim_weighs_no_more_than_a_claim(db):
    claimed = reporters.of(Party(contact="soc@example.net"), door="form")
    claimed.tier = Reporter.Tier.TRUSTED
    assert reporters.weight(claimed) == 0.25


def test_proven_reporter_is_itself_whatever_a_draft_says(db):
    proven = reporters.proven_by_mailbox("soc@example.net")
    assert reporters.of(Party(contact="someone@example.org"), door="api", proven=proven) == proven


def test_nobody_is_anonymous(db):
    first, second = reporters.of(Party(), door="form"), reporters.of(Party(org="Nobody Inc."), door="form")
    assert first == second == Reporter.objects.get(identity="anonymous")


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_contact_gives_an_identity_that_can_be_stored(contact, domain):
    identity = reporters.identity_of(Party(contact=contact, domain=domain))
    assert identity == "" or identity.startswith(("org:", "mailbox:"))
    assert "\x00" not in identity
    assert len(identity) < 700


def decided(
    hostname: Hostname, reporter: Reporter, outcome: str, *, times: int = 1, ago: timedelta = timedelta()
) -> None:
    """On cases of their own."""
    for _ in range(times):
        at = timezone.now() - ago
        case = rows.case(hostname, state="closed", closed_at=at, outcome=outcome)
        rows.report(case, reporter=reporter, outcome=outcome, state="closed", answered_at=at)


def test_accuracy_counts_cases_and_not_reports(home):
    reporter = rows.reporter()
    decided(home, reporter, "upheld", times=3)
    decided(home, reporter, "rejected")
    for _ in range(20):
        rows.report(
            Case.objects.earliest("pk"), reporter=reporter, outcome="upheld", state="closed", answered_at=timezone.now()
        )
    found = reporters.accuracy(reporter)
    assert (found.decided_count, found.upheld_count) == (4, 3)


@pytest.mark.parametrize("outcome", ["insufficient", "already_done", "not_ours"])
def test_what_says_nothing_of_right_or_wrong_is_not_counted(home, outcome):
    reporter = rows.reporter()
    decided(home, reporter, outcome)
    assert reporters.accuracy(reporter).decided_count == 0


def test_what_is_long_past_is_not_counted(home):
    reporter = rows.reporter()
    decided(home, reporter, "upheld", ago=reporters.ACCURACY_OVER + timedelta(days=1))
    assert reporters.accuracy(reporter) == reporters.UNKNOWN


# From Wilson (1927) at z = 1.96, as statistics packages give it.
@pytest.mark.parametrize(
    ("upheld", "count", "lower"), [(0, 0, 0.0), (0, 10, 0.0), (1, 1, 0.2065), (20, 20, 0.8389), (95, 100, 0.8882)]
)
def test_lower_bound(upheld, count, lower):
    assert reporters.wilson(upheld, count) == pytest.approx(lower, abs=0.0002)


@pytest.mark.parametrize(
    ("upheld", "count", "words"),
    [
        (0, 0, "nothing decided"),
        (1, 1, "1 of 1 upheld: too few to say"),
        (9, 9, "9 of 9 upheld: too few to say"),
        (10, 10, "10 of 10 upheld: right in 72% at least"),
        (95, 100, "95 of 100 upheld: right in 89% at least"),
    ],
)
def test_a_record_of_a_handful_claims_no_share(upheld, count, words):
    assert str(reporters.Accuracy(*reporters.interval(upheld, count), count, upheld)) == words


@given(st.integers(0, 500), st.integers(0, 500))
def test_true_share_lies_between_the_bounds(upheld, rejected):
    lower, upper = reporters.interval(upheld, upheld + rejected)
    assert 0 <= lower <= upper <= 1
    if upheld + rejected:
        assert lower - 1e-9 <= upheld / (upheld + rejected) <= upper + 1e-9


def test_undoing_never_makes_a_figure_negative(home):
    report = rows.report(rows.case(home))
    reporters.count([report], Report.Outcome.UPHELD, by=-1)
    assert Reporter.objects.get(pk=report.reporter_id).upheld_count == 0
