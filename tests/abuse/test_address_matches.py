"""Address matches: who had a reported address, and has it still."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import address_matches
from abuse.intake.drafts import Draft, Subject
from abuse.models import Case, Report
from ddns import hostnames
from ddns.models import AddressUpdate, Hostname, User
from tests.abuse.readable import read

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def attack(address: str, **fields) -> Draft:
    values = {"description": "It tries passwords, see the log."} | fields
    return Draft("connection/login_attack", (Subject(address=address, role="source"),), **values)


def after_matching(report: Report) -> Report:
    address_matches.match_waiting()
    return Report.objects.get(pk=report.pk)


def test_device_behind_a_name_is_its_holders(monkeypatch, home):
    (report,) = read(monkeypatch, attack("203.0.113.7"))
    assert (report.state, report.case) == ("matching", None)
    report = after_matching(report)
    assert (report.hostname, report.standing, report.state, report.grade) == (home, "held", "open", 3)
    assert (report.case.route, report.case.account, report.case.report_count) == ("victim", home.account, 1)


def test_ipv6_is_matched_however_it_is_spelt(monkeypatch, home):
    (report,) = read(monkeypatch, attack("2001:DB8:0::7"))
    assert after_matching(report).hostname == home


def test_address_of_nobody_is_answered(monkeypatch, home):
    (report,) = read(monkeypatch, attack("192.0.2.44"))
    report = after_matching(report)
    assert (report.state, report.outcome) == ("not_ours", "not_ours")
    assert "192.0.2.44" in report.answer


def test_who_got_the_address_later_is_not_accused(monkeypatch, home):
    """Alice's line had another address when the attack was seen."""
    at = timezone.now() - 3 * HOUR
    Hostname.objects.update(created_at=at - 9 * HOUR)
    AddressUpdate.objects.create(
        hostname=home, at=at + HOUR, protocol="dyndns2", old_ipv4="198.51.100.1", new_ipv4="203.0.113.7"
    )
    (report,) = read(monkeypatch, attack("203.0.113.7", evidence_at=at))
    assert after_matching(report).outcome == "not_ours"


def test_name_registered_since_is_not_meant(monkeypatch, home):
    (report,) = read(monkeypatch, attack("203.0.113.7", evidence_at=timezone.now() - 5 * HOUR))
    assert after_matching(report).outcome == "not_ours"


def test_names_of_one_customer_are_one_report(monkeypatch, alice, home, domain):
    further = hostnames.register(alice, domain=domain, label="cam")
    Hostname.objects.filter(pk=further.pk).update(ipv4="203.0.113.7")
    (report,) = read(monkeypatch, attack("203.0.113.7"))
    assert after_matching(report).hostname == home
    assert Report.objects.count() == 1


def test_customers_behind_one_address_have_a_report_each(monkeypatch, home, foreign):
    Hostname.objects.filter(pk=foreign.pk).update(ipv4="203.0.113.7")
    (report,) = read(monkeypatch, attack("203.0.113.7"))
    address_matches.match_waiting()
    assert set(Report.objects.values_list("hostname", "position", "state")) == {
        (home.pk, 0, "open"),
        (foreign.pk, 1, "open"),
    }
    assert Case.objects.count() == 2
    assert report.submission.reports.count() == 2


def test_address_of_a_carrier_says_nothing_of_whom(monkeypatch, home, domain):
    for number in range(address_matches.MOST_CUSTOMERS):
        user = User.objects.create_user(f"user{number}@example.com")
        hostname = hostnames.register(user, domain=domain, label=f"user{number}")
        Hostname.objects.filter(pk=hostname.pk).update(ipv4="203.0.113.7")
    (report,) = read(monkeypatch, attack("203.0.113.7"))
    report = after_matching(report)
    assert (report.state, report.outcome, report.case) == ("closed", "insufficient", None)


def test_many_reports_take_one_look(monkeypatch, home, django_assert_max_num_queries):
    for number in range(30):
        read(monkeypatch, attack("203.0.113.7", description=f"It tries the password number {number}."))
    with django_assert_max_num_queries(30):
        address_matches.match_waiting()
    assert Case.objects.get().report_count == 30
