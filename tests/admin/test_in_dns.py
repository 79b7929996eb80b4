"""When DNS stopped answering: from a real nameserver, and true whatever is sent again later."""

import pytest
from django.db import transaction

from abuse import accounts, evidence, suspensions
from ddns import domains, hostnames
from ddns.models import Hostname
from dnsupdate import publisher, zones
from dnsupdate.models import TsigKey, Zone
from tests.people import logged_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def zone(transactional_db, embedded_nameserver, fresh_zone) -> Zone:
    server = embedded_nameserver
    key = TsigKey(name=server.key.name, algorithm=server.key.algorithm)
    key.secret = server.key.secret
    return zones.add(fresh_zone(server), host=server.host, port=server.port, key=key)


@pytest.fixture
def home(alice, zone) -> Hostname:
    hostname = hostnames.register(alice, domain=domains.offer(zone), label="home")
    Hostname.objects.filter(pk=hostname.pk).update(ipv4="203.0.113.7")
    with transaction.atomic():
        hostnames.publish(hostnames.lock(hostname))
    drain(zone)
    return Hostname.objects.get(pk=hostname.pk)


def drain(zone: Zone) -> None:
    while not publisher.drain(zone.pk):
        pass


def in_dns(hostname: Hostname) -> evidence.InDns:
    return evidence.of(Hostname.objects.get(pk=hostname.pk), by=hostname.account).in_dns


def test_page_follows_a_suspension_into_dns(home, zone, oscar):
    client, page = logged_in(oscar), f"/admin/ddns/hostname/{home.pk}/"
    before = client.get(f"{page}change/").content.decode()
    assert "As decided" in before
    assert "<code>203.0.113.7</code>" in before

    suspensions.suspend(home, reason="phishing", by=oscar)
    waiting = client.get(f"{page}dns/").content.decode()
    assert "Waiting for" in waiting
    assert "data-settled" not in waiting

    drain(zone)
    settled = client.get(f"{page}dns/").content.decode()
    assert "DNS stopped answering at" in settled
    assert "after the decision" in settled
    assert "NXDOMAIN" in settled
    assert "data-settled" in settled


def test_time_stays_true_when_the_withdrawal_is_sent_again(home, zone, oscar, root):
    suspensions.suspend(home, reason="phishing", by=oscar)
    drain(zone)
    stopped = in_dns(home).stopped_at
    suspensions.suspend(home, reason="court order", by=root)
    accounts.deactivate(home.account, reason="spam", by=oscar)
    assert in_dns(home).stopped_at is None
    drain(zone)

    assert in_dns(home).published_at > stopped
    assert in_dns(home).stopped_at == stopped


def test_wildcard_counts_too(home, zone, oscar):
    hostnames.configure(home, wildcard=True)
    drain(zone)
    suspensions.suspend(home, reason="phishing", by=oscar)
    drain(zone)
    now = in_dns(Hostname.objects.get(pk=home.pk))

    assert len(now.publications) == 2
    assert now.stopped_at == max(row.withdrawn_at for row in now.publications)
    assert now.stopped_after.total_seconds() > 0


def test_name_that_answered_nothing_before_is_said_to(home, zone, oscar):
    hostnames.configure(home, offline=True)
    drain(zone)
    suspensions.suspend(home, reason="phishing", by=oscar)
    drain(zone)

    assert in_dns(home).stopped_after is None
    html = logged_in(oscar).get(f"/admin/ddns/hostname/{home.pk}/dns/").content.decode()
    assert "before this decision" in html


def test_lifted_name_answers_again_and_has_not_stopped(home, zone, oscar):
    suspension = suspensions.suspend(home, reason="phishing", by=oscar)
    drain(zone)
    suspensions.lift(suspension, reason="mistaken identity", by=oscar)
    drain(zone)
    now = in_dns(home)

    assert now.stopped_at is None
    assert now.answers[0].addresses == ("203.0.113.7",)
    assert now.publications[0].withdrawn_at is None
