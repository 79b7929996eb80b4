"""Undoing of orders, mixed with other decisions and interrupted anywhere: after all is undone all is as it was."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abuse import accounts, decisions, order_acts, order_chunks, roles, suspensions
from abuse.errors import AbuseError
from abuse.models import Decision, DiversionTarget, LedgerEntry, Order, OrderGroup, OrderItem, Suspension
from ddns import hostnames, records
from ddns.models import Hostname, Restriction, User
from dnsupdate.models import Publication
from tests.abuse import act_rows
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db

Action = OrderGroup.Action
DONE = (Order.State.PROVING, Order.State.ANSWERED)


class Killed(BaseException):
    """As the end of the process: nobody catches it."""


@pytest.fixture
def people(db) -> list[User]:
    """Two seniors who may do everything, also to accounts."""
    roles.make_missing()
    found = [User.objects.create_user(f"senior{number}@example.com", is_staff=True) for number in range(2)]
    for each in found:
        each.groups.add(Group.objects.get(name=roles.SENIOR))
    return found


@pytest.fixture
def held(home, foreign, alice, domain) -> list[Hostname]:
    """With a wildcard, with records, offline, plain."""
    hostnames.configure(home, wildcard=True)
    for label, rdtype, rdata in (("", "TXT", '"hello"'), ("www", "A", "203.0.113.8")):
        records.add(Hostname.objects.get(pk=home.pk), label=label, rdtype=rdtype, rdata=rdata)
    office = hostnames.register(alice, domain=domain, label="office")
    hostnames.configure(office, offline=True)
    Hostname.objects.filter(pk=foreign.pk).update(ipv4="203.0.113.9")
    hostnames.publish(hostnames.lock(foreign))
    return list(Hostname.objects.select_related("account").order_by("pk"))


@pytest.fixture
def target(db) -> DiversionTarget:
    return DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=["198.51.100.1", "2001:db8::1"])


def world() -> dict[str, object]:
    """All that names are and answer."""
    return {
        "hostnames": list(Hostname.objects.order_by("pk").values()),
        "restrictions": list(Restriction.objects.order_by("pk").values("hostname", "kind", "answer")),
        "rrsets": {name: rrsets for name, rrsets in Publication.objects.values_list("name", "rrsets") if rrsets},
        "accounts": dict(User.objects.filter(hostnames__isnull=False).values_list("email", "is_active")),
    }


def planned(held: list[Hostname], action: Action, target: DiversionTarget) -> Order:
    order = act_rows.planned(held)
    act_rows.regroup(order, action=action, target=target if action == Action.DIVERT else None)
    return order


def begin(order: Order, people: list[User]) -> None:
    proposed = order_acts.propose(order, reason="court", by=people[0])
    if proposed.state == Order.State.PROPOSED:
        order_acts.approve(order, by=people[1], digest=order.plan_digest)


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


class Desk:
    """What was done and is not undone yet, each with its way back."""

    def __init__(self, held: list[Hostname], people: list[User], target: DiversionTarget) -> None:
        self.held, self.people, self.target = held, people, target
        self.cases = [open_case(each) for each in held]
        self.back: list[Callable[[], object]] = []

    def order(self, which: int, how: int) -> None:
        chosen = [each for number, each in enumerate(self.held) if which >> number & 1] or self.held
        order = planned(chosen, (Action.SUSPEND, Action.HOLD, Action.DIVERT)[how % 3], self.target)
        begin(order, self.people)
        # Some are stopped in their midst, and gone on with or not.
        order_acts.run(order.pk, seconds=0)
        if how % 4 != 3 or fresh(order).state in DONE:
            order_acts.run(order.pk, seconds=60)
        else:
            order_acts.stop(order, by=self.people[1], reason="wait")
        self.back.append(lambda: self.undo(order))

    def undo(self, order: Order) -> None:
        order_acts.undo(order, by=self.people[1], reason="mistake")
        order_acts.run(order.pk, seconds=60)

    def decide(self, which: int, how: int) -> None:
        case, action = self.cases[which % 3], ("suspend", "hold", "divert")[how % 3]
        parameters = {"target": self.target.pk} if action == "divert" else {}
        decision = decisions.take(
            case, action=action, reason="bad", by=self.people[0], parameters=parameters, keep_open=True
        )
        if decision.state == Decision.State.PROPOSED:
            decision = decisions.approve(decision, by=self.people[1])
        self.back.append(lambda: decisions.undo(decision, reason="mistake", by=self.people[1]))

    def by_name(self, which: int, how: int) -> None:
        suspension = suspensions.suspend(self.held[which % 3], reason=f"bad {how}", by=self.people[0])
        self.back.append(lambda: suspensions.lift(suspension, reason="mistake", by=self.people[1]))

    def account(self, which: int, how: int) -> None:
        account = self.held[which % 3].account
        accounts.deactivate(account, reason="bad", by=self.people[0])
        self.back.append(lambda: accounts.reactivate(account, reason="mistake", by=self.people[1]))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["order", "order", "decide", "by_name", "account"]),
        st.integers(0, 7),
        st.integers(0, 11),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS, order=st.randoms(use_true_random=False))
def test_after_all_is_undone_in_whatever_order_everything_is_as_it_was(held, people, target, monkeypatch, steps, order):
    monkeypatch.setattr(order_chunks, "CHUNK", 2)
    before = world()
    with transaction.atomic():
        desk = Desk(held, people, target)
        for verb, which, how, undo in steps:
            try:
                with transaction.atomic():
                    getattr(desk, verb)(which, how)
            except AbuseError:
                continue
            if undo == 0:
                desk.back.pop(order.randrange(len(desk.back)))()
        order.shuffle(desk.back)
        for back in desk.back:
            back()

        assert world() == before
        assert not Suspension.objects.in_force().exists()
        assert not OrderItem.objects.filter(state=OrderItem.State.ACTED).exists()
        transaction.set_rollback(True)


def killed_at(number: int):
    """Ends the process before the statement with this number."""
    count = 0

    def execute(inner, sql, params, many, context):
        nonlocal count
        count += 1
        if count == number:
            raise Killed
        return inner(sql, params, many, context)

    return connection.execute_wrapper(execute)


def run_killed_at_every_statement(order: Order) -> int:
    """Each run gets one statement further than the one before it; gives how often it was killed."""
    number = 0
    while fresh(order).state not in DONE:
        number += 1
        try:
            with killed_at(number), transaction.atomic():
                order_acts.run(order.pk, seconds=60)
        except Killed:
            pass
    return number


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.HOLD, Action.DIVERT])
def test_killed_at_any_statement_it_goes_on_and_does_nothing_twice(held, people, target, monkeypatch, action):
    monkeypatch.setattr(order_chunks, "CHUNK", 2)
    monkeypatch.setattr(order_acts, "_run_chunk", one_by_one(order_acts._run_chunk))
    before = world()
    order = planned(held, action, target)
    begin(order, people)
    assert run_killed_at_every_statement(order) > 20

    assert list(order.items.values_list("state", flat=True)) == ["acted"] * 3
    assert Suspension.objects.in_force().count() == 3
    assert order_acts.progress(fresh(order)).done_count == 3
    entries = LedgerEntry.objects.filter(action="act-on-order").order_by("sequence")
    assert [each.details["count"] for each in entries] == [2, 1]

    order_acts.undo(order, by=people[1], reason="mistake")
    run_killed_at_every_statement(order)
    assert world() == before
    assert list(order.items.values_list("state", flat=True)) == ["undone"] * 3
    assert LedgerEntry.objects.filter(action="undo-order").count() == 2


def one_by_one(run_chunk):
    """A chunk for each run: what it has done is then really done, as it is where nothing surrounds it."""

    def run(order_id):
        run_chunk(order_id)
        return False

    return run
