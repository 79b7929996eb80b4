"""Domains: a new TTL reaches DNS, and nobody registers what the nameservers are called."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ddns import domains, hostnames
from ddns.errors import NameUnavailable
from ddns.models import Domain, Hostname, ReservedName, User
from dnsupdate.models import PendingPublication, Publication
from dnsupdate.models.pending import Urgency
from tests.ddns.devices import Device
from tests.people import logged_in


@pytest.fixture
def live(device: Device, home: Hostname) -> Hostname:
    device.update(hostname="home.ddns.test", myip="203.0.113.7")
    PendingPublication.objects.all().delete()
    return home


def ttl_of(hostname: Hostname) -> int:
    return Publication.objects.get(name=hostname.name).rrsets["A"]["ttl"]


def test_a_new_ttl_is_published_for_every_hostname(domain, live, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert domains.set_ttl(domain, 30) == 1
    assert Domain.objects.get().ttl == 30
    assert ttl_of(live) == 30
    assert PendingPublication.objects.get().urgency == Urgency.ORDINARY


def test_offering_a_domain_with_another_ttl_publishes_it_too(domain, live, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        domains.offer(domain.zone, ttl=30)
    assert ttl_of(live) == 30


def test_suspended_and_released_hostnames_stay_as_they_are(
    domain, live, office, foreign, django_capture_on_commit_callbacks
):
    hostnames.suspend(live)
    hostnames.release(office)
    with django_capture_on_commit_callbacks(execute=True):
        assert domains.set_ttl(domain, 30) == 2
    assert set(Publication.objects.values_list("name", "revision")) >= {("bob.ddns.test", 2), ("office.ddns.test", 2)}
    assert [row.rrsets for row in Publication.objects.all()] == [{}, {}, {}]


@pytest.mark.usefixtures("home", "office", "foreign")
def test_the_hostnames_follow_in_chunks(domain, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(domains, "CHUNK", 2)
    with (
        CaptureQueriesContext(
            connection,
        ) as queries,
        django_capture_on_commit_callbacks(execute=True),
    ):
        domains.set_ttl(domain, 30)
    assert set(Publication.objects.values_list("revision", flat=True)) == {2}
    assert len([query for query in queries if "FOR NO KEY UPDATE" in query["sql"]]) == 2


@pytest.mark.parametrize("ttl", [0, 86401])
def test_a_ttl_out_of_range_changes_nothing(domain, ttl: int):
    with pytest.raises(ValidationError):
        domains.set_ttl(domain, ttl)
    assert Domain.objects.get().ttl == 60


def test_the_admin_says_how_many_hostnames_follow(domain, live, django_capture_on_commit_callbacks):
    root = logged_in(User.objects.create_superuser("root@example.com"))
    page = f"/admin/ddns/domain/{domain.pk}/change/"
    with django_capture_on_commit_callbacks(execute=True):
        said = root.post(page, {"ttl": "30", "min_ttl": "30", "max_ttl": "300"}, follow=True).content.decode()
    assert "1 hostname in ddns.test will be published again with a TTL of 30 s" in said
    assert (Domain.objects.get().ttl, Domain.objects.get().is_open, ttl_of(live)) == (30, False, 30)


def test_names_of_nameservers_cannot_be_registered(domain, alice):
    ReservedName.objects.create(name="dns.ddns.test", reason="released", until="2020-01-01T00:00:00Z")
    names = {"dns.ddns.test", "ddns.test", "ns.example.net"}
    assert domains.reserve_nameservers(domain, names) == ["dns.ddns.test"]
    with pytest.raises(NameUnavailable, match="reserved"):
        hostnames.register(alice, domain=domain, label="dns")
    reserved = ReservedName.objects.get(name="dns.ddns.test")
    assert (reserved.reason, reserved.until) == ("nameserver of the zone", None)
