"""Officers and agencies on the desk: vetted by two, frozen by one, and who did what is to be seen."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from abuse import officer_alerts, officers, roles
from abuse.models import Agency, Officer, OfficerAlert, Vetting
from ddns.models import User
from tests.abuse import order_rows
from tests.abuse.officer_people import applicant
from tests.people import logged_in

pytestmark = pytest.mark.django_db

AGENCY = {
    "name": "Example Police",
    "kind": "police",
    "country": "AT",
    "mail_domains": "police.example\npolizei.example",
    "phone": "+43 1 555 0100",
    "phone_source": "the ministry's public register",
}


def member(email: str, role: str) -> User:
    roles.make_missing()
    user = User.objects.create_user(email, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def lena(db) -> User:
    """A liaison."""
    return member("lena@example.com", roles.LIAISON)


@pytest.fixture
def sofia(db) -> User:
    """A senior."""
    return member("sofia@example.com", roles.SENIOR)


@pytest.fixture
def olivia(db) -> Officer:
    return applicant()


def page(officer: Officer, what: str = "change") -> str:
    return f"/admin/abuse/officer/{officer.pk}/{what}/"


def call(agency: Agency, **said) -> dict:
    return {
        "agency": agency.pk,
        "called_number": agency.phone,
        "number_source": "",
        "spoke_with": "the switchboard",
        **said,
    }


def test_officer_is_vetted_by_two_through_the_pages(lena, sofia, olivia):
    agency = order_rows.agency()
    first, second = logged_in(lena), logged_in(sofia)
    assert "+43 1 555 0100" in first.get(page(olivia, "call")).content.decode()
    assert first.post(page(olivia, "call"), call(agency)).url == page(olivia)
    shown = first.get(page(olivia)).content.decode()
    assert "waits for another to confirm" in shown
    assert page(olivia, "confirm") not in shown
    assert page(olivia, "confirm") in second.get(page(olivia)).content.decode()
    assert "lena@example.com" in second.get(page(olivia, "confirm")).content.decode()
    assert second.post(page(olivia, "confirm"), {"note": "The register says so."}).url == page(olivia)
    olivia.refresh_from_db()
    assert olivia.state == "vetted"
    shown = second.get(page(olivia)).content.decode()
    for said in (
        "lena@example.com",
        "sofia@example.com",
        "the switchboard",
        "public register",
        "The register says so.",
    ):
        assert said in shown


def test_who_called_does_not_confirm_and_is_told_so(lena, olivia):
    officers.call_back(
        olivia,
        agency=order_rows.agency(),
        called_number="+43 1 555 0100",
        number_source="",
        spoke_with="the switchboard",
        by=lena,
    )
    answer = logged_in(lena).post(page(olivia, "confirm"), {})
    assert "Somebody else has to look at this" in answer.content.decode()
    olivia.refresh_from_db()
    assert olivia.state == "called"


def test_number_of_the_application_is_not_taken(lena, olivia):
    answer = logged_in(lena).post(page(olivia, "call"), call(order_rows.agency(), called_number="+43 1 555 0199"))
    assert "call the number that we have of the agency" in answer.content.decode()
    assert not Vetting.objects.exists()


def test_second_person_is_warned_of_an_agency_added_after_the_application(lena, sofia, olivia):
    client = logged_in(lena)
    client.post("/admin/abuse/agency/new/", AGENCY)
    agency = Agency.objects.get()
    assert agency.mail_domains == ["police.example", "polizei.example"]
    client.post(page(olivia, "call"), call(agency))
    assert (
        "lena@example.com has added the agency after this application"
        in logged_in(sofia).get(page(olivia, "confirm")).content.decode()
    )


def test_applicant_is_refused_with_words_for_both(lena, olivia):
    client = logged_in(lena)
    assert client.post(page(olivia, "refuse"), {"reason": "Unknown there."}).status_code == 200
    client.post(page(olivia, "refuse"), {"reason": "Unknown there.", "told": "Your agency does not know you."})
    olivia.refresh_from_db()
    assert (olivia.state, olivia.refusal) == ("refused", "Your agency does not know you.")


def test_officer_is_frozen_by_one_and_vetted_anew(lena):
    officer = order_rows.officer()
    client = logged_in(lena)
    assert "sessions end" in client.get(page(officer, "freeze")).content.decode()
    assert client.post(page(officer, "freeze"), {"reason": "She says it was not her."}).url == page(officer)
    shown = client.get(page(officer)).content.decode()
    assert "Frozen" in shown
    assert "She says it was not her." in shown
    client.post(page(officer, "anew"), {"reason": "Hers again."})
    officer.refresh_from_db()
    assert officer.state == "applied"


def test_alert_goes_when_somebody_has_looked(lena, oscar):
    officer = order_rows.officer()
    alert = officer_alerts.add(officer, OfficerAlert.What.FIRST_ORDER, "its first order")
    seen = f"/admin/abuse/officer/alerts/{alert.pk}/seen/"
    assert "its first order" in logged_in(oscar).get(page(officer)).content.decode()
    # An analyst reads it, and does not settle it.
    assert seen not in logged_in(oscar).get(page(officer)).content.decode()
    logged_in(oscar).post(seen)
    assert OfficerAlert.objects.waiting().exists()
    assert logged_in(lena).get(seen).status_code == 405
    logged_in(lena).post(seen)
    assert not OfficerAlert.objects.waiting().exists()


STEPS = ["call", "confirm", "refuse", "freeze", "anew"]


@pytest.mark.parametrize("step", STEPS)
def test_strangers_customers_and_officers_do_not_vet(client, alice, olivia, step):
    agency = order_rows.agency()
    for somebody in (client, logged_in(alice), logged_in(olivia.account)):
        for answer in (somebody.get(page(olivia, step)), somebody.post(page(olivia, step), call(agency, reason="a"))):
            assert answer.status_code in (302, 403)
    olivia.refresh_from_db()
    assert olivia.state == "applied"


@pytest.mark.parametrize("role", [roles.ANALYST, roles.AUDITOR, roles.ADMINISTRATOR])
def test_other_roles_do_not_vet_or_freeze(role, olivia):
    somebody = logged_in(member("somebody@example.com", role))
    fields = call(order_rows.agency(), reason="a", told="b")
    for step in STEPS:
        assert somebody.post(page(olivia, step), fields).status_code == 403
    assert somebody.get("/admin/abuse/agency/new/").status_code == 403
    olivia.refresh_from_db()
    assert olivia.state == "applied"


@pytest.mark.parametrize(
    ("role", "status"),
    [(roles.ANALYST, 200), (roles.SENIOR, 200), (roles.LIAISON, 200), (roles.AUDITOR, 200), (roles.ADMINISTRATOR, 403)],
)
def test_roles_that_see_officers(role, status, olivia):
    somebody = logged_in(member("somebody@example.com", role))
    agency = order_rows.agency()
    for address in (
        page(olivia),
        "/admin/abuse/officer/",
        "/admin/abuse/agency/",
        f"/admin/abuse/agency/{agency.pk}/change/",
    ):
        assert somebody.get(address).status_code == status


def test_agency_is_changed_by_those_who_vet_alone(oscar, lena):
    agency = order_rows.agency()
    address = f"/admin/abuse/agency/{agency.pk}/change/"
    changed = {**AGENCY, "phone": "+43 1 555 0123", "mail_domains": "police.example"}
    assert logged_in(oscar).post(address, changed).status_code == 403
    assert "phone_source" not in logged_in(oscar).get(address).content.decode()
    assert logged_in(lena).post(address, {**changed, "mail_domains": "gmail.com"}).status_code == 200
    agency.refresh_from_db()
    assert agency.phone == "+43 1 555 0100"
    logged_in(lena).post(address, changed)
    agency.refresh_from_db()
    assert agency.phone == "+43 1 555 0123"
    assert "change-agency" in logged_in(lena).get(address).content.decode()


def test_list_filters_and_asks_as_often_for_many_as_for_one(root, django_assert_max_num_queries):
    client: Client = logged_in(root)
    for number in range(12):
        order_rows.officer(f"officer{number}@police.example", name=f"Officer {number}")
    applicant("olivia@police.example")
    with django_assert_max_num_queries(12):
        page = client.get("/admin/abuse/officer/").content.decode()
    assert "Officer 11" in page
    vetted = client.get("/admin/abuse/officer/?state__exact=applied").content.decode()
    assert "Olivia" in vetted
    assert "Officer 11" not in vetted
    assert "Officer 11" not in client.get("/admin/abuse/officer/?term=30").content.decode()
    assert "Officer 11" not in client.get("/admin/abuse/officer/?alerts=waiting").content.decode()


def test_start_page_says_who_waits(lena, olivia):
    officer_alerts.add(olivia, OfficerAlert.What.TERM, "a")
    page = " ".join(logged_in(lena).get("/admin/").content.decode().split())
    assert "<strong>1</strong> officer to call back" in page
    assert "<strong>1</strong> alert about officers" in page


def test_sealed_orders_are_not_on_the_page_of_an_officer_for_those_who_need_not_know(oscar, sofia):

    officer = order_rows.officer()
    order = order_rows.order(officer, reference="SEALED-1", sealed_until=timezone.now() + timedelta(days=9))
    officer_alerts.add(officer, OfficerAlert.What.FIRST_ORDER, "its first order", order=order)
    for_oscar = logged_in(oscar).get(page(officer)).content.decode()
    assert "SEALED-1" not in for_oscar
    assert str(order.pk) not in for_oscar
    for_sofia = logged_in(sofia).get(page(officer)).content.decode()
    assert "SEALED-1" in for_sofia
    assert reverse("admin:abuse_order_change", args=[order.pk]) in for_sofia
