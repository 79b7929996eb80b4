"""Restricted cases: what was decided on them, and why, is read by the people named for them and by nobody else."""

import pytest
from django.contrib.auth.models import Permission

from abuse import decisions, suspensions
from abuse.models import Decision, Suspension
from ddns.models import User
from tests.abuse.stories import open_case
from tests.people import logged_in

pytestmark = pytest.mark.django_db

SECRET = "what nobody else may know of"
KIND = "content/csam"


@pytest.fixture
def named(oscar) -> User:
    """Somebody who is named for restricted cases."""
    user = User.objects.create_user("named@example.com", is_staff=True)
    user.groups.add(*oscar.groups.all())
    user.user_permissions.add(Permission.objects.get(codename="view_restricted_case"))
    return user


@pytest.fixture
def decision(home, named) -> Decision:
    case = open_case(home, KIND)
    assert case.is_restricted
    return decisions.take(case, action=Decision.Action.SUSPEND, reason=SECRET, by=named)


def pages(decision: Decision) -> list[str]:
    hostname = decision.case.hostname
    suspension = Suspension.objects.get(decision=decision)
    other = open_case(hostname)
    entry = decision.case.pk
    return [
        "/admin/",
        f"/admin/ddns/hostname/{hostname.pk}/change/",
        f"/admin/ddns/user/{hostname.account_id}/change/",
        "/admin/abuse/suspension/",
        f"/admin/abuse/suspension/{suspension.pk}/change/",
        "/admin/abuse/decision/",
        f"/admin/abuse/decision/{decision.pk}/change/",
        "/admin/abuse/ledgerentry/",
        "/admin/abuse/statement/",
        "/admin/abuse/message/",
        "/admin/abuse/appeal/",
        "/admin/abuse/submission/",
        "/admin/abuse/reporter/",
        f"/admin/abuse/reporter/{decision.case.reports.get().reporter_id}/change/",
        "/admin/abuse/case/",
        f"/admin/abuse/case/?q={hostname.name}",
        f"/admin/abuse/case/{entry}/",
        f"/admin/abuse/case/{other.pk}/",
    ]


def test_its_reason_is_on_no_page_of_others(decision, oscar):
    client = logged_in(oscar)
    for page in pages(decision):
        answer = client.get(page, follow=True)
        assert SECRET not in answer.content.decode(), page
        assert KIND not in answer.content.decode(), page


def test_its_reason_is_on_the_pages_of_those_who_are_named(decision, named):
    client = logged_in(named)
    for page in pages(decision):
        if page.startswith(("/admin/ddns/hostname", "/admin/abuse/suspension", "/admin/abuse/ledger")):
            assert SECRET in client.get(page).content.decode(), page


def test_that_the_name_is_suspended_is_no_secret(decision, oscar):
    page = logged_in(oscar).get(f"/admin/ddns/hostname/{decision.case.hostname_id}/change/").content.decode()
    assert "restricted" in page
    assert suspensions.strongest(decision.case.hostname).decision == decision


def test_others_lift_and_undo_nothing_of_it(decision, oscar):
    client, hostname = logged_in(oscar), decision.case.hostname
    suspension = Suspension.objects.get(decision=decision)
    client.post(f"/admin/ddns/hostname/{hostname.pk}/lift/{suspension.pk}/", {"reason": "x"})
    assert client.post(f"/admin/abuse/decision/{decision.pk}/undo/", {"reason": "x"}).status_code in (302, 404)
    path = f"/admin/abuse/case/{decision.case_id}/decisions/{decision.pk}/undo/"
    assert client.post(path, {"reason": "x"}).status_code == 404
    assert Decision.objects.get(pk=decision.pk).state == Decision.State.DONE
    assert suspensions.strongest(hostname) == suspension


def test_the_page_that_lifts_does_not_say_why(decision, oscar):
    suspension = Suspension.objects.get(decision=decision)
    page = logged_in(oscar).get(f"/admin/ddns/hostname/{decision.case.hostname_id}/lift/{suspension.pk}/")
    assert SECRET not in page.content.decode()
