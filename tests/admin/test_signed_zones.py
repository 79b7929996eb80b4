"""Signed zones on the desk: what the registry must know, and whether somebody must look."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dnsupdate.models import Signing, Zone
from tests.people import logged_in

DS = "12345 13 2 " + "ab" * 32
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def signing(zone: Zone) -> Signing:
    return Signing.objects.create(
        zone=zone,
        is_signed=True,
        is_expected=True,
        ds=[DS],
        expires_at=datetime(2030, 1, 11, tzinfo=UTC),
        checked_at=NOON,
    )


def page_of(zone: Zone, person) -> str:
    return logged_in(person).get(f"/admin/dnsupdate/zone/{zone.pk}/change/").content.decode()


def list_for(person) -> str:
    return logged_in(person).get("/admin/dnsupdate/zone/").content.decode()


def test_the_zones_page_shows_the_ds_records_and_until_when_it_is_signed(signing: Signing, root):
    page = page_of(signing.zone, root)
    assert f"{signing.zone}. IN DS {DS}" in page
    assert "2030-01-11" in page
    assert "problem" not in list_for(root)


def test_a_zone_that_was_never_looked_at_is_shown_as_such(zone: Zone, root):
    assert "not looked at yet" in page_of(zone, root)
    assert "not looked at yet" in list_for(root)


@pytest.mark.parametrize(
    "change",
    [{"flaw": "the signature has expired"}, {"is_signed": False}, {"expires_at": datetime(2030, 1, 3, tzinfo=UTC)}],
    ids=["flaw", "unsigned", "expiring"],
)
def test_what_somebody_must_look_at_is_marked(signing: Signing, root, change: dict):
    Signing.objects.update(**change)
    assert "problem" in list_for(root)


def test_more_zones_cost_the_list_no_more_queries(signing: Signing, root):
    desk = logged_in(root)
    desk.get("/admin/dnsupdate/zone/")
    with CaptureQueriesContext(connection) as before:
        desk.get("/admin/dnsupdate/zone/")
    for number in range(5):
        zone = Zone.objects.create(name=f"more{number}.example", primary=signing.zone.primary)
        Signing.objects.create(zone=zone, checked_at=NOON)
    with CaptureQueriesContext(connection) as after:
        desk.get("/admin/dnsupdate/zone/")
    assert len(after) == len(before)


def test_nobody_but_the_desk_sees_them(signing: Signing, alice, client):
    for page in (f"/admin/dnsupdate/zone/{signing.zone.pk}/change/", "/admin/dnsupdate/zone/"):
        assert logged_in(alice).get(page, follow=True).status_code == 403
        assert client.get(page, follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
