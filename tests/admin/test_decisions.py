"""Decision pages: they say how much, ask a reason, let nobody pass who may not, and never fail with 500."""

import pytest
from django.test import Client

from abuse import suspensions
from abuse.models import LedgerEntry, Suspension
from ddns import hostnames, keys, records
from ddns.models import Hostname, User
from ddns.models.hostnames import State
from dnsupdate import propagation
from tests.people import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_to_give_up(monkeypatch):
    """The nameserver of these tests does not exist."""
    monkeypatch.setattr(propagation, "TIMEOUT_SECONDS", 0.05)


@pytest.fixture
def desk(oscar):
    return logged_in(oscar)


def suspend_page(hostname: Hostname) -> str:
    return f"/admin/ddns/hostname/{hostname.pk}/suspend/"


def lift_page(suspension: Suspension) -> str:
    return f"/admin/ddns/hostname/{suspension.hostname_id}/lift/{suspension.pk}/"


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


def test_page_says_what_will_happen_and_to_how_much(desk, home):
    hostnames.configure(home, wildcard=True)
    html = desk.get(suspend_page(home)).content.decode()

    for said in ("*.home.ddns.test too", "alice@example.com, 0 other names", "203.0.113.7, 2001:db8::7", "1 minute"):
        assert said in html


def test_looking_at_the_page_decides_nothing(desk, home):
    desk.get(suspend_page(home), {"reason": "phishing", "retyped": "home.ddns.test"})

    assert state_of(home) == State.LIVE


@pytest.mark.parametrize("typed", ["home.ddns.test", "HOME.ddns.test ", "home[.]ddns[.]test"])
def test_suspends_with_a_reason_and_the_name_retyped(desk, home, oscar, typed):
    response = desk.post(suspend_page(home), {"reason": "phishing", "retyped": typed}, follow=True)

    assert state_of(home) == State.SUSPENDED
    assert response.redirect_chain[-1][0] == f"/admin/ddns/hostname/{home.pk}/change/"
    assert "is suspended" in response.content.decode()
    entry = LedgerEntry.objects.get()
    assert (entry.actor, entry.reason) == (oscar, "phishing")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"reason": "", "retyped": "home.ddns.test"},
        {"reason": "  ", "retyped": "home.ddns.test"},
        {"reason": "phishing"},
        {"reason": "phishing", "retyped": "bob.ddns.test"},
        {"reason": "phishing", "retyped": "home"},
        {"reason": "x" * 4001, "retyped": "home.ddns.test"},
    ],
)
def test_incomplete_decision_is_asked_again_and_changes_nothing(desk, home, form):
    response = desk.post(suspend_page(home), form)

    assert response.status_code == 200
    assert response.context["form"].errors
    assert state_of(home) == State.LIVE


def test_lifts_with_a_reason(desk, home, oscar):
    suspension = suspensions.suspend(home, reason="phishing", by=oscar)
    assert "answers 203.0.113.7, 2001:db8::7 again" in desk.get(lift_page(suspension)).content.decode()
    desk.post(lift_page(suspension), {"reason": "mistaken identity"})

    assert state_of(home) == State.LIVE
    assert Suspension.objects.get().lift_reason == "mistaken identity"


def test_lift_page_says_when_the_name_will_stay_out(desk, home, oscar, root):
    suspension = suspensions.suspend(home, reason="phishing", by=oscar)
    suspensions.suspend(home, reason="court order", by=root)

    assert "1 more suspension" in desk.get(lift_page(suspension)).content.decode()


def test_suspension_of_another_hostname_is_404(desk, home, foreign, oscar):
    suspension = suspensions.suspend(foreign, reason="phishing", by=oscar)

    assert desk.post(f"/admin/ddns/hostname/{home.pk}/lift/{suspension.pk}/", {"reason": "x"}).status_code == 404
    assert state_of(foreign) == State.SUSPENDED


def test_domain_errors_are_messages(desk, home, oscar):
    form = {"reason": "phishing", "retyped": "home.ddns.test"}
    desk.post(suspend_page(home), form)
    again = desk.post(suspend_page(home), form, follow=True)
    assert again.status_code == 200
    assert "suspended already" in again.content.decode()

    suspension = Suspension.objects.get()
    suspensions.lift(suspension, reason="resolved", by=oscar)
    assert "lifted already" in desk.post(lift_page(suspension), {"reason": "resolved"}, follow=True).content.decode()

    hostnames.release(home)
    assert "given up already" in desk.post(suspend_page(home), form, follow=True).content.decode()


def test_staff_without_the_permission_get_403(clerk, home, oscar):
    client = logged_in(clerk)
    suspension = suspensions.suspend(home, reason="phishing", by=oscar)

    assert client.get(f"/admin/ddns/hostname/{home.pk}/change/").status_code == 200
    for page in (suspend_page(home), lift_page(suspension)):
        assert (
            client.get(page).status_code == client.post(page, {"reason": "x", "retyped": home.name}).status_code == 403
        )
    assert Suspension.objects.get().is_in_force


def test_buttons_are_not_offered_to_those_who_may_not(clerk, home, desk):
    page = f"/admin/ddns/hostname/{home.pk}/change/"

    assert "/suspend/" not in logged_in(clerk).get(page).content.decode()
    assert "/suspend/" in desk.get(page).content.decode()


def test_customer_cannot_lift_their_own_suspension(alice, home, oscar):
    suspension = suspensions.suspend(home, reason="phishing", by=oscar)
    response = logged_in(alice).post(lift_page(suspension), {"reason": "let me"}, follow=True)

    assert response.status_code == 403
    assert state_of(home) == State.SUSPENDED


def test_request_from_another_site_is_refused(oscar, home):
    client = Client(enforce_csrf_checks=True)
    client.force_login(oscar)

    assert client.post(suspend_page(home), {"reason": "x", "retyped": home.name}).status_code == 403
    assert state_of(home) == State.LIVE


def test_account_is_deactivated_and_reactivated_with_reasons(senior, alice, home):
    client, page = logged_in(senior), f"/admin/ddns/user/{alice.pk}/"
    asked = client.get(f"{page}deactivate/").content.decode()
    assert "1 hostname of this account leaves DNS" in asked

    client.post(f"{page}deactivate/", {"reason": "spam", "retyped": "Alice@example.com"})
    assert not User.objects.get(pk=alice.pk).is_active

    client.post(f"{page}reactivate/", {"reason": "appeal"})
    assert User.objects.get(pk=alice.pk).is_active
    assert list(LedgerEntry.objects.values_list("action", flat=True)) == ["reactivate", "deactivate"]


def test_account_of_another_address_at_the_same_domain_is_not_confirmed(senior, alice):
    page = f"/admin/ddns/user/{alice.pk}/deactivate/"
    logged_in(senior).post(page, {"reason": "spam", "retyped": "bob@example.com"})

    assert User.objects.get(pk=alice.pk).is_active


def test_analyst_who_may_suspend_names_may_not_deactivate_accounts(desk, alice):
    page = f"/admin/ddns/user/{alice.pk}/deactivate/"

    assert desk.post(page, {"reason": "spam", "retyped": alice.email}).status_code == 403
    assert User.objects.get(pk=alice.pk).is_active


def test_staff_are_protected_by_a_message(senior, root):
    page = f"/admin/ddns/user/{root.pk}/deactivate/"
    response = logged_in(senior).post(page, {"reason": "coup", "retyped": root.email}, follow=True)

    assert "a superuser decides" in response.content.decode()
    assert User.objects.get(pk=root.pk).is_active


def test_decision_page_counts_records_and_names_below(desk, home):
    records.add(home, label="www", rdtype="TXT", rdata="hello", ttl=300)
    html = desk.get(suspend_page(home)).content.decode()

    for said in ("1, 1 name below it", "and the names below it that have records", "up to 5 minutes more"):
        assert said in html


def test_page_of_a_hostname_shows_its_records_escaped(desk, home):
    records.add(home, rdtype="TXT", rdata="<script>alert(1)</script>")
    html = desk.get(f"/admin/ddns/hostname/{home.pk}/change/").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert(1)" not in html


def test_keys_are_revoked_by_who_may_decide_about_accounts_only(oscar, senior, alice, clerk):
    keys.create(alice, label="x")
    page = f"/admin/ddns/user/{alice.pk}/revoke-keys/"

    assert logged_in(clerk).post(page, {"reason": "stolen"}).status_code == 403
    assert Client().post(page, {"reason": "stolen"}).status_code == 302
    assert alice.update_keys.working().count() == 1

    logged_in(senior).post(page, {"reason": "stolen"})
    assert alice.update_keys.working().count() == 0
