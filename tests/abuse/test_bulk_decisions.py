"""One decision for many cases: named before, one reason, undone as a whole."""

import pytest
from django.urls import reverse

from abuse.models import Batch, Case, Decision
from ddns import hostnames
from ddns.models import Hostname
from ddns.models.hostnames import State
from tests.abuse import page_rows as rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db
MANY = reverse("admin:abuse_case_many")


@pytest.fixture
def cases(alice, domain) -> list[Case]:
    found = []
    for number in range(3):
        case = rows.case(hostnames.register(alice, domain=domain, label=f"lure{number}"))
        rows.report(case)
        found.append(case)
    return found


def chosen(cases, action: str = "suspend", **fields) -> dict:
    return {"action": action, "case": [case.pk for case in cases], **fields}


def test_page_names_what_will_happen_to_how_much(cases, oscar):
    page = logged_in(oscar).post(MANY, chosen(cases)).content.decode()
    assert "<strong>3</strong> cases" in page
    assert "<strong>3</strong> names of <strong>1</strong> account" in page
    assert page.count("leaves DNS") == 3
    assert not Decision.objects.exists()


def test_one_reason_decides_them_all_and_one_undoes_them(cases, oscar):
    client = logged_in(oscar)
    response = client.post(MANY, chosen(cases, confirmed="1", reason="the same kit on all of them"))
    batch = Batch.objects.get()
    assert response.url == reverse("admin:abuse_case_batch", args=[batch.pk])
    assert set(Decision.objects.values_list("reason", flat=True)) == {"the same kit on all of them"}
    states = {hostname.state for hostname in Hostname.objects.filter(name__startswith="lure")}
    assert states == {State.SUSPENDED}
    assert "3 of 3 cases" in client.get(response.url).content.decode()
    client.post(response.url, {"verb": "undo", "reason": "the kit was a test page"})
    assert {hostname.state for hostname in Hostname.objects.filter(name__startswith="lure")} == {State.LIVE}


@pytest.mark.parametrize("action", ["dismiss", "ask", "inform", "warn", "hold"])
def test_every_action_that_is_offered_works(cases, oscar, action):
    fields = {"outcome": "rejected", "text": "What did you see?", "hours": "48", "lasts": "7"}
    assert "What happens" in logged_in(oscar).post(MANY, chosen(cases, action)).content.decode()
    response = logged_in(oscar).post(MANY, chosen(cases, action, confirmed="1", reason="all alike", **fields))
    assert response.status_code == 302
    assert Decision.objects.filter(action=action, state="done").count() == 3


def test_without_a_reason_nothing_is_done(cases, oscar):
    page = logged_in(oscar).post(MANY, chosen(cases, confirmed="1", reason=""))
    assert "A decision needs a reason" in page.content.decode()
    assert not Decision.objects.exists()


def test_without_cases_the_queue_says_so(cases, oscar):
    page = logged_in(oscar).post(MANY, chosen([]), follow=True).content.decode()
    assert "No open case was chosen" in page


def test_restricted_cases_of_others_cannot_be_chosen(cases, foreign, oscar):
    restricted = rows.case(foreign, kind="content/csam")
    page = logged_in(oscar).post(MANY, chosen([cases[0], restricted])).content.decode()
    assert foreign.name not in page
    assert "<strong>1</strong> case " in page


def test_batch_of_restricted_cases_is_not_there(foreign, oscar, root):
    restricted = rows.case(foreign, kind="content/csam")
    batch = Batch.objects.create(
        action="hold", case_ids=[restricted.pk], decision={"reason": "x"}, by=root, step_by=root
    )
    address = reverse("admin:abuse_case_batch", args=[batch.pk])
    assert logged_in(oscar).get(address).status_code == 404
    assert logged_in(root).get(address).status_code == 200


@pytest.mark.parametrize("action", ["divert", "lock_account", "preserve", "x", ""])
def test_what_is_not_for_many_goes_back_to_the_queue(cases, root, action):
    assert logged_in(root).post(MANY, chosen(cases, action)).url == reverse("admin:abuse_case_changelist")


def test_clerk_decides_nothing(cases, clerk):
    assert logged_in(clerk).post(MANY, chosen(cases, confirmed="1", reason="x")).status_code == 403
