"""Plans: every line is an item with an outcome, nothing changes, and the digest binds what was seen."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from abuse import plans, submissions, suspensions
from abuse.errors import InvalidParameter, NotAllowed, OrderNotThere, PlanChanged
from abuse.intake import letters
from abuse.models import DiversionTarget, LedgerEntry, Order, OrderFile, OrderGroup, OrderItem, ProtectedName
from ddns import hostnames
from ddns.models import BelowName, Hostname, HostnameContact, ReservedName, User
from dnsupdate import outbox
from dnsupdate.models import Publication
from tests.abuse import order_rows
from tests.abuse.test_matching import fill

pytestmark = pytest.mark.django_db

Action = OrderGroup.Action


def item(order: Order, name: str) -> OrderItem:
    return order.items.get(name=name)


def is_whole(order: Order) -> bool:
    """The counts add up to the lines of the letter."""
    plan = order.plan
    items = sum(plan["counts"].values()) - plan["further_count"]
    of_groups = order.groups.aggregate(total=Sum("item_count"))["total"]
    return (
        items + plan["comment_count"] + plan["blank_count"] + plan["passed_over"] == plan["line_count"]
        and of_groups == plan["item_count"] == order.items.count()
    )


def answering(hostname: Hostname) -> Hostname:
    hostnames.publish(hostname)
    hostname.refresh_from_db()
    return hostname


LETTER = """# seized 2014
1) hxxp://home[.]ddns[.]test:1177/ (njRAT)
HOME.DDNS.TEST
www.home.ddns.test

bob(dot)ddns(dot)test , TCP 5552
gone.ddns.test
never.ddns.test
evil.example.org
ddns.test
ns1.ddns.test
mail.ddns.test
not..a.name
"""


def test_every_line_has_an_outcome(alice, bob, home, foreign, domain):
    answering(home)
    gone = hostnames.release(hostnames.register(alice, domain=domain, label="gone"))
    ReservedName.objects.get_or_create(name="mail", defaults={"reason": "operator"})
    order = plans.make(order_rows.order(names=LETTER))
    found = [(each.outcome, each.name, each.note) for each in order.items.order_by("position")]
    assert found == [
        ("live", "home.ddns.test", "Line 2."),
        ("repeated", "home.ddns.test", "Line 3. It repeats line 2."),
        ("repeated", "www.home.ddns.test", "Line 4. It means the same hostname as line 2."),
        ("dormant", "bob.ddns.test", "Line 6."),
        ("released", "gone.ddns.test", "Line 7."),
        ("never", "never.ddns.test", "Line 8."),
        ("not_ours", "evil.example.org", "Line 9. It lies under no domain of this platform."),
        ("protected", "ddns.test", "Line 10. It is a whole domain with the names of everybody in it."),
        ("protected", "ns1.ddns.test", "Line 11. It is a name of the platform itself."),
        ("protected", "mail.ddns.test", "Line 12. It is reserved by the platform."),
        ("invalid", "", found[-1][2]),
    ]
    assert "is not a domain name" in found[-1][2]
    live = item(order, "bob.ddns.test")
    assert (live.port, live.hostname, live.account, live.holder_name_count) == (5552, foreign, bob, 1)
    assert order.items.get(position=1).ipv4 == "203.0.113.7"
    assert item(order, "gone.ddns.test").since == gone.released_at
    assert not order.items.filter(outcome__in=["never", "not_ours", "invalid", "repeated"]).exclude(hostname=None)
    assert order.state == Order.State.PLANNED
    assert is_whole(order)


def test_planning_changes_nothing_but_the_order(home):
    answering(home)
    before = (home.version, home.publication.revision, home.publication.rrsets)
    plans.make(order_rows.order(names="home.ddns.test"))
    home.refresh_from_db()
    assert (home.version, home.publication.revision, home.publication.rrsets) == before
    assert not hasattr(home, "restriction")
    assert not home.suspensions.exists()


def test_suspended_since(home, oscar):
    answering(home)
    suspension = suspensions.suspend(home, reason="It imitates a bank.", by=oscar)
    order = plans.make(order_rows.order(names="home.ddns.test"))
    assert item(order, "home.ddns.test").outcome == "suspended"
    assert item(order, "home.ddns.test").since == suspension.decided_at


def test_names_of_a_deactivated_account_are_out_already(home, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    order = plans.make(order_rows.order(names="home.ddns.test"))
    assert (item(order, "home.ddns.test").outcome, item(order, "home.ddns.test").since) == ("suspended", None)


def test_held_name_is_live_and_frozen(home, oscar):
    answering(home)
    hostnames.hold(home)
    assert "frozen" in item(plans.make(order_rows.order(names="home.ddns.test")), "home.ddns.test").note


@pytest.mark.parametrize("part", ["wildcard", "below"])
def test_what_answers_below_a_name_makes_it_live(foreign, part):
    rrsets = {"TXT": {"ttl": 60, "rdata": ['"x"']}}
    if part == "wildcard":
        hostnames.configure(foreign, wildcard=True)
        foreign.refresh_from_db()
        Publication.objects.filter(pk=foreign.wildcard_publication_id).update(rrsets=rrsets)
    else:
        Hostname.objects.filter(pk=foreign.pk).update(others={})
        ids = outbox.publish(foreign.domain.zone, {f"a.{foreign.name}": rrsets})
        BelowName.objects.create(hostname=foreign, label="a", publication_id=ids[f"a.{foreign.name}"])
    assert item(plans.make(order_rows.order(names=foreign.name)), foreign.name).outcome == "live"


def test_old_name_in_steady_use_wants_a_look(home):
    answering(home)
    now = timezone.now()
    Hostname.objects.filter(pk=home.pk).update(created_at=now - timedelta(days=200))
    contact = HostnameContact.objects.create(hostname=home, at=now - timedelta(days=40), protocol="dyndns2")
    order = plans.make(order_rows.order(names="home.ddns.test"))
    assert item(order, "home.ddns.test").group == "live"
    contact.at = now - timedelta(days=2)
    contact.save()
    order = plans.make(order)
    assert item(order, "home.ddns.test").group == "live-settled"
    assert item(order, "home.ddns.test").last_seen_at == contact.at


@pytest.mark.parametrize(
    ("instrument", "action"),
    [("court_order", "suspend"), ("warrant", "suspend"), ("request", "none"), ("administrative", "none")],
)
def test_name_that_is_paid_for_is_acted_on_where_a_judge_said_so(home, alice, instrument, action):
    answering(home)
    User.objects.filter(pk=alice.pk).update(plan="business")
    order = plans.make(order_rows.order(names="home.ddns.test", instrument=instrument))
    group = order.groups.get()
    assert (group.key, group.action, bool(group.reason)) == ("live-settled", action, action == "none")


def test_protected_name_can_be_acted_on_but_is_not_proposed(home, settings, alice):
    answering(home)
    ProtectedName.objects.create(name="home.ddns.test", reason="a hospital's")
    order = plans.make(order_rows.order(names="home.ddns.test"))
    assert (item(order, "home.ddns.test").outcome, item(order, "home.ddns.test").hostname) == ("protected", home)
    assert "hospital" not in item(order, "home.ddns.test").note
    assert order.groups.get().action == Action.NONE
    ProtectedName.objects.all().delete()
    settings.ABUSE_PROTECTED_PLANS = [alice.plan]
    assert item(plans.make(order), "home.ddns.test").outcome == "protected"


def test_name_of_staff_can_never_be_acted_on(home, alice, oscar):
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    order = plans.make(order_rows.order(names="home.ddns.test"))
    found = item(order, "home.ddns.test")
    assert (found.outcome, found.hostname, found.account) == ("protected", None, None)
    with pytest.raises(InvalidParameter):
        plans.decide(order, groups={"protected": (Action.SUSPEND, None, "")}, by=oscar)


def test_domain_itself_can_never_be_acted_on(domain, oscar):
    order = plans.make(order_rows.order(names="ddns.test\n*.ddns.test\nns1.ddns.test"))
    assert not order.items.exclude(hostname=None).exists()
    assert {each.outcome for each in order.items.all()} == {"protected", "repeated"}
    with pytest.raises(InvalidParameter):
        plans.decide(order, groups={"protected": (Action.SUSPEND, None, "")}, by=oscar)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"live": "suspend", "dormant": "suspend", "released": "none", "never": "none"}),
        ({"wanted_effect": "freeze"}, {"live": "hold", "dormant": "hold", "released": "none", "never": "none"}),
        ({"wanted_effect": "none"}, {"live": "none", "dormant": "none", "released": "none", "never": "none"}),
        ({"wanted_effect": "sinkhole"}, {"live": "divert", "dormant": "divert", "released": "none", "never": "none"}),
        (
            {"kind": "preservation", "hold_days": 90},
            {"live": "preserve", "dormant": "preserve", "released": "preserve", "never": "none"},
        ),
        ({"kind": "information"}, {"live": "none", "dormant": "none", "released": "none", "never": "none"}),
    ],
)
def test_what_is_proposed_at_first_follows_the_order(fields, expected, alice, home, foreign, domain):
    answering(home)
    hostnames.release(hostnames.register(alice, domain=domain, label="gone"))
    target = DiversionTarget.objects.create(name="CERT", kind="sinkhole", addresses=["192.0.2.80"])
    names = "home.ddns.test\nbob.ddns.test\ngone.ddns.test\nnever.ddns.test"
    order = plans.make(order_rows.order(names=names, **fields))
    assert {group.key: group.action for group in order.groups.all()} == expected
    assert {group.target for group in order.groups.filter(action="divert")} <= {target}


def test_sinkhole_is_not_guessed(home):
    answering(home)
    DiversionTarget.objects.create(name="one", kind="sinkhole", addresses=["192.0.2.80"])
    DiversionTarget.objects.create(name="two", kind="sinkhole", addresses=["192.0.2.81"])
    group = plans.make(order_rows.order(names="home.ddns.test", wanted_effect="sinkhole")).groups.get()
    assert (group.action, group.target) == (Action.NONE, None)
    assert group.reason


def test_letter_that_names_nothing_stays_where_it_is_and_says_why(domain):
    order = plans.make(order_rows.order(names="%PDF-1.7 evil.ddns.test"))
    assert order.state == Order.State.RECEIVED
    assert "PDF" in order.plan_problem
    assert plans.make_due() == 0
    assert plans.make(order_rows.order()).plan_problem == "It came without a list of names."


def test_what_is_received_is_planned_once(home):
    order = order_rows.order(names="home.ddns.test")
    assert plans.make_due() == 1
    assert plans.make_due() == 0
    order.refresh_from_db()
    assert order.state == Order.State.PLANNED


def test_letter_that_nobody_thought_of_keeps_no_other_waiting(home, monkeypatch):
    first, second = order_rows.order(names="a.ddns.test"), order_rows.order(names="home.ddns.test")
    read = letters.read

    def fail(content: bytes, **said: str) -> letters.Letter:
        if content == b"a.ddns.test":
            raise KeyError
        return read(content, **said)

    monkeypatch.setattr(letters, "read", fail)
    assert plans.make_due() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (Order.State.RECEIVED, Order.State.PLANNED)
    assert "log" in first.plan_problem


def test_list_whose_retention_is_over_is_no_list(home):
    order = order_rows.order(names="home.ddns.test")
    blob = order.files.get().blob
    blob.content, blob.purged_at = b"", timezone.now()
    blob.save()
    assert plans.make(order).plan_problem


def test_several_files_are_numbered_through(home, foreign):
    order = order_rows.order(names="home.ddns.test\nbob.ddns.test")
    blob = submissions.keep(b"# more\nhome.ddns.test\nc.ddns.test\n")
    OrderFile.objects.create(order=order, blob=blob, role=OrderFile.Role.NAMES)
    order = plans.make(order)
    assert list(order.items.values_list("position", flat=True)) == [1, 2, 3, 4]
    assert order.items.get(position=3).outcome == "repeated"
    assert is_whole(order)


def test_nothing_is_planned_anew_once_something_was_acted_on(home):
    order = plans.make(order_rows.order(names="home.ddns.test"))
    order.items.update(state=OrderItem.State.ACTED)
    with pytest.raises(OrderNotThere):
        plans.make(order)


@pytest.mark.parametrize("state", ["acting", "proving", "answered", "undoing", "refused", "withdrawn"])
def test_order_under_way_or_done_is_not_planned(home, state):
    order = order_rows.order(names="home.ddns.test", state=state)
    with pytest.raises(OrderNotThere):
        plans.make(order)


def test_stopped_order_on_which_nothing_was_done_is_planned_anew(home, oscar, root):
    order = plans.make(order_rows.order(names="home.ddns.test"))
    Order.objects.filter(pk=order.pk).update(state="stopped", proposed_by=oscar, approved_by=root)
    order = plans.make(order)
    assert (order.state, order.proposed_by, order.approved_by) == (Order.State.PLANNED, None, None)


class TestDecide:
    @pytest.fixture
    def order(self, alice, home, foreign, domain) -> Order:
        answering(home)
        hostnames.release(hostnames.register(alice, domain=domain, label="gone"))
        return plans.make(order_rows.order(names="home.ddns.test\nbob.ddns.test\ngone.ddns.test\nno.ddns.test\nno..x"))

    def test_decision_is_kept_and_entered_and_changes_the_digest(self, order, oscar):
        before = order.plan_digest
        order = plans.decide(order, groups={"dormant": (Action.NONE, None, " Nobody uses them. ")}, by=oscar)
        group = order.groups.get(key="dormant")
        assert (group.action, group.reason) == (Action.NONE, "Nobody uses them.")
        assert order.plan_digest == plans.digest_of(order) != before
        assert order.plan["collateral"]["name_count"] == 1
        entry = LedgerEntry.objects.first()
        assert (entry.action, entry.actor, entry.details["digest"]) == ("decide-order", oscar, order.plan_digest)

    def test_proposal_that_waits_is_void(self, order, oscar):
        Order.objects.filter(pk=order.pk).update(state="proposed", proposed_by=oscar, proposed_at=timezone.now())
        order = plans.decide(order, groups={"live": (Action.HOLD, None, "")}, by=oscar)
        assert (order.state, order.proposed_by, order.proposal) == (Order.State.PLANNED, None, {})
        assert "void" in LedgerEntry.objects.first().reason

    @pytest.mark.parametrize(
        ("key", "action"),
        [("never", "suspend"), ("never", "preserve"), ("invalid", "hold"), ("released", "suspend"), ("x", "none")],
    )
    def test_what_makes_no_sense_is_refused(self, order, oscar, key, action):
        before = order.plan_digest
        with pytest.raises(InvalidParameter):
            plans.decide(order, groups={"live": (Action.NONE, None, ""), key: (Action(action), None, "")}, by=oscar)
        assert plans.digest_of(order) == before

    @pytest.mark.parametrize("action", ["suspend", "hold"])
    @pytest.mark.parametrize("kind", ["preservation", "information", "emergency"])
    def test_order_that_asks_for_no_takedown_changes_nothing_in_dns(self, order, oscar, kind, action):
        Order.objects.filter(pk=order.pk).update(kind=kind)
        with pytest.raises(InvalidParameter):
            plans.decide(order, groups={"live": (Action(action), None, "")}, by=oscar)

    def test_diversion_wants_a_target_that_takes_names(self, order, oscar):
        target = DiversionTarget.objects.create(name="CERT", kind="sinkhole", addresses=["192.0.2.80"])
        for choice in ((Action.DIVERT, None, ""), (Action.SUSPEND, target, "")):
            with pytest.raises(InvalidParameter):
                plans.decide(order, groups={"live": choice}, by=oscar)
        plans.decide(order, groups={"live": (Action.DIVERT, target, "")}, by=oscar)
        assert plans.collateral_of(order).diverted_count == 1
        DiversionTarget.objects.update(is_enabled=False)
        with pytest.raises(InvalidParameter):
            plans.decide(order, groups={"live": (Action.DIVERT, target, "")}, by=oscar)

    def test_who_may_not_act_decides_nothing(self, order, clerk):
        with pytest.raises(NotAllowed):
            plans.decide(order, groups={"live": (Action.NONE, None, "")}, by=clerk)

    def test_nothing_is_decided_about_an_order_under_way(self, order, oscar):
        Order.objects.filter(pk=order.pk).update(state="acting")
        with pytest.raises(OrderNotThere):
            plans.decide(order, groups={"live": (Action.NONE, None, "")}, by=oscar)

    def test_decision_outlives_a_new_plan_of_the_same_items_alone(self, order, oscar, alice, domain):
        plans.decide(order, groups={"dormant": (Action.NONE, None, "a"), "live": (Action.HOLD, None, "b")}, by=oscar)
        hostnames.register(alice, domain=domain, label="no")
        order = plans.make(order)
        assert order.groups.get(key="live").reason == "b"
        assert (order.groups.get(key="dormant").reason, order.groups.get(key="dormant").action) == ("", "suspend")


class TestDigest:
    def test_same_plan_has_the_same_digest(self, home):
        order = plans.make(order_rows.order(names="home.ddns.test"))
        assert order.plan_digest == plans.make(order).plan_digest == plans.digest_of(order)

    def test_other_holder_is_another_digest(self, home, bob):
        order = plans.make(order_rows.order(names="home.ddns.test"))
        Hostname.objects.filter(pk=home.pk).update(account=bob)
        assert plans.make(order).plan_digest != order.plan_digest

    def test_address_is_nothing_that_is_decided_by(self, home):
        order = plans.make(order_rows.order(names="home.ddns.test"))
        Hostname.objects.filter(pk=home.pk).update(ipv4="203.0.113.8")
        assert plans.make(order).plan_digest == order.plan_digest


class TestFresh:
    @pytest.fixture
    def order(self, home, foreign) -> Order:
        return plans.make(order_rows.order(names="home.ddns.test\nbob.ddns.test\nwww.no.ddns.test\nddns.test"))

    def test_plan_that_holds(self, order):
        plans.check_fresh(order)

    def test_changed_hands(self, order, home, bob):
        Hostname.objects.filter(pk=home.pk).update(account=bob)
        with pytest.raises(PlanChanged, match=r"1 names changed hands.*home\.ddns\.test"):
            plans.check_fresh(order)

    def test_released(self, order, home):
        hostnames.release(home)
        with pytest.raises(PlanChanged):
            plans.check_fresh(order)

    def test_registered(self, order, alice, domain):
        hostnames.register(alice, domain=domain, label="no")
        with pytest.raises(PlanChanged, match=r"1 names were registered"):
            plans.check_fresh(order)
        plans.check_fresh(plans.make(order))

    def test_protected(self, order):
        ProtectedName.objects.create(name="home.ddns.test", reason="a hospital's")
        with pytest.raises(PlanChanged):
            plans.check_fresh(order)


def test_collateral_counts_what_is_not_on_the_list(alice, bob, home, foreign, domain):
    answering(home)
    hostnames.configure(home, wildcard=True)
    for label in ("a", "b"):
        hostnames.register(alice, domain=domain, label=label)
    order = plans.make(order_rows.order(names="www.home.ddns.test\nbob.ddns.test"))
    found = plans.collateral_of(order)
    assert (found.name_count, found.account_count, found.other_names_touched) == (2, 2, 0)
    assert (found.accounts_with_others, found.other_name_count) == (1, 2)
    assert (found.widened_count, found.wildcard_count, found.below_count) == (1, 1, 0)
    assert [(each.zone, each.name_count, each.total_count, each.share) for each in found.zones] == [
        ("ddns.test", 2, 4, 0.5)
    ]
    assert order.plan["collateral"]["other_name_count"] == 2


def test_wake_up_is_sent_once_it_is_committed(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        plans.wake()
    assert len(callbacks) == 1


def test_planning_asks_as_much_for_many_names_as_for_one(alice, home, domain):
    few = order_rows.order(names="home.ddns.test\nno.ddns.test")
    many = order_rows.order(
        names="\n".join(["home.ddns.test", *(f"n{number}.ddns.test" for number in range(300)), "evil.example"])
    )
    with CaptureQueriesContext(connection) as of_few:
        plans.make(few)
    with CaptureQueriesContext(connection) as of_many:
        plans.make(many)
    assert len(of_many) == len(of_few)
    for ask in (plans.check_fresh, plans.collateral_of):
        with CaptureQueriesContext(connection) as of_few:
            ask(few)
        with CaptureQueriesContext(connection) as of_many:
            ask(many)
        assert len(of_many) == len(of_few) <= 10


def test_names_are_found_by_index_among_many(home, domain):
    """Of millions of rows a plan reads those of its names."""
    fill(domain, 3000)
    with CaptureQueriesContext(connection) as asked:
        plans.make(order_rows.order(names="home.ddns.test\nno.ddns.test"))
    (about,) = (each["sql"] for each in asked.captured_queries if "INSERT INTO abuse_orderitem" in each["sql"])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + about)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "hostname_held_once" in plan
    assert "hostnames_released" in plan
    assert "Seq Scan on ddns_hostname " not in plan
    assert "Seq Scan on dnsupdate_publication" not in plan
