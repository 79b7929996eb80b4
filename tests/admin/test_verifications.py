"""The desk's pages of verifications: what runs, what was found, what still waits; nobody edits them."""

import pytest
from django.utils import timezone

from dnsupdate import outbox
from dnsupdate.models import Verification, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.models.verifications import Trigger
from tests.people import logged_in

pytestmark = pytest.mark.django_db
LIST = "/admin/dnsupdate/verification/"


@pytest.fixture
def desk(root):
    return logged_in(root)


def finished(zone: Zone, **found) -> Verification:
    return Verification.objects.create(zone=zone, trigger=Trigger.WENT_BACK, finished_at=timezone.now(), **found)


def test_the_list_says_how_each_run_ended_and_what_still_waits(desk, zone):
    finished(zone, compared_count=7)
    finished(zone, compared_count=7, missing_count=3)
    finished(zone, error="The nameserver does not answer: ns1.")
    Verification.objects.create(zone=zone, trigger=Trigger.SCHEDULED)
    outbox.publish(zone, {f"h{number}.ddns.test": {} for number in range(1234)}, Urgency.REFILL)
    html = desk.get(LIST).content.decode()
    for shown in ("in order", "differed", "not compared", "running", "the serial went back", "1234"):
        assert shown in html


def test_the_list_costs_a_constant_number_of_queries(
    desk, zone, django_assert_num_queries, django_assert_max_num_queries
):
    finished(zone)
    with django_assert_max_num_queries(9) as first:
        desk.get(LIST)
    for number in range(3):
        finished(Zone.objects.create(name=f"z{number}.test", primary=zone.primary))
    with django_assert_num_queries(len(first)):
        desk.get(LIST)


def test_a_run_shows_all_and_changes_nothing(desk, zone):
    run = finished(
        zone, missing_count=1, examples=["alice.ddns.test: missing from the zone"], unrepaired="Delete these."
    )
    page = f"{LIST}{run.pk}/change/"
    html = desk.get(page).content.decode()
    for shown in ("alice.ddns.test: missing from the zone", "Delete these.", "the serial went back"):
        assert shown in html
    assert desk.post(page, {"trigger": "by_hand"}).status_code == 403
    assert desk.get(f"{LIST}add/").status_code == 403
    assert desk.get(f"{LIST}{run.pk}/delete/").status_code == 403


def test_a_zones_page_shows_its_last_run(desk, zone):
    page = f"/admin/dnsupdate/zone/{zone.pk}/change/"
    assert "none yet" in desk.get(page).content.decode()
    finished(zone, compared_count=7, missing_count=3)
    html = desk.get(page).content.decode()
    assert "7 names compared, 3 different" in html
    assert f"{LIST}?zone__id__exact={zone.pk}" in html
    assert desk.get(f"{LIST}?zone__id__exact={zone.pk}").status_code == 200
