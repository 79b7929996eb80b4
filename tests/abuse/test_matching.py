"""Matching: the holder at the time of the evidence."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import matching
from ddns import hostnames
from ddns.models import Domain, Hostname, ReservedName, User
from dnsupdate.models import Publication
from tests.abuse import rows

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def hold(hostname: Hostname, *, since: timedelta, until: timedelta | None = None) -> None:
    now = timezone.now()
    Hostname.objects.filter(pk=hostname.pk).update(
        created_at=now - since, released_at=None if until is None else now - until
    )


@pytest.fixture
def successor(home, bob, domain):
    """Alice held the name from day 100 to day 50, Bob holds it since day 10."""
    hold(home, since=100 * DAY, until=50 * DAY)
    ReservedName.objects.all().delete()
    after = hostnames.register(bob, domain=domain, label="home")
    hold(after, since=10 * DAY)
    return after


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("home.ddns.test", "held"),
        ("www.home.ddns.test", "held"),
        ("*.home.ddns.test", "held"),
        ("_acme-challenge.home.ddns.test", "held"),
        ("nobody.ddns.test", "never"),
        ("example.com", "not_ours"),
        ("homeddns.test", "not_ours"),
        ("test", "not_ours"),
        ("ddns.test", "infrastructure"),
        ("ns1.ddns.test", "infrastructure"),
        ("a.ns1.ddns.test", "infrastructure"),
    ],
)
def test_standing_now(home, name, standing):
    assert matching.match(name, timezone.now()).standing == standing


@pytest.mark.parametrize(
    ("days", "standing", "holder"),
    [
        (120, "held_since", None),
        (70, "held_since", "alice@example.com"),
        (30, "held_since", None),
        (5, "held", "bob@example.com"),
    ],
)
def test_holder_at_the_time_of_the_evidence_is_meant(home, successor, days, standing, holder):
    match = matching.match("home.ddns.test", timezone.now() - days * DAY)
    assert (match.standing, match.hostname and match.hostname.account.email) == (standing, holder)


def test_operators_reserved_names_are_infrastructure(domain):
    ReservedName.objects.create(name="printer", reason="ours")
    assert matching.match("printer.ddns.test", timezone.now()).standing == "infrastructure"


def test_label_that_the_desk_keeps_from_an_abuser_is_not_the_platforms(home, oscar):
    rows.decision(rows.case(home), by=oscar, action="reserve_label", parameters={"label": "evil"})
    ReservedName.objects.create(name="evil", reason="abuse case 1")
    assert matching.match("evil.ddns.test", timezone.now()).standing == "never"


def test_released_name_is_its_last_holders(home):
    hold(home, since=9 * DAY, until=5 * DAY)
    match = matching.match("home.ddns.test", timezone.now() - 7 * DAY)
    assert (match.standing, match.hostname) == ("released", home)


def test_pasted_text_is_refanged(home):
    assert matching.is_ours("hxxps://HOME[.]ddns[.]test/login").hostname == home


def test_many_names_take_as_many_queries_as_one(home, foreign, django_assert_num_queries):
    now = timezone.now()
    with django_assert_num_queries(3):
        matching.match_all((f"name-{number}.ddns.test", now) for number in range(500))


def fill(domain: Domain, count: int) -> None:
    """So many names, every second of them given up, as the planner knows then."""
    published = Publication.objects.bulk_create(
        Publication(zone=domain.zone, name=f"many-{number}.ddns.test") for number in range(count)
    )
    account, now = User.objects.create_user("many@example.com"), timezone.now()
    Hostname.objects.bulk_create(
        Hostname(
            account=account,
            domain=domain,
            name=each.name,
            publication=each,
            released_at=now if number % 2 else None,
        )
        for number, each in enumerate(published)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ddns_hostname")


def test_names_are_found_by_index_whether_they_are_held_or_were(home, domain):
    """Millions of rows are read by no list of names."""
    fill(domain, 3000)
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        matching.match("home.ddns.test", timezone.now())
        (about,) = (each["sql"] for each in asked.captured_queries if 'FROM "ddns_hostname"' in each["sql"])
        cursor.execute("EXPLAIN " + about)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "hostname_held_once" in plan
    assert "hostnames_released" in plan
    assert "Seq Scan on ddns_hostname" not in plan
