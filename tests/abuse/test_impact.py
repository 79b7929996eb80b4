"""Impact: what a decision touches is said before, to the name, and costs the same however much it is."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import decisions, impact
from abuse.actions import block
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision
from ddns import blocks, hostnames, records
from ddns.models import Hostname, HostnameContact, User
from dnsupdate.models import Zone
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db

Action = Decision.Action


@pytest.fixture
def case(home):
    hostnames.publish(hostnames.lock(home))
    return open_case(home)


def test_suspending_touches_one_name_of_one_account(case, home, foreign, oscar):
    seen_at = timezone.now() - timedelta(minutes=5)
    HostnameContact.objects.create(hostname=home, at=seen_at, source="198.51.100.9", agent="", protocol="dyndns2")
    records.add(home, rdtype="TXT", rdata="hello")
    found = decisions.preview(case, Action.SUSPEND, by=oscar)

    assert (list(found.names), found.name_count) == (["home.ddns.test"], 1)
    assert (list(found.accounts), found.account_count) == (["alice@example.com"], 1)
    assert found.record_count == 1
    assert found.last_seen == seen_at
    assert found.share_of_zone == 0.5
    assert found.needs_second_person == ""


def test_the_world_sees_it_after_the_ttl_and_the_undoing_after_the_negative_one(case, home, oscar):
    Hostname.objects.filter(pk=home.pk).update(ttl=240)
    found = decisions.preview(case, Action.SUSPEND, by=oscar)
    assert found.seconds_until_seen == 240 + impact.PUBLISHING_SECONDS
    assert found.seconds_until_undo_seen == 300 + impact.PUBLISHING_SECONDS


def test_locking_touches_every_name_of_the_account_and_no_other(case, alice, foreign, domain, root):
    hostnames.register(alice, domain=domain, label="office")
    found = decisions.preview(case, Action.LOCK_ACCOUNT, by=root)
    assert list(found.names) == ["home.ddns.test", "office.ddns.test"]
    assert any("1 besides" in sentence for sentence in found.sentences)


@pytest.mark.parametrize("action", [Action.DISMISS, Action.WARN, Action.INFORM, Action.PRESERVE, Action.RESERVE_LABEL])
def test_what_is_not_in_dns_touches_no_name(case, root, action):
    found = decisions.preview(case, action, by=root)
    assert (found.name_count, found.seconds_until_seen, found.share_of_zone) == (0, None, 0.0)
    assert found.sentences


def test_collateral_of_a_block_is_named(case, home, foreign, root):
    Hostname.objects.filter(pk=foreign.pk).update(ipv4="203.0.113.8")
    found = decisions.preview(case, Action.BLOCK_NETWORK, {"network": "203.0.113.0/24"}, by=root)
    assert any("1 names of 1 other accounts" in each and "bob.ddns.test" in each for each in found.sentences)

    found = decisions.preview(case, Action.BLOCK_PATTERN, {"pattern": "home*"}, by=root)
    assert any("0 names of 0 other accounts" in each for each in found.sentences)


def test_a_zone_that_fails_is_said(case, zone, oscar):
    Zone.objects.filter(pk=zone.pk).update(failing_since=timezone.now())
    found = decisions.preview(case, Action.SUSPEND, by=oscar)
    assert any("failing" in sentence for sentence in found.sentences)


def test_the_digest_is_of_what_is_decided_and_not_of_what_comes_and_goes(case, home, oscar):
    first = decisions.preview(case, Action.SUSPEND, by=oscar).digest
    Hostname.objects.filter(pk=home.pk).update(ipv4="203.0.113.200", changed_at=timezone.now())
    assert decisions.preview(case, Action.SUSPEND, by=oscar).digest == first
    assert decisions.preview(case, Action.HOLD, by=oscar).digest != first

    later = decisions.preview(case, Action.SUSPEND, by=oscar, ends_at=timezone.now() + timedelta(days=1))
    assert later.digest != first


def test_what_is_wrong_with_the_parameters_is_said_before(case, root):
    with pytest.raises(InvalidParameter):
        decisions.preview(case, Action.BLOCK_NETWORK, {"network": "0.0.0.0/0"}, by=root)


def test_it_costs_the_same_for_one_name_and_for_many(case, alice, domain, root, settings):
    settings.ABUSE_SHARE_FROM_NAMES = 1000

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            decisions.preview(Case.objects.get(pk=case.pk), Action.LOCK_ACCOUNT, by=User.objects.get(pk=root.pk))
        return len(queries)

    few = count()
    for number in range(15):
        hostnames.register(alice, domain=domain, label=f"more{number}")
    assert count() == few <= 18


def test_the_names_of_a_large_domain_are_estimated(case, oscar, monkeypatch):
    monkeypatch.setattr(impact, "MAX_COUNTED", 0)
    assert 0 < decisions.preview(case, Action.SUSPEND, by=oscar).share_of_zone <= 1


def test_a_block_that_meets_a_lot_says_so_and_counts_no_further(case, home, foreign, root, monkeypatch):
    monkeypatch.setattr(block, "MAX_MET", 1)
    Hostname.objects.filter(pk=foreign.pk).update(ipv4="203.0.113.8")
    found = decisions.preview(case, Action.BLOCK_NETWORK, {"network": "203.0.113.0/24"}, by=root)
    assert any("more than 1 names" in each for each in found.sentences)
    again = decisions.preview(case, Action.BLOCK_NETWORK, {"network": "203.0.113.0/24"}, by=root)
    assert again.digest == found.digest


def test_a_block_that_cannot_be_counted_in_time_is_refused_in_words_and_the_page_does_not_hang(case, root, monkeypatch):
    monkeypatch.setattr(block, "LONGEST", timedelta(milliseconds=50))
    slow = Hostname.objects.extra(where=["pg_sleep(30) IS NOT NULL"])
    monkeypatch.setattr(blocks, "hostnames_in", lambda network: slow)
    with pytest.raises(InvalidParameter, match="could not be counted"):
        decisions.preview(case, Action.BLOCK_NETWORK, {"network": "203.0.113.0/24"}, by=root)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_looking_for_what_a_block_meets_leaves_the_transactions_own_limit(case, root):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '77s'")
        decisions.preview(case, Action.BLOCK_PATTERN, {"pattern": "home*"}, by=root)
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("77s",)
