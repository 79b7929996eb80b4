"""Undoing: whatever was decided by whomever in whatever order, after all is undone everything is as it was."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abuse import decisions, roles
from abuse.errors import AbuseError
from abuse.models import Case, Decision, DiversionTarget, Suspension
from ddns import hostnames, keys
from ddns.models import Block, Hostname, ReservedName, Restriction, UpdateKey, User
from dnsupdate.models import Publication
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db

Action = Decision.Action


@pytest.fixture
def people(db) -> list[User]:
    """Three seniors."""
    roles.make_missing()
    found = [User.objects.create_user(f"senior{number}@example.com", is_staff=True) for number in range(3)]
    for each in found:
        each.groups.add(Group.objects.get(name=roles.SENIOR))
    return found


@pytest.fixture
def cases(home, foreign, alice, domain) -> list[Case]:
    """Two names of Alice, one of them twice and with a wildcard and records; one of Bob."""
    hostnames.configure(home, wildcard=True)
    office = hostnames.register(alice, domain=domain, label="office")
    Hostname.objects.filter(pk=office.pk).update(ipv4="203.0.113.9")
    hostnames.publish(hostnames.lock(office))
    hostnames.configure(office, offline=True)
    ReservedName.objects.create(name="office", reason="the operator's", until=timezone.now() + timedelta(days=5))
    keys.create(alice, label="router", hostnames=[home])
    return [
        open_case(home),
        open_case(home, "connection/ddos"),
        open_case(Hostname.objects.get(pk=office.pk)),
        open_case(foreign),
    ]


@pytest.fixture
def parameters(db) -> dict[str, dict]:
    sinkhole = DiversionTarget.objects.create(
        name="partner", kind="sinkhole", addresses=["198.51.100.1", "2001:db8::1"]
    )
    return {
        Action.DIVERT: {"target": sinkhole.pk},
        Action.BLOCK_NETWORK: {"network": "203.0.113.0/24"},
        Action.BLOCK_PATTERN: {"pattern": "office*"},
        Action.ASK: {"text": "Where did you see it?"},
        Action.REFER: {"authority": "police"},
        Action.FORWARD: {"to": "abuse@example.net", "text": "Please look at this."},
    }


def world() -> dict[str, object]:
    """Everything that decisions may change, of what is not about cases."""
    return {
        "hostnames": list(Hostname.objects.order_by("pk").values()),
        "restrictions": list(Restriction.objects.order_by("pk").values("hostname", "kind", "answer")),
        "rrsets": dict(Publication.objects.values_list("name", "rrsets")),
        "keys": list(UpdateKey.objects.order_by("pk").values()),
        "reserved": list(ReservedName.objects.order_by("name").values_list("name", "reason", "until")),
        "blocks": list(Block.objects.values_list("kind", "value")),
        "accounts": list(User.objects.order_by("pk").values("email", "is_active", "preserve_until", "closed_at")),
    }


ONCE = {Action.DISMISS, Action.ASK, Action.INFORM, Action.WARN, Action.REFER, Action.FORWARD}
BLOCKS = {Action.BLOCK_NETWORK, Action.BLOCK_PATTERN}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(list(Action)), st.integers(0, 3), st.integers(0, 2), st.integers(0, 90), st.integers(0, 3)
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS, order=st.randoms(use_true_random=False))
def test_after_all_is_undone_everything_is_as_it_was(cases, people, parameters, steps, order):
    before = world()
    with transaction.atomic():
        done: list[Decision] = []
        for action, number, person, days, undo in steps:
            take(cases[number], action, people[person], parameters, days, people, done)
            if undo == 0 and done:
                decisions.undo(done.pop(order.randrange(len(done))), reason="mistake", by=people[person])
        order.shuffle(done)
        for decision in done:
            decisions.undo(decision, reason="all of it", by=order.choice(people))

        assert world() == before
        assert not Suspension.objects.in_force().exists()
        transaction.set_rollback(True)


def take(case, action, by, parameters, days, people, done) -> None:
    """Decides, with the approval of somebody else where that is needed; what is refused is left alone."""
    days = max(days, action in BLOCKS)
    ends_at = timezone.now() + timedelta(days=days) if days and action not in ONCE else None
    try:
        with transaction.atomic():
            decision = decisions.take(
                case,
                action=action,
                reason="bad",
                by=by,
                parameters=parameters.get(action),
                ends_at=ends_at,
                keep_open=days != 1,
            )
            if decision.state == Decision.State.PROPOSED:
                decision = decisions.approve(decision, by=next(each for each in people if each != by))
            done.append(decision)
    except AbuseError:
        return


def test_an_operators_word_about_a_label_outlasts_the_undoing(cases, people):
    by = people[0]
    decision = decisions.take(cases[2], action=Action.RESERVE_LABEL, reason="bad", by=by, parameters={"label": "lure"})
    ReservedName.objects.filter(name="lure").update(reason="the operator's own")
    decisions.undo(decision, reason="mistake", by=by)

    assert ReservedName.objects.get(name="lure").reason == "the operator's own"


def test_preserving_never_shortens(cases, people, alice):
    long, short = timezone.now() + timedelta(days=300), timezone.now() + timedelta(days=30)
    first = decisions.take(cases[0], action=Action.PRESERVE, reason="order", by=people[0], ends_at=long)
    decisions.take(cases[2], action=Action.PRESERVE, reason="order", by=people[0], ends_at=short)
    alice.refresh_from_db()
    assert alice.preserve_until == long

    decisions.undo(first, reason="order ended", by=people[1])
    alice.refresh_from_db()
    assert alice.preserve_until == short
