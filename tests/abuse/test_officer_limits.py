"""What an officer and an agency may file in a day, and what makes staff look at the account."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from abuse import networks, officer_limits
from abuse.errors import OfficerLimit
from abuse.models import Agency, Officer, OfficerAlert, OfficerFiling, Order, ReporterMail
from dnsupdate.models import Alarm
from tests.abuse import order_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def olivia() -> Officer:
    return order_rows.officer()


def filed(officer: Officer, *, name_count: int = 1, **fields) -> Order:
    """As orders.file does it."""
    officer_limits.check(officer, name_count=name_count, is_emergency=fields.get("kind") == Order.Kind.EMERGENCY)
    order = order_rows.order(officer, **fields)
    officer_limits.watch_order(order)
    return order


def unusual(order: Order) -> set[str]:
    return set(OfficerAlert.objects.filter(order=order).values_list("what", flat=True))


def used_to_it(officer: Officer, **fields) -> None:
    """One order that somebody has looked at."""
    filed(officer, **{"source": "192.0.2.7", **fields})


def test_officer_files_so_many_orders_in_a_day(olivia, settings):
    settings.ORDERS_PER_OFFICER = 2
    filed(olivia)
    filed(olivia)
    with pytest.raises(OfficerLimit, match="2 orders"):
        officer_limits.check(olivia, name_count=1)
    OfficerFiling.objects.update(at=timezone.now() - timedelta(hours=25))
    officer_limits.check(olivia, name_count=1)


def test_officer_files_so_many_names_in_a_day(olivia, settings):
    settings.NAMES_PER_OFFICER = 20_000
    filed(olivia, name_count=18_472)
    with pytest.raises(OfficerLimit, match="20000 names"):
        officer_limits.check(olivia, name_count=1529)
    officer_limits.check(olivia, name_count=1528)


def test_colleagues_share_the_limits_of_their_agency(olivia, settings):
    colleague = order_rows.officer("otto@police.example")
    settings.ORDERS_PER_AGENCY, settings.NAMES_PER_AGENCY = 2, 100
    filed(olivia, name_count=60)
    with pytest.raises(OfficerLimit, match="100 names"):
        officer_limits.check(colleague, name_count=41)
    filed(colleague, name_count=40)
    with pytest.raises(OfficerLimit, match="2 orders"):
        officer_limits.check(olivia, name_count=0)
    stranger = order_rows.officer(
        "pia@court.example", agency=order_rows.agency("Court", mail_domains=["court.example"])
    )
    officer_limits.check(stranger, name_count=100)


def test_few_emergencies_wait_at_a_time(olivia, settings):
    settings.EMERGENCIES_PER_OFFICER = 1
    order = filed(olivia, kind=Order.Kind.EMERGENCY)
    with pytest.raises(OfficerLimit, match="emergencies"):
        officer_limits.check(olivia, name_count=0, is_emergency=True)
    officer_limits.check(olivia, name_count=0)
    Order.objects.filter(pk=order.pk).update(state="answered")
    officer_limits.check(olivia, name_count=0, is_emergency=True)


def test_first_order_and_first_emergency_are_told(olivia):
    assert unusual(filed(olivia)) == {"first_order"}
    assert unusual(filed(olivia)) == set()
    assert unusual(filed(olivia, kind=Order.Kind.EMERGENCY)) == {"first_emergency"}
    assert unusual(filed(olivia, kind=Order.Kind.EMERGENCY)) == set()
    text = Alarm.objects.open().get(kind=Alarm.Kind.OFFICER).text
    assert f"officer {olivia.pk}: its first order" in text
    # Alarms are mailed in the open.
    assert "Olivia" not in text


@pytest.mark.parametrize(
    ("before", "now", "is_told"), [(100, 301, True), (100, 300, False), (1, 49, False), (1, 50, True)]
)
def test_list_that_is_much_longer_than_any_before_is_told(olivia, before, now, is_told):
    filed(olivia, name_count=before)
    assert ("many_names" in unusual(filed(olivia, name_count=now))) == is_told


def test_order_from_a_network_that_is_new_is_told(olivia, settings):
    """Of networks nothing is known here: what is near counts."""
    used_to_it(olivia)
    assert unusual(filed(olivia, source="192.0.2.99")) == set()
    assert unusual(filed(olivia, source="203.0.113.9")) == {"new_network"}
    assert unusual(filed(olivia, source="203.0.113.10")) == set()
    assert unusual(filed(olivia, source=None)) == set()


@pytest.mark.parametrize(
    ("kind", "usual", "unusual_one"),
    [
        ("csirt", "takedown", "information"),
        ("court", "information", "emergency"),
        ("regulator", "takedown", "preservation"),
    ],
)
def test_what_such_agencies_do_not_file_is_told(olivia, kind, usual, unusual_one):
    Agency.objects.update(kind=kind)
    olivia.refresh_from_db()
    used_to_it(olivia)
    assert "unusual_kind" not in unusual(filed(olivia, kind=usual))
    assert "unusual_kind" in unusual(filed(olivia, kind=unusual_one))


@pytest.mark.parametrize("what", ["password", "email", "factor"])
def test_order_soon_after_the_log_in_was_changed_is_told(olivia, what):
    used_to_it(olivia)
    account = olivia.account
    if what == "password":
        account.set_password("another horse")
    elif what == "email":
        account.email = "mallory@police.example"
    else:
        Authenticator.objects.create(user=account, type="totp", data={})
    account.save()
    assert unusual(filed(olivia)) == {"new_log_in"}
    Officer.objects.update(log_in_changed_at=timezone.now() - timedelta(hours=25))
    olivia.refresh_from_db()
    assert unusual(filed(olivia)) == set()


def test_colleagues_in_office_hear_of_a_filing_and_of_nothing_in_it(olivia):
    colleagues = [order_rows.officer(f"otto{number}@police.example") for number in range(7)]
    order_rows.officer("out@police.example", state="refused")
    order_rows.officer("pia@court.example", agency=order_rows.agency("Court", mail_domains=["court.example"]))
    order = filed(olivia, names="bad.ddns.test")
    told = set(ReporterMail.objects.values_list("address", flat=True))
    assert len(told) == 5
    assert told < {each.account.email for each in colleagues}
    said = ReporterMail.objects.first().text
    assert "Olivia Example filed an order" in said
    assert order.reference not in said
    assert "bad.ddns.test" not in said


def test_country_that_is_new_is_told(olivia, monkeypatch: pytest.MonkeyPatch):
    """Of the operator's data."""
    countries = {"192.0.2.7": "AT", "192.0.2.8": "RU"}
    monkeypatch.setattr(networks, "of", lambda address: networks.Network(asn=1, country=countries[address]))
    used_to_it(olivia)
    order = filed(olivia, source="192.0.2.8")
    assert "country RU" in OfficerAlert.objects.get(order=order).text
