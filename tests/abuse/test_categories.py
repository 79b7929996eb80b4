"""Categories: found by kind, changed with a reason and an entry."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abuse import categories
from abuse.errors import InvalidParameter, NotAllowed, NothingToDo, ReasonMissing
from abuse.models import Category, LedgerEntry

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("content/phishing", "content/phishing"),
        (" Content/Phishing ", "content/phishing"),
        ("content/unheard_of", "content/*"),
        ("connection/login_attack", "connection/*"),
        ("nonsense", "other/unclassified"),
        ("", "other/unclassified"),
        ("other/x", "other/unclassified"),
    ],
)
def test_kind_falls_into(kind, key):
    assert categories.of(kind).pk == categories.of_all({kind})[kind].pk == key


@given(st.text(max_size=70))
def test_any_kind_falls_into_one(kind):
    assert categories.of_all({kind})[kind] is not None


def test_many_kinds_take_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        categories.of_all({f"content/{number}" for number in range(100)})


def test_change_is_entered_with_before_and_after(root):
    phishing = Category.objects.get(pk="content/phishing")
    changed = categories.change(phishing, reason="A night shift is here.", by=root, clock=timedelta(hours=2))
    assert changed.clock == timedelta(hours=2)
    entry = LedgerEntry.objects.get()
    assert (entry.action, entry.object, entry.actor) == ("change-category", "category content/phishing", root)
    assert entry.details == {"clock": {"before": 14400.0, "after": 7200.0}}


@pytest.mark.parametrize(
    "fields",
    [
        {"clock": timedelta(minutes=1)},
        {"clock": timedelta(days=-1)},
        {"severity": 101},
        {"retention": timedelta(days=1)},
        {"first_action": "delete_everything"},
        {"title": ""},
    ],
)
def test_what_makes_no_sense_is_refused(root, fields):
    with pytest.raises(InvalidParameter):
        categories.change(Category.objects.get(pk="content/phishing"), reason="why not", by=root, **fields)


def test_policy_holds_no_victims(root):
    with pytest.raises(InvalidParameter):
        categories.change(Category.objects.get(pk="connection/*"), reason="why not", by=root, may_hold=True)


def test_route_is_not_changed_here(root):
    with pytest.raises(NothingToDo):
        categories.change(Category.objects.get(pk="content/csam"), reason="why not", by=root, route="suspect")


def test_only_who_may_change_settings_does_with_a_reason(oscar, root):
    phishing = Category.objects.get(pk="content/phishing")
    with pytest.raises(NotAllowed):
        categories.change(phishing, reason="mine", by=oscar, severity=1)
    with pytest.raises(ReasonMissing):
        categories.change(phishing, reason="", by=root, severity=1)
