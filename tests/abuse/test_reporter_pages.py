"""Pages of reporters and categories: who may, what is asked, what is entered."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from abuse import roles
from abuse.models import Category, LedgerEntry, Reporter
from ddns.models import User
from tests.abuse import rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(db) -> Client:
    """Who may change settings, and decides nothing."""
    roles.make_missing()
    user = User.objects.create_user("admin@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.ADMINISTRATOR))
    return logged_in(user)


@pytest.fixture
def trudy(db) -> Reporter:
    return rows.reporter(contact="soc@example.net")


def tier_page(reporter: Reporter, tier: str = "A") -> str:
    return reverse("admin:abuse_reporter_tier", args=[reporter.pk, tier])


def test_tier_is_set_with_a_reason(admin, trudy):
    page = admin.get(tier_page(trudy))
    assert "Its reports come first" in page.text
    assert admin.post(tier_page(trudy), {"reason": ""}).status_code == 200
    admin.post(tier_page(trudy), {"reason": "On the authority's list."})
    trudy.refresh_from_db()
    assert (trudy.tier, trudy.is_tier_set_by_hand) == ("A", True)
    page = admin.get(reverse("admin:abuse_reporter_change", args=[trudy.pk]))
    assert "On the authority&#x27;s list." in page.text
    assert "Leave it to its record" in page.text


def test_warning_is_given_with_a_reason(admin, trudy):
    page = reverse("admin:abuse_reporter_warn", args=[trudy.pk])
    assert "soc@example.net" in admin.get(page).text
    admin.post(page, {"reason": "Nine of ten were wrong."})
    trudy.refresh_from_db()
    assert trudy.warned_at is not None


def test_claimed_identity_is_not_offered_trust(admin, db):
    claimed = rows.reporter("claimed:org:example.org")
    page = admin.get(reverse("admin:abuse_reporter_change", args=[claimed.pk])).text
    assert tier_page(claimed) not in page
    assert tier_page(claimed, "D") in page
    admin.post(tier_page(claimed), {"reason": "They wrote so."})
    claimed.refresh_from_db()
    assert claimed.tier == "C"


@pytest.mark.parametrize("tier", ["E", "a", "none"])
def test_there_are_four_tiers(admin, trudy, tier):
    assert admin.get(tier_page(trudy, tier)).status_code == 404


def test_analyst_sees_the_record_and_sets_nothing(oscar, trudy):
    client = logged_in(oscar)
    page = client.get(reverse("admin:abuse_reporter_change", args=[trudy.pk]))
    assert (page.status_code, tier_page(trudy) in page.text) == (200, False)
    assert client.post(tier_page(trudy), {"reason": "a friend"}).status_code == 403
    assert client.post(reverse("admin:abuse_reporter_warn", args=[trudy.pk]), {"reason": "x"}).status_code == 403
    trudy.refresh_from_db()
    assert (trudy.tier, trudy.warned_at) == ("C", None)


@pytest.mark.parametrize("page", ["abuse_reporter_tier", "abuse_reporter_warn", "abuse_category_change"])
def test_stranger_and_customer_get_nothing(client, alice, trudy, page):
    arguments = {
        "abuse_reporter_tier": [trudy.pk, "A"],
        "abuse_reporter_warn": [trudy.pk],
        "abuse_category_change": ["content_2Fphishing"],
    }
    url = reverse(f"admin:{page}", args=arguments[page])
    assert client.post(url, {"reason": "x"}).status_code == 302
    assert logged_in(alice).post(url, {"reason": "x"}).status_code in (302, 403)
    assert not LedgerEntry.objects.exists()


CATEGORY = reverse("admin:abuse_category_change", args=["content_2Fphishing"])


def filled_in(**fields) -> dict:
    category = Category.objects.get(pk="content/phishing")
    return {
        "title": category.title,
        "meaning": category.meaning,
        "first_action": category.first_action,
        "severity": category.severity,
        "clock_hours": "4",
        "retention_days": "730",
        "is_on_form": "on",
        "may_hold": "on",
        "evidence_wanted": "\n".join(category.evidence_wanted),
        "reason": "A night shift is here.",
        **fields,
    }


def test_category_is_changed_with_an_entry(admin):
    assert 'value="4.0"' in admin.get(CATEGORY).text
    answer = admin.post(CATEGORY, filled_in(clock_hours="1.5", evidence_wanted="The whole address.\n\nA screenshot."))
    assert answer.status_code == 302
    category = Category.objects.get(pk="content/phishing")
    assert category.clock == timedelta(minutes=90)
    assert category.evidence_wanted == ["The whole address.", "A screenshot."]
    entry = LedgerEntry.objects.get(action="change-category")
    assert entry.details["clock"] == {"before": 14400.0, "after": 5400.0}
    assert set(entry.details) == {"clock", "evidence_wanted"}
    assert entry.reason == "A night shift is here."


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": ""},
        {"clock_hours": "0"},
        {"clock_hours": "nan"},
        {"severity": "101"},
        {"first_action": "delete"},
        {"retention_days": "1"},
        {"evidence_wanted": "x" * 300},
        {"title": ""},
        {},
    ],
)
def test_nonsense_and_nothing_are_refused(admin, fields):
    assert admin.post(CATEGORY, filled_in(**fields)).status_code == 200
    assert Category.objects.get(pk="content/phishing").clock == timedelta(hours=4)
    assert not LedgerEntry.objects.exists()


def test_analyst_changes_no_category(oscar):
    assert logged_in(oscar).post(CATEGORY, filled_in(severity="1")).status_code == 403


def test_auditor_sees_categories(db):
    roles.make_missing()
    user = User.objects.create_user("auditor@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.AUDITOR))
    page = logged_in(user).get(CATEGORY)
    assert (page.status_code, "clock_hours" in page.text) == (200, False)


def test_lists_take_as_many_queries_for_many(admin, django_assert_max_num_queries):
    for number in range(40):
        rows.reporter(f"org:example-{number}.com")
    with django_assert_max_num_queries(12):
        admin.get(reverse("admin:abuse_reporter_changelist"))
    with django_assert_max_num_queries(12):
        admin.get(reverse("admin:abuse_category_changelist"))
