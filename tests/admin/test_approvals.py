"""Decisions, blocks, targets and protected names on the desk: seen, approved, refused, undone; closed to strangers."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import decisions, roles
from abuse.models import Case, Decision, DiversionTarget, LedgerEntry, ProtectedName
from ddns import hostnames
from ddns.models import Block, Hostname, User
from ddns.models.hostnames import State
from tests.abuse.stories import open_case
from tests.people import logged_in

pytestmark = pytest.mark.django_db

Action = Decision.Action


def member(name: str, role: str) -> User:
    roles.make_missing()
    user = User.objects.create_user(f"{name}@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def first(db) -> User:
    return member("first", roles.SENIOR)


@pytest.fixture
def second(db) -> User:
    return member("second", roles.SENIOR)


@pytest.fixture
def keeper(db) -> User:
    """Of the settings."""
    return member("keeper", roles.ADMINISTRATOR)


@pytest.fixture
def target(db) -> DiversionTarget:
    return DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=["198.51.100.1"])


@pytest.fixture
def proposal(home, first, target) -> Decision:
    case = open_case(home)
    return decisions.take(
        case, action=Action.DIVERT, reason="partner asked", by=first, parameters={"target": target.pk}
    )


def page(decision: Decision, verb: str = "change") -> str:
    return f"/admin/abuse/decision/{decision.pk}/{verb}/"


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


def test_a_proposal_shows_what_it_touches_and_is_approved(proposal, home, second):
    desk = logged_in(second)
    html = desk.get(page(proposal)).content.decode()
    for said in ("home.ddns.test", "partner asked", "198.51.100.1", "first@example.com", "Traffic of people"):
        assert said in html

    desk.post(page(proposal, "approve"), {"digest": proposal.impact["digest"]})
    assert state_of(home) == State.DIVERTED


def test_what_has_changed_is_said_and_not_approved_by_an_old_page(proposal, home, target, second):
    desk = logged_in(second)
    DiversionTarget.objects.filter(pk=target.pk).update(addresses=["198.51.100.66"])
    response = desk.post(page(proposal, "approve"), {"digest": proposal.impact["digest"]}, follow=True)
    html = response.content.decode()

    assert "Look again" in html
    assert "has changed since it was proposed" in html
    assert state_of(home) == State.LIVE


def test_whoever_proposed_is_offered_no_approval(proposal, home, first):
    desk = logged_in(first)
    assert page(proposal, "approve") not in desk.get(page(proposal)).content.decode()
    desk.post(page(proposal, "approve"), {"digest": proposal.impact["digest"]})
    assert state_of(home) == State.LIVE


def test_looking_decides_nothing(proposal, home, second):
    logged_in(second).get(page(proposal, "approve"))
    assert state_of(home) == State.LIVE


def test_a_refusal_asks_a_reason(proposal, second):
    desk = logged_in(second)
    assert "needs a reason" in desk.post(page(proposal, "refuse"), {"reason": ""}).content.decode()
    desk.post(page(proposal, "refuse"), {"reason": "no agreement"})
    proposal.refresh_from_db()
    assert (proposal.state, proposal.refusal) == (Decision.State.REFUSED, "no agreement")


def test_a_decision_is_undone_with_a_reason(home, oscar):
    decision = decisions.take(open_case(home), action=Action.SUSPEND, reason="phishing", by=oscar)
    logged_in(oscar).post(page(decision, "undo"), {"reason": "mistaken identity"})
    assert state_of(home) == State.LIVE


def test_what_waits_stands_first_and_the_oldest_of_it(proposal, home, foreign, first, oscar):
    decisions.take(open_case(foreign), action=Action.SUSPEND, reason="phishing", by=oscar)
    html = logged_in(first).get("/admin/abuse/decision/").content.decode()
    assert html.index("home.ddns.test") < html.index("bob.ddns.test")


def test_the_list_costs_the_same_for_one_and_for_many(home, bob, domain, oscar, first):
    desk = logged_in(first)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get("/admin/abuse/decision/").status_code == 200
        return len(queries)

    decisions.take(open_case(home), action=Action.SUSPEND, reason="x", by=oscar)
    count()
    few = count()
    for number in range(8):
        hostname = hostnames.register(bob, domain=domain, label=f"lure{number}")
        decisions.take(open_case(hostname), action=Action.SUSPEND, reason="x", by=oscar)
    assert count() == few


@pytest.mark.parametrize("verb", ["change", "approve", "refuse", "undo"])
def test_strangers_see_and_decide_nothing(proposal, home, clerk, alice, verb):
    for person in (clerk, alice):
        desk = logged_in(person)
        for method in (desk.get, desk.post):
            assert method(page(proposal, verb), {"reason": "x"}).status_code in (302, 403)
    proposal.refresh_from_db()
    assert proposal.state == Decision.State.PROPOSED


def test_an_analyst_sees_a_proposal_and_does_not_approve_it(proposal, oscar):
    desk = logged_in(oscar)
    assert desk.get(page(proposal)).status_code == 200
    assert desk.post(page(proposal, "approve"), {"digest": proposal.impact["digest"]}).status_code == 403


def test_restricted_decisions_are_for_named_people(home, first, root):
    decision = decisions.take(open_case(home, "content/csam"), action=Action.SUSPEND, reason="x", by=root)
    assert "home.ddns.test" not in logged_in(first).get("/admin/abuse/decision/").content.decode()
    assert logged_in(first).get(page(decision)).status_code == 404
    first.user_permissions.add(Permission.objects.get(codename="view_restricted_case"))
    assert logged_in(User.objects.get(pk=first.pk)).get(page(decision)).status_code == 200


def test_a_block_shows_its_decision_and_whom_it_meets(home, first, second, clerk):
    until = timezone.now() + timedelta(days=3)
    decision = decisions.take(
        open_case(home),
        action=Action.BLOCK_NETWORK,
        reason="rented for this",
        by=first,
        parameters={"network": "203.0.113.0/24"},
        ends_at=until,
    )
    decisions.approve(decision, by=second)
    block = Block.objects.get()
    desk = logged_in(first)

    html = desk.get(f"/admin/ddns/block/{block.pk}/change/").content.decode()
    for said in ("203.0.113.0/24", "rented for this", "home.ddns.test", "alice@example.com", f"{until:%Y-%m-%d %H:%M}"):
        assert said in html
    assert "in force" in desk.get("/admin/ddns/block/").content.decode()
    for url in ("/admin/ddns/block/", f"/admin/ddns/block/{block.pk}/change/"):
        assert logged_in(clerk).get(url).status_code == 403


def test_targets_are_changed_by_whoever_keeps_the_settings_and_it_is_in_the_ledger(target, keeper, first):
    fields = {"name": "partner", "kind": "sinkhole", "addresses": "198.51.100.2", "ttl": "60"}
    for person, status in ((first, 403), (keeper, 302)):
        response = logged_in(person).post(f"/admin/abuse/diversiontarget/{target.pk}/change/", fields)
        assert response.status_code == status
    target.refresh_from_db()
    assert (target.addresses, target.is_enabled) == (["198.51.100.2"], False)
    assert LedgerEntry.objects.filter(action="change-diversion", actor=keeper).count() == 1
    assert logged_in(first).get("/admin/abuse/diversiontarget/").status_code == 200


@pytest.mark.parametrize("wrong", [{"ttl": "0"}, {"ttl": "86400"}, {"addresses": ""}, {"addresses": "example.com"}])
def test_a_target_that_would_harm_is_refused(target, keeper, wrong):
    fields = {"name": "partner", "kind": "sinkhole", "addresses": "198.51.100.2", "ttl": "60", **wrong}
    assert logged_in(keeper).post(f"/admin/abuse/diversiontarget/{target.pk}/change/", fields).status_code == 200
    target.refresh_from_db()
    assert target.addresses == ["198.51.100.1"]


def test_names_are_protected_and_unprotected_with_a_reason(keeper, first):
    desk = logged_in(keeper)
    desk.post("/admin/abuse/protectedname/add/", {"name": "Clinic.DDNS.test", "reason": "a hospital"})
    row = ProtectedName.objects.get()
    assert (row.name, row.added_by) == ("clinic.ddns.test", keeper)
    assert desk.get(f"/admin/abuse/protectedname/{row.pk}/change/").status_code == 200
    assert desk.get("/admin/abuse/protectedname/").status_code == 200

    remove = f"/admin/abuse/protectedname/{row.pk}/remove/"
    assert logged_in(first).post(remove, {"reason": "x"}).status_code == 403
    desk.post(remove, {"reason": "moved away"})
    assert not ProtectedName.objects.exists()
    actions = LedgerEntry.objects.order_by("sequence").values_list("action", flat=True)
    assert list(actions) == ["protect-name", "unprotect-name"]


def test_a_hostname_under_a_decision_points_to_it(home, oscar):
    decision = decisions.take(open_case(home), action=Action.SUSPEND, reason="phishing", by=oscar)
    html = logged_in(oscar).get(f"/admin/ddns/hostname/{home.pk}/change/").content.decode()
    assert page(decision, "undo") in html
    assert Case.objects.get().closed_at
