"""Steps of an order on the desk: planned, decided, proposed, approved by another, stopped, undone, refused; by whom."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from abuse import order_acts, plans, roles
from abuse.models import DiversionTarget, LedgerEntry, Order
from ddns import hostnames
from ddns.models import Hostname, User
from ddns.models.hostnames import State as NameState
from tests.abuse import order_rows as rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db
State = Order.State


@pytest.fixture
def elder(db) -> User:
    """A senior: the second person."""
    roles.make_missing()
    user = User.objects.create_user("elder@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return user


@pytest.fixture
def names(alice, domain) -> list[Hostname]:
    """Alice's, in DNS with an address."""
    made = [hostnames.register(alice, domain=domain, label=f"bad{number}") for number in range(3)]
    for each in made:
        each.ipv4 = "203.0.113.9"
        each.save(update_fields=["ipv4"])
        hostnames.configure(each)
    return made


@pytest.fixture
def order(names) -> Order:
    """Planned: three names of Alice's that are live, and two lines more."""
    rows.officer()
    listed = "\n".join([*(each.name for each in names), "never.ddns.test", "www.example.org"])
    return plans.make(rows.order(names=listed))


@pytest.fixture
def desk(oscar) -> Client:
    return logged_in(oscar)


@pytest.fixture
def second(elder) -> Client:
    return logged_in(elder)


def address(order: Order, page: str = "change", *more) -> str:
    return reverse(f"admin:abuse_order_{page}", args=[order.pk, *more])


def words(client: Client, order: Order, page: str = "change", *more) -> str:
    response = client.get(address(order, page, *more))
    assert response.status_code == 200, response
    return response.content.decode()


def take(client: Client, order: Order, step: str, **said) -> str:
    """The step's form as a person sends it: with the digest of what was shown; the page that follows."""
    shown = client.get(address(order, "step", step)).content.decode()
    digest = re.search(r'name="digest" value="(\w*)"', shown)
    said = {"digest": digest[1] if digest else "", **said}
    return client.post(address(order, "step", step), said, follow=True).content.decode()


def state(order: Order) -> str:
    return Order.objects.get(pk=order.pk).state


def decide(client: Client, order: Order, **said) -> str:
    order.refresh_from_db()
    form = {"digest": order.plan_digest} | {name.replace("_", "-"): value for name, value in said.items()}
    return client.post(address(order, "decide"), form, follow=True).content.decode()


def carry_out(order: Order) -> None:
    order_acts.run(order.pk, seconds=30)


def act(client: Client, order: Order) -> None:
    take(client, order, "propose", reason="They control malware.")
    carry_out(order)


# --- One person -------------------------------------------------------------------------------------------------


def test_few_names_are_acted_on_by_one_person_who_was_told_what_happens(desk, order, names):
    shown = words(desk, order, "step", "propose")
    assert "3 names: suspend." in shown
    assert "2 names of the list stay as they are." in shown
    assert "It begins at once." in shown
    assert 'name="retyped"' not in shown
    assert "It has begun." in take(desk, order, "propose", reason="They control malware.")
    carry_out(order)
    assert state(order) == State.PROVING
    assert all(each.state == NameState.SUSPENDED for each in Hostname.objects.filter(pk__in=[n.pk for n in names]))


def test_nothing_is_done_without_a_reason(desk, order):
    assert "A decision needs a reason" in take(desk, order, "propose", reason=" ")
    assert state(order) == State.PLANNED


def test_whoever_reads_an_older_plan_does_not_act_on_the_newer(desk, order):
    said = desk.post(address(order, "step", "propose"), {"reason": "x", "digest": "0" * 64}, follow=True)
    assert "The plan is not the one that you have seen." in said.content.decode()
    assert state(order) == State.PLANNED


def test_act_is_stopped_resumed_and_undone(desk, order, names):
    take(desk, order, "propose", reason="They control malware.")
    assert "Stopped." in take(desk, order, "stop", reason="Wait.")
    carry_out(order)
    assert not order.items.filter(state="acted").exists()
    assert "It goes on." in take(desk, order, "resume")
    carry_out(order)
    shown = words(desk, order, "step", "undo")
    assert "3 names are as they were before" in shown
    assert "The undoing has begun." in take(desk, order, "undo", reason="It was a mistake.")
    carry_out(order)
    assert all(each.state == NameState.LIVE for each in Hostname.objects.filter(pk__in=[n.pk for n in names]))
    assert "It was a mistake." in words(desk, order)


# --- Groups -----------------------------------------------------------------------------------------------------


def test_each_group_gets_a_decision_of_its_own_and_the_page_says_so(desk, order):
    before = order.plan_digest
    assert "Saved: the plan says so now." in decide(desk, order, action_live="hold", reason_live="It is evidence.")
    order.refresh_from_db()
    assert order.groups.get(key="live").action == "hold"
    assert order.plan_digest != before
    assert "It is evidence." in words(desk, order)


def test_only_what_is_possible_is_offered(desk, order):
    shown = words(desk, order)
    assert 'name="action-live"' in shown
    assert 'name="action-never"' not in shown
    assert 'name="action-not_ours"' not in shown


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"action_live": "burn"}, "is nothing that can be done"),
        ({"action_live": "divert"}, "choose where the names are diverted to"),
        ({"action_live": "divert", "target_live": "99"}, "choose where the names are diverted to"),
        ({"action_never": "suspend"}, "is nothing that can be done"),
    ],
)
def test_decision_that_makes_no_sense_is_refused_in_words(desk, order, said, why):
    assert why in decide(desk, order, **said)
    assert order.groups.get(key="live").action == "suspend"


def test_decision_on_an_older_plan_is_refused(desk, order):
    page = desk.post(address(order, "decide"), {"digest": "0" * 64, "action-live": "none"}, follow=True)
    assert "The plan is not the one that you have seen." in page.content.decode()
    assert order.groups.get(key="live").action == "suspend"


def test_diversion_waits_for_a_second_person_whoever_proposes_it(desk, second, order, elder):
    target = DiversionTarget.objects.create(name="Example CERT", kind="sinkhole", addresses=["198.51.100.5"])
    decide(desk, order, action_live="divert", target_live=target.pk)
    assert "Example CERT" in words(desk, order)
    page = take(desk, order, "propose", reason="Victims are to be told.", retyped="3")
    assert "It waits for a second person." in page
    assert state(order) == State.PROPOSED
    assert "198.51.100.5" in words(second, order, "step", "approve")


# --- Two people -------------------------------------------------------------------------------------------------


@pytest.fixture
def many(settings):
    """Three names are more than one person may act on."""
    settings.ABUSE_NAMES_PER_DECISION = 2


def test_beyond_the_limit_the_number_is_typed_again_by_both(desk, second, order, many, elder):
    assert "This is not 3" in take(desk, order, "propose", reason="Malware.", retyped="33")
    assert state(order) == State.PLANNED
    take(desk, order, "propose", reason="Malware.", retyped=" 3 ")
    assert state(order) == State.PROPOSED
    assert "This is not 3" in take(second, order, "approve", retyped="0")
    assert "Approved: it has begun." in take(second, order, "approve", retyped="3")
    order.refresh_from_db()
    assert (order.state, order.approved_by, order.approved_digest) == (State.ACTING, elder, order.plan_digest)


def test_nobody_is_offered_to_approve_what_they_proposed(root, order, many):
    client = logged_in(root)
    take(client, order, "propose", reason="Malware.", retyped="3")
    assert ">Approve 3" not in words(client, order)
    assert "This is not possible now" in take(client, order, "approve", retyped="3")
    assert "Take back" in words(client, order)
    assert state(order) == State.PROPOSED


def test_analyst_is_not_offered_to_approve(desk, order, many, elder):
    order_acts.propose(order, reason="Malware.", by=elder)
    assert ">Approve 3" not in words(desk, order)
    assert "This is not possible now" in take(desk, order, "approve", retyped="3")
    assert state(order) == State.PROPOSED


def test_approval_binds_the_plan_that_was_shown(desk, second, order, many):
    take(desk, order, "propose", reason="Malware.", retyped="3")
    said = {"retyped": "3", "digest": "0" * 64}
    page = second.post(address(order, "step", "approve"), said, follow=True).content.decode()
    assert "The plan is not the one that you have seen." in page
    assert state(order) == State.PROPOSED


def test_proposal_is_turned_down_with_words_or_taken_back(desk, second, order, many):
    take(desk, order, "propose", reason="Malware.", retyped="3")
    assert "Nothing was done." in take(second, order, "turn-down", reason="One is a hospital.")
    assert state(order) == State.PLANNED
    take(desk, order, "propose", reason="Malware.", retyped="3")
    assert "Nothing was done." in take(desk, order, "turn-down", reason="I saw it too.")
    assert state(order) == State.PLANNED


# --- Words ------------------------------------------------------------------------------------------------------


def test_order_is_refused_with_words_that_the_authority_reads(desk, order):
    assert "Say it in words" in take(desk, order, "refuse", text="")
    assert "Refused. The authority reads why." in take(desk, order, "refuse", text="The legal basis is missing.")
    order.refresh_from_db()
    assert (order.state, order.answer) == (State.REFUSED, "The legal basis is missing.")
    assert "The legal basis is missing." in words(desk, order)


def test_order_is_answered_in_words_that_begin_with_the_preview(desk, order):
    decide(desk, order, action_live="none")
    assert plans.answer_preview(order).splitlines()[0] in words(desk, order, "step", "answer")
    assert "Answered." in take(desk, order, "answer", text="Nothing of it is in use.")
    assert state(order) == State.ANSWERED


def test_what_was_acted_on_is_neither_planned_again_nor_refused(desk, order):
    act(desk, order)
    for step in ("plan", "refuse", "propose"):
        assert "This is not possible now" in take(desk, order, step, reason="x", text="x")
    assert state(order) == State.PROVING


def test_order_is_planned_again_while_nothing_was_acted_on(desk, order, names):
    hostnames.release(names[0])
    assert "Planned again." in take(desk, order, "plan")
    assert order.groups.get(key="live").item_count == 2


# --- Live -------------------------------------------------------------------------------------------------------


def test_page_of_an_order_under_way_looks_again_with_and_without_script(desk, order):
    assert "data-live=" not in words(desk, order)
    take(desk, order, "propose", reason="They control malware.")
    page = words(desk, order)
    assert f'data-live="{address(order, "live")}"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert '<meta http-equiv="refresh"' not in re.sub(r"<noscript>.*?</noscript>", "", page)
    part = words(desk, order, "live")
    assert 'data-state="acting"' in part
    assert "<html" not in part


def test_forms_of_steps_are_never_taken_away_by_a_reload(desk, order):
    take(desk, order, "propose", reason="They control malware.")
    assert "http-equiv" not in words(desk, order, "step", "stop")


# --- Who handles it ---------------------------------------------------------------------------------------------


def test_handlers_are_assigned_with_an_entry_in_the_ledger(desk, order, oscar, elder):
    desk.post(address(order, "handlers"), {"handler": [oscar.pk, elder.pk]})
    assert set(order.handlers.all()) == {oscar, elder}
    entry = LedgerEntry.objects.get(action="assign-order")
    assert entry.details["handlers"] == sorted([oscar.pk, elder.pk])


def test_nobody_who_may_see_no_orders_handles_one(desk, order, clerk, alice):
    for person in (clerk, alice):
        page = desk.post(address(order, "handlers"), {"handler": [person.pk]}, follow=True)
        assert "for members of staff who may see them" in page.content.decode()
    assert not order.handlers.exists()


def test_handler_who_leaves_a_sealed_order_is_back_in_the_queue(desk, order, oscar, elder):
    Order.objects.update(sealed_until=timezone.now() + timedelta(days=3))
    order.handlers.add(oscar)
    response = desk.post(address(order, "handlers"), {"handler": [elder.pk]})
    assert response["Location"] == reverse("admin:abuse_order_changelist")


# --- Narrow order -----------------------------------------------------------------------------------------------


def test_narrow_order_is_read_and_saved(desk, order, names):
    assert names[0].name in words(desk, order, "narrow")
    response = desk.get(address(order, "narrow_text"))
    assert names[0].name in response.content.decode()
    assert response["Content-Disposition"].startswith("attachment")


# --- Strangers --------------------------------------------------------------------------------------------------


PAGES = [
    ("step", "propose"),
    ("step", "approve"),
    ("step", "stop"),
    ("step", "undo"),
    ("step", "refuse"),
    ("decide",),
    ("handlers",),
    ("live",),
    ("narrow",),
    ("narrow_text",),
]


@pytest.mark.parametrize("page", PAGES, ids="-".join)
def test_page_is_closed_to_strangers_customers_and_staff_without_the_right(client, alice, clerk, order, page):
    for each in (client, logged_in(alice)):
        assert "/login/" in each.post(address(order, *page), {"reason": "x"})["Location"]
    assert logged_in(clerk).post(address(order, *page), {"reason": "x"}).status_code == 403
    assert state(order) == State.PLANNED


@pytest.mark.parametrize("page", PAGES, ids="-".join)
def test_page_of_a_sealed_order_is_not_there_without_need_to_know(desk, order, page):
    Order.objects.update(sealed_until=timezone.now() + timedelta(days=3))
    assert desk.post(address(order, *page), {"reason": "x"}).status_code == 404
    assert state(order) == State.PLANNED


def test_auditor_reads_everything_and_changes_nothing(order):
    user = User.objects.create_user("auditor@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.AUDITOR))
    client = logged_in(user)
    page = words(client, order)
    assert "There is nothing for you to do here." in page
    assert 'name="action-live"' not in page
    for step in ("propose", "stop", "undo", "refuse", "plan", "resume", "answer"):
        assert client.post(address(order, "step", step), {"reason": "x"}).status_code == 403
    for form in ("decide", "handlers"):
        assert client.post(address(order, form), {}).status_code == 403
    assert state(order) == State.PLANNED


def test_step_that_there_is_not_is_not_there(desk, order):
    assert desk.get(address(order, "step", "burn")).status_code == 404


def test_plan_is_shown_to_the_authority_once_somebody_says_so(desk, order):
    assert order.preview_released_at is None
    assert "The authority sees the plan now." in take(desk, order, "preview")
    order.refresh_from_db()
    assert order.preview_released_at is not None
    assert "it sees the plan since" in words(desk, order)
    assert "This is not possible now" in take(desk, order, "preview")
