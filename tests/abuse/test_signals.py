"""What is gathered about a case: right, bounded, and by the same number of queries however much there is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import signals, suspensions, voices
from abuse.facts import Facts
from abuse.models import Brand, Evidence, Report, Stay
from ddns import hostnames
from ddns.models import AddressUpdate, Hostname, HostnameContact, User
from tests.abuse import rows

pytestmark = pytest.mark.django_db

NOW = timezone.now
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def moved(hostname: Hostname, new: str, *, old: str | None = None, ago: timedelta = HOUR, **fields) -> AddressUpdate:
    values = {"source": new, "agent": "inadyn/2.12", "protocol": "dyndns2", "old_ipv4": old, "new_ipv4": new}
    return AddressUpdate.objects.create(hostname=hostname, at=NOW() - ago, **values | fields)


def stays(hostname: Hostname, address: str, *, ago: timedelta = HOUR) -> Stay:
    Hostname.objects.filter(pk=hostname.pk).update(ipv4=address)
    return Stay.objects.create(hostname=hostname, address=address, since=NOW() - ago)


@pytest.fixture
def case(home):
    return rows.case(home)


def test_facts_of_a_name_and_its_holder(home, case, alice):
    HostnameContact.objects.create(
        hostname=home, at=NOW(), source="203.0.113.7", agent="inadyn/2.12", protocol="dyndns2"
    )
    rows.report(case, url="https://home.ddns.test/wp-content/x.php?token=1")
    facts = signals.gather(case)

    assert (facts.name, facts.label, facts.state, facts.route) == ("home.ddns.test", "home", "live", "suspect")
    assert facts.created_at == home.created_at
    assert facts.joined_at == alice.date_joined
    assert facts.mail_domain == "example.com"
    assert not facts.is_paid
    assert [each.address for each in facts.places] == ["203.0.113.7", "2001:db8::7"]
    assert facts.paths == ("/wp-content/x.php",)
    assert facts.may_hold


def test_facts_survive_being_stored_as_json(home, case):
    rows.report(case, details={"dns_records": {"a": ["203.0.113.7"]}})
    moved(home, "203.0.113.7")
    Brand.objects.create(word="home")
    facts = signals.gather(case)

    assert Facts.from_json(facts.as_json()) == facts


def test_case_about_a_name_that_nobody_holds_has_no_holder(home, case):
    case.hostname = case.account = None
    case.save()
    facts = signals.gather(case)

    assert facts.created_at is facts.joined_at is None
    assert facts.places == ()


def test_five_hundred_mails_of_one_organisation_are_one_voice(case):
    for _ in range(5):
        rows.report(case)
    facts = signals.gather(case)

    assert [(each.identity, each.report_count) for each in facts.voices] == [("org:example.net", 5)]


def test_reporters_that_send_the_same_file_are_one_voice(case):
    first = rows.report(case, reporter=rows.reporter("org:example.net", tier="B"))
    second = rows.report(case, reporter=rows.reporter("org:example.org"))
    other = rows.report(case, reporter=rows.reporter("org:example.com"))
    for report in (first, second):
        Evidence.objects.create(report=report, blob=rows.submission(b"screenshot").blob)
    Evidence.objects.create(report=other, blob=rows.submission(b"another").blob)
    voices = signals.gather(case).voices

    assert [(each.identity, each.also, each.report_count) for each in voices] == [
        ("org:example.net", ("org:example.org",), 2),
        ("org:example.com", (), 1),
    ]


def test_stranger_makes_no_one_voice_of_two_by_sending_what_both_have_sent(case):
    strange = rows.report(case, reporter=rows.reporter("claimed:org:example.com"))
    for identity, content in (("org:example.net", b"screenshot"), ("org:example.org", b"another")):
        report, blob = rows.report(case, reporter=rows.reporter(identity)), rows.submission(content).blob
        for each in (strange, report):
            Evidence.objects.create(report=each, blob=blob)
    found = signals.gather(case).voices

    assert [(each.identity, each.counts) for each in found] == [("org:example.net", True), ("org:example.org", True)]


def test_claims_by_the_hundred_hide_nobody_who_is_proven(case, monkeypatch):
    monkeypatch.setattr(voices, "MOST_VOICES", 3)
    for number in range(4):
        rows.report(case, reporter=rows.reporter(f"claimed:org:example-{number}.com"))
    rows.report(case, reporter=rows.reporter("org:example.net"))

    assert signals.gather(case).voices[0].identity == "org:example.net"


def test_what_is_only_claimed_is_no_independent_voice(case):
    rows.report(case, reporter=rows.reporter("claimed:org:example.net"))
    rows.report(case, reporter=rows.reporter("anonymous", kind="anonymous"))
    facts = signals.gather(case)

    assert [each.counts for each in facts.voices] == [False]
    assert facts.anonymous_count == 1


def test_feeds_are_hits_with_confidence_and_no_voices(case):
    feed = rows.reporter("feed:threatfox", kind="feed")
    details = {"confidence": 0.9, "is_compromised": True, "reference": "ioc 5"}
    rows.report(case, reporter=feed, details=details)
    facts = signals.gather(case)

    assert facts.voices == ()
    (hit,) = facts.feed_hits
    assert (hit.feed, hit.confidence, hit.is_compromised, hit.reference) == ("threatfox", 0.9, True, "ioc 5")


@pytest.mark.parametrize("confidence", [90, -1, True, "high", None])
def test_confidence_that_is_none_is_not_believed(case, confidence):
    rows.report(case, reporter=rows.reporter("feed:x", kind="feed"), details={"confidence": confidence})

    assert signals.gather(case).feed_hits[0].confidence is None


@pytest.mark.parametrize(
    ("claimed", "agrees"),
    [({"a": ["192.0.2.9"]}, True), ({"A": "192.0.2.10"}, False), ({"txt": ["x"]}, "none"), ("x", "none")],
)
def test_dns_that_a_report_shows_is_compared_with_our_history(home, case, claimed, agrees):
    Hostname.objects.filter(pk=home.pk).update(created_at=NOW() - 10 * DAY)
    moved(home, "203.0.113.7", old="192.0.2.9", ago=HOUR)
    moved(home, "192.0.2.9", ago=3 * DAY)
    rows.report(case, evidence_at=NOW() - DAY, details={"dns_records": claimed})
    claims = signals.gather(case).claims

    assert [each.agrees for each in claims] == ([] if agrees == "none" else [agrees])


def test_history_that_does_not_go_back_so_far_contradicts_nobody(home, case):
    rows.report(case, evidence_at=NOW() - 200 * DAY, details={"dns_records": {"a": ["192.0.2.10"]}})

    assert signals.gather(case).claims[0].agrees is None


def test_evidence_older_than_the_present_holder_is_counted(home, case):
    known = rows.reporter("org:cert.example", tier="B")
    rows.report(case, evidence_at=home.created_at - DAY, reporter=known)
    rows.report(case, standing=Report.Standing.HELD_SINCE, reporter=known)
    # Anybody can say that something is old.
    rows.report(case, evidence_at=home.created_at - DAY, reporter=rows.reporter("claimed:org:example.net"))

    assert signals.gather(case).before_holder_count == 2


def test_suspended_name_of_another_account_at_the_address_is_seen(home, foreign, case, oscar):
    stays(home, "198.51.100.5")
    stays(foreign, "198.51.100.5")
    suspensions.suspend(foreign, reason="malware", by=oscar)
    place = signals.gather(case).places[0]

    assert (place.suspended, place.name_count, place.new_in_day) == (("bob.ddns.test",), 1, 1)


def test_name_that_moved_on_a_moment_ago_is_not_said_to_be_there(home, foreign, case):
    stays(home, "198.51.100.5")
    stays(foreign, "198.51.100.5")
    Hostname.objects.filter(pk=foreign.pk).update(ipv4="198.51.100.6")

    assert signals.gather(case).places[0].name_count == 0


def test_own_suspended_names_and_siblings_are_seen(home, alice, domain, oscar):
    names = [hostnames.register(alice, domain=domain, label=each) for each in ("camera1", "camera2", "cameraman")]
    suspensions.suspend(names[1], reason="malware", by=oscar)
    facts = signals.gather(rows.case(names[0]))

    assert [each.name for each in facts.suspended_names] == ["camera2.ddns.test"]
    assert facts.siblings == facts.suspended_siblings == ("camera2.ddns.test",)
    assert facts.other_name_count == 3


def test_sign_ups_of_the_same_network_within_a_day_are_counted(case, alice, bob):
    third = User.objects.create_user("carol@example.com", date_joined=alice.date_joined - 3 * DAY)
    for user in (alice, bob, third):
        user.sign_up_network = "203.0.113.0/24"
        user.save()

    assert signals.gather(case).sign_ups_nearby == 1

    User.objects.update(sign_up_network="100.64.0.0/24")
    assert signals.gather(case).sign_ups_nearby == 0


@pytest.mark.parametrize(
    ("domain", "expected"),
    [("mailinator.com", True), ("a.mailinator.com", True), ("example.com", False), ("com", False)],
)
def test_throw_away_mail_is_known(domain, expected):
    assert signals.is_disposable(domain) is expected


def test_decision_that_was_undone_settles_what_was_said_before(case, oscar):
    at = NOW() - HOUR
    rows.decision(case, by=oscar, action="hold", state="undone", undone_at=at, undone_by=oscar, undo_reason="mistake")

    assert signals.gather(case).settled_at == at


def test_flood_pushes_out_nothing_that_counts(case, home, monkeypatch):
    """Of very many reports the same is found by other queries."""
    long_ago = home.created_at - DAY
    details = {"confidence": 0.9, "dns_records": {"a": ["198.51.100.5"]}}
    rows.report(case, reporter=rows.reporter("feed:1", kind="feed"), details=details, evidence_at=long_ago)
    rows.report(case, reporter=rows.reporter("feed:2", kind="feed"), external_id="17", standing="held_since")
    for number in range(5):
        rows.report(case, reporter=rows.reporter(f"org:example{number}.net"))
    now = NOW()
    few = signals.gather(case, at=now)
    monkeypatch.setattr(signals, "MOST_REPORTS", 6)

    assert signals.gather(case, at=now) == few
    assert [each.reference for each in few.feed_hits] == ["17", ""]
    assert (few.before_holder_count, len(few.claims), few.report_count, few.first_evidence_at) == (2, 1, 7, long_ago)


def test_number_of_queries_does_not_grow(home, foreign, case, domain, alice, django_assert_num_queries):
    for name in ("org:example.net", "org:example.com"):
        rows.report(case, reporter=rows.reporter(name, tier="A"))
    stays(home, "198.51.100.5")
    before = _queries(case)
    for number in range(4):
        other = hostnames.register(alice, domain=domain, label=f"home{number}")
        stays(other, "198.51.100.5")
        moved(home, f"198.51.100.{number}", ago=number * HOUR)
        rows.report(case, reporter=rows.reporter(f"org:example{number}.net", tier="A"))
        rows.report(case, reporter=rows.reporter(f"feed:{number}", kind="feed"))

    with django_assert_num_queries(before):
        signals.gather(case)


def _queries(case) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        signals.gather(case)
    return len(captured)
