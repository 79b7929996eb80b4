"""What a plan says to others: the answer that would go back, and the order that would have been enough."""

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from abuse import narrow_orders, plan_words, plans
from abuse.models import DiversionTarget, Order, OrderGroup
from ddns import hostnames
from tests.abuse import order_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(alice, home, foreign, domain) -> Order:
    hostnames.publish(home)
    hostnames.register(alice, domain=domain, label="other")
    return plans.make(
        order_rows.order(names="# list\n\nwww.home.ddns.test\nhome.ddns.test\nbob.ddns.test\nno.ddns.test\nno..x\n")
    )


def test_answer_says_what_each_line_is_and_its_counts_add_up(order):
    said = plans.answer_preview(order)
    assert "Your list has 7 lines." in said
    counted = [line.rpartition(": ") for line in said.partition("7 lines.\n")[2].partition("\n\n")[0].splitlines()]
    assert sum(int(count) for _, _, count in counted) == 7
    assert "- live (1): leave DNS" in said
    assert "12 Cr 345/26" in said
    assert str(order.pk) in said
    assert "1 line names something below a hostname" in said


def test_answer_says_what_nothing_is_done_about_and_why(order, oscar):
    none = (OrderGroup.Action.NONE, None, "Nobody uses it.")
    groups = {"dormant": none, "live": none}
    said = plans.answer_preview(plans.decide(order, groups=groups, by=oscar))
    assert "Nothing is done about any of these names." in said
    assert "- live (1): Nobody uses it." in said
    assert "effect report" not in said


def test_answer_is_in_the_officers_language(order):
    account = order.officer.account
    account.language = "de"
    account.save()
    assert "Ihre Liste hat 7 Zeilen." in plans.answer_preview(order)


def test_answer_tells_nothing_of_who_holds_the_names(order):
    said = plans.answer_preview(order)
    assert "alice" not in said
    assert "other.ddns.test" not in said


def test_narrow_order_lists_its_names_and_their_hash(order):
    said = narrow_orders.text_of(order)
    names = ["bob.ddns.test", "home.ddns.test"]
    assert hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest() in said
    annex = said.partition("Annex")[2]
    assert [line.strip() for line in annex.splitlines() if line.startswith("    ")] == [
        "home.ddns.test",
        "bob.ddns.test",
    ]
    assert "no.ddns.test" not in said
    assert "other.ddns.test" not in said
    assert "www.home.ddns.test" not in said


def test_narrow_order_keeps_registration_dns_and_data_apart(order):
    said = narrow_orders.text_of(order)
    titles = [
        "1. Names",
        "2. Registration",
        "3. Effect in the DNS",
        "4. Account data",
        "5. Duration",
        "6. Return",
        "7. Notice",
    ]
    assert [said.index(title) for title in titles] == sorted(said.index(title) for title in titles)
    assert "NXDOMAIN" in said
    assert "ddns.test: 2 of about 3 hostnames" in said
    assert "Names touched that are not in the annex: 0." in said
    assert "1 hold 1 other names" in said


def test_narrow_order_says_where_names_are_diverted_to(order, oscar):
    target = DiversionTarget.objects.create(name="CERT Example", kind="sinkhole", addresses=["192.0.2.80"])
    plans.decide(order, groups={"live": (OrderGroup.Action.DIVERT, target, "")}, by=oscar)
    said = narrow_orders.text_of(order)
    assert "192.0.2.80 (CERT Example)" in said


def test_narrow_order_holds_what_was_filed(order):
    until = timezone.now() + timedelta(days=30)
    Order.objects.filter(pk=order.pk).update(
        sealed_until=until, ends_at=until, return_conditions="When the trial ends."
    )
    order.refresh_from_db()
    said = narrow_orders.text_of(order)
    assert f"shall not be told before {until:%Y-%m-%d}" in said
    assert f"ends by itself on {until:%Y-%m-%d}" in said
    assert "When the trial ends." in said


@pytest.mark.parametrize(
    ("line", "german"),
    [
        ("home.ddns.test", "Zeile 4. Wiederholt Zeile 2."),
        ("www.home.ddns.test", "Zeile 4. Meint denselben Hostnamen wie Zeile 2."),
        ("evil.example.org", "Zeile 4. Liegt unter keiner Domain dieser Plattform."),
        ("203.0.113.7", "Zeile 4. Das ist eine Adresse: Geben Sie stattdessen die Namen der Hosts an."),
        ("olivia@police.example", "Zeile 4. „olivia@police.example“ ist eine Mailadresse und nennt keinen Host."),
        ("nothing", "Zeile 4. „nothing“ nennt keinen Host, keine Adresse und keine URL."),
    ],
)
def test_notes_are_shown_in_the_language_of_the_reader(home, foreign, line, german):
    order = plans.make(order_rows.order(names=f"# list\nhome.ddns.test\nbob.ddns.test\n{line}\n"))
    note = order.items.get(position=3).note
    with translation.override("en"):
        assert plan_words.shown(note) == note
    with translation.override("de"):
        assert plan_words.shown(note) == german


def test_note_of_other_words_is_shown_as_it_is():
    with translation.override("de"):
        assert plan_words.shown("Line 3. Something {else}.") == "Zeile 3. Something {else}."


def test_order_without_a_plan_has_neither(domain):
    order = order_rows.order(names="home.ddns.test")
    assert plans.answer_preview(order) == ""
    assert "not planned yet" in narrow_orders.text_of(order)
