"""Freezing and thawing zones at the desk."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from ddns.models import User
from dnsupdate import zones
from dnsupdate.models import Zone
from tests.people import logged_in


@pytest.fixture
def operator(db) -> User:
    """May change zones, and nothing else."""
    user = User.objects.create_user("olga@example.com", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_zone", "change_zone"]))
    return user


def page(zone: Zone) -> str:
    return f"/admin/dnsupdate/zone/{zone.pk}/change/"


def urls(zone: Zone) -> tuple[str, str]:
    return tuple(reverse(f"admin:dnsupdate_zone_{verb}_page", args=[zone.pk]) for verb in ("freeze", "thaw"))


def test_a_zone_is_frozen_with_a_reason_and_thawed(operator, zone):
    desk, (freeze, thaw) = logged_in(operator), urls(zone)
    assert freeze in desk.get(page(zone)).content.decode()
    assert "Suspensions wait too" in desk.get(freeze).content.decode()
    desk.post(freeze, {"reason": ""})
    zone.refresh_from_db()
    assert not zone.is_frozen
    desk.post(freeze, {"reason": "moved by hand"})
    html = desk.get(page(zone)).content.decode()
    assert "moved by hand" in html
    assert thaw in html
    assert freeze not in html
    assert "moved by hand" in desk.get(thaw).content.decode()
    desk.post(thaw)
    zone.refresh_from_db()
    assert not zone.is_frozen


def test_a_page_that_makes_no_sense_in_the_zones_state_is_refused(operator, zone):
    desk, (freeze, thaw) = logged_in(operator), urls(zone)
    assert desk.post(thaw).status_code == 403
    zones.retire(zone)
    assert desk.post(freeze, {"reason": "moved by hand"}).status_code == 403


@pytest.mark.parametrize("person", ["oscar", "clerk", "viewer"])
def test_whoever_may_not_change_zones_freezes_none(request, zone, person):
    desk = logged_in(request.getfixturevalue(person))
    for url in urls(zone):
        assert desk.get(url).status_code == 403
        assert desk.post(url, {"reason": "because"}).status_code == 403
    zone.refresh_from_db()
    assert not zone.is_frozen


@pytest.fixture
def viewer(db) -> User:
    user = User.objects.create_user("vera@example.com", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_zone"))
    return user


def test_a_stranger_is_sent_to_log_in(client, zone):
    for url in urls(zone):
        assert client.post(url, {"reason": "because"}).status_code == 302
    zone.refresh_from_db()
    assert not zone.is_frozen


def test_the_list_tells_zones_at_rest_from_the_others(operator, zone):
    zones.freeze(zone, reason="moved by hand")
    Zone.objects.create(name="old.test", primary=zone.primary, retired_at=zone.created_at)
    html = logged_in(operator).get("/admin/dnsupdate/zone/").content.decode()
    assert "frozen" in html
    assert "retired" in html
    assert html.count("rests") == 2
