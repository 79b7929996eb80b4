"""Partners on the desk: made, changed and switched off by whoever may change settings; what is shared is to be seen."""

import pytest
from django.urls import reverse

from abuse.models import LedgerEntry, Partner, Sighting
from ddns.models import Hostname, User
from tests.abuse.partner_rows import partner, policy_zone, settle, suspended
from tests.people import logged_in

pytestmark = pytest.mark.django_db

FIELDS = {
    "name": "Example CERT",
    "contact": "cert@partner.example",
    "tlp": "amber",
    "delay_minutes": 30,
    "networks": "198.51.100.0/24",
    "is_enabled": "on",
}


def page(name: str, *args: object) -> str:
    return reverse(f"admin:abuse_{name}", args=args)


def test_a_partner_is_added_gets_a_key_once_and_is_switched_off(root: User):
    client = logged_in(root)
    assert client.post(page("partner_add"), FIELDS).status_code == 302
    cert = Partner.objects.get()
    assert (cert.tlp, cert.networks) == ("amber", ["198.51.100.0/24"])
    answer = client.post(page("partner_rotate_key", cert.pk))
    cert.refresh_from_db()
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.text.count(cert.prefix) == 1
    assert f"{cert.prefix}…" in client.get(page("partner_change", cert.pk)).text

    client.post(page("partner_change", cert.pk), FIELDS | {"delay_minutes": 45})
    entry = LedgerEntry.objects.get(action="change-partner")
    assert entry.details == {"delay_minutes": {"before": 30, "after": 45}}
    assert "take its TSIG key out" in client.get(page("partner_disable", cert.pk)).text
    client.post(page("partner_disable", cert.pk), {"reason": "The agreement ended."})
    cert.refresh_from_db()
    assert not cert.is_enabled


def test_what_makes_no_sense_is_said_on_the_form(root: User):
    answer = logged_in(root).post(page("partner_add"), FIELDS | {"networks": "nowhere"})
    assert (answer.status_code, Partner.objects.count()) == (200, 0)
    assert "nowhere" in answer.text


def test_an_analyst_looks_and_changes_nothing(oscar: User):
    cert, client = partner(), logged_in(oscar)
    assert client.get(page("partner_changelist")).status_code == 200
    for address in (page("partner_rotate_key", cert.pk), page("partner_disable", cert.pk)):
        assert client.post(address, {"reason": "x"}).status_code == 403
    assert client.post(page("partner_change", cert.pk), FIELDS).status_code == 403
    assert client.get(page("partner_add")).status_code == 403
    assert not Partner.objects.exclude(prefix="").exists()


def test_what_is_shared_and_the_zones_are_to_be_seen_and_what_waits_comes_first(
    root: User, oscar: User, home: Hostname, django_assert_max_num_queries
):
    cert = partner(delay_minutes=0)
    policy_zone("green")
    suspended(home, root)
    settle()
    for kind in ("seen", "false_positive", "seen"):
        Sighting.objects.create(partner=cert, hostname=home, kind=kind, received_at=cert.created_at, note=kind)
    client = logged_in(oscar)
    assert "home.ddns.test" in client.get(page("sharedname_changelist")).text
    assert "rpz-green.invalid" in client.get(page("policyzone_changelist")).text
    text = client.get(page("sighting_changelist")).text
    assert text.count(">Settle<") == 1
    assert text.index(">Settle<") < text.index(">seen<")
    with django_assert_max_num_queries(14):
        client.get(page("sighting_changelist"))
