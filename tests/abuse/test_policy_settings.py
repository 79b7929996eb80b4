"""Policy settings: changed by those who may, with a reason, and the ledger says what was before and after."""

import pytest
from django.contrib.auth.models import Group

from abuse import policy_settings, roles
from abuse.errors import InvalidParameter, NotAllowed, NothingToDo, ReasonMissing
from abuse.models import Brand, LedgerEntry, Rule, Weight
from ddns.models import User
from tests.people import logged_in

pytestmark = pytest.mark.django_db


KEPT = {"parameter_days": "30", "parameter_unsaid": "0.75"}


def member(role: str) -> User:
    roles.make_missing()
    user = User.objects.create_user(f"{role.split()[-1]}@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def administrator(db) -> User:
    return member(roles.ADMINISTRATOR)


@pytest.fixture
def weight(db) -> Weight:
    return Weight.objects.get(pk="feed_hit")


@pytest.fixture
def rule(db) -> Rule:
    return Rule.objects.get(pk="score-on-young-name")


def change(weight: Weight, by: User, **changed) -> Weight:
    values = {
        "points": 50,
        "parameters": {"confidence": 0.8, "unsaid": 0.75, "days": 30},
        "is_on": True,
        "reason": "The backtest says so.",
    }
    return policy_settings.change_weight(weight, **values | changed, by=by)


def test_change_is_in_the_ledger_with_before_and_after(weight, administrator):
    change(weight, administrator)
    entry = LedgerEntry.objects.get(action="change-weight")

    assert (entry.object, entry.actor, entry.reason) == ("weight feed_hit", administrator, "The backtest says so.")
    assert entry.details == {
        "points": {"before": 40, "after": 50},
        "parameters": {
            "before": {"confidence": 0.75, "unsaid": 0.75, "days": 30},
            "after": {"confidence": 0.8, "unsaid": 0.75, "days": 30},
        },
    }


def test_rule_is_switched_on_by_an_administrator(rule, administrator):
    policy_settings.change_rule(
        rule, parameters=rule.parameters, is_on=True, reason="Precision 98 %.", by=administrator
    )

    assert Rule.objects.get(pk=rule.pk).is_on
    assert LedgerEntry.objects.get(action="change-rule").details == {"is_on": {"before": False, "after": True}}


@pytest.mark.parametrize("role", [roles.ANALYST, roles.SENIOR, roles.LIAISON, roles.AUDITOR])
def test_others_may_not(role, weight, rule):
    user = member(role)
    with pytest.raises(NotAllowed):
        change(weight, user)
    with pytest.raises(NotAllowed):
        policy_settings.change_rule(rule, parameters={}, is_on=True, reason="x", by=user)
    with pytest.raises(NotAllowed):
        policy_settings.put_brand("example", title="", holders=[], reason="x", by=user)
    with pytest.raises(NotAllowed):
        policy_settings.remove_brand(Brand.objects.get(pk="paypal"), reason="x", by=user)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"reason": " "}, ReasonMissing),
        ({"points": 40, "parameters": {"confidence": 0.75, "unsaid": 0.75, "days": 30}}, NothingToDo),
        ({"points": 101}, InvalidParameter),
        ({"points": True}, InvalidParameter),
        ({"parameters": {"gone": 1}}, InvalidParameter),
        ({"parameters": {"days": -1}}, InvalidParameter),
        ({"parameters": {"days": "30"}}, InvalidParameter),
        ({"parameters": {"days": float("nan")}}, InvalidParameter),
    ],
)
def test_what_means_nothing_is_refused(weight, administrator, changed, error):
    with pytest.raises(error):
        change(weight, administrator, **changed)
    assert Weight.objects.get(pk="feed_hit").points == 40


def test_brand_is_added_changed_and_removed(administrator):
    policy_settings.put_brand(" Example1 ", title="Example", holders=[], reason="A bank here.", by=administrator)
    policy_settings.put_brand(
        "example1", title="Example", holders=["Shop@Example.com"], reason="Shown.", by=administrator
    )
    brand = Brand.objects.get(pk="example1")
    assert brand.holders == ["shop@example.com"]

    policy_settings.remove_brand(brand, reason="Gone.", by=administrator)
    assert list(LedgerEntry.objects.filter(object="brand example1").order_by("sequence").values_list("action", flat=True)) == [
        "add-brand", "change-brand", "remove-brand",
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["", "ab", "pay-pal", "päypal", "a b c", "x" * 64])
def test_brand_that_no_label_could_be_is_refused(word, administrator):
    with pytest.raises(InvalidParameter):
        policy_settings.put_brand(word, title="", holders=[], reason="x", by=administrator)


def test_page_of_a_weight_changes_it(weight, administrator):
    client = logged_in(administrator)
    page = client.get("/admin/abuse/weight/feed_hit/change/").content.decode()
    assert "A feed lists the name with confidence" in page
    assert 'name="parameter_confidence"' in page

    data = {
        "points": 45,
        "is_on": "on",
        "parameter_confidence": "0.8",
        "parameter_days": "30",
        "parameter_unsaid": "0.75",
        "reason": "Tried.",
    }
    assert client.post("/admin/abuse/weight/feed_hit/change/", data).status_code == 302
    weight.refresh_from_db()
    assert (weight.points, weight.parameters) == (45, {"confidence": 0.8, "unsaid": 0.75, "days": 30})
    assert LedgerEntry.objects.get(action="change-weight").reason == "Tried."


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": ""}, "This field is required."),
        ({"points": 40, "parameter_confidence": "0.75"}, "nothing was changed"),
        ({"points": 400}, "less than or equal to 100"),
        ({"parameter_confidence": "-1"}, "greater than or equal to 0"),
        ({"parameter_confidence": "nan"}, "Enter a number."),
    ],
)
def test_page_says_what_is_wrong(administrator, changed, said):
    data = {
        "points": 45,
        "is_on": "on",
        "parameter_confidence": "0.8",
        "parameter_days": "30",
        "parameter_unsaid": "0.75",
        "reason": "Tried.",
    }
    page = logged_in(administrator).post("/admin/abuse/weight/feed_hit/change/", data | changed)

    assert page.status_code == 200
    assert said in page.content.decode()
    assert not LedgerEntry.objects.filter(action="change-weight").exists()


def test_page_of_a_rule_switches_it(rule, administrator):
    data = {
        "is_on": "on",
        "parameter_score": "80",
        "parameter_age_days": "7",
        "parameter_hours": "72",
        "reason": "Tried.",
    }
    answer = logged_in(administrator).post(f"/admin/abuse/rule/{rule.pk}/change/", data)

    assert answer.status_code == 302
    rule.refresh_from_db()
    assert (rule.is_on, rule.parameters["score"]) == (True, 80)


def test_pages_of_brands_add_change_and_remove(administrator):
    client = logged_in(administrator)
    data = {"word": "example1", "title": "Example", "holders": "shop@example.com\nb@example.com", "reason": "A bank."}
    assert client.post("/admin/abuse/brand/add/", data).status_code == 302
    assert Brand.objects.get(pk="example1").holders == ["shop@example.com", "b@example.com"]
    page = client.post("/admin/abuse/brand/example1/change/", {"title": "New", "holders": "x", "reason": "y"})
    assert "is no address of an account" in page.content.decode()
    answer = client.post("/admin/abuse/brand/example1/change/", {"title": "New", "holders": "", "reason": "y"})
    assert (answer.status_code, Brand.objects.get(pk="example1").title) == (302, "New")
    assert client.post("/admin/abuse/brand/example1/delete/", {"post": "yes"}).status_code == 302
    assert not Brand.objects.filter(pk="example1").exists()
    assert LedgerEntry.objects.filter(object="brand example1").count() == 3


PAGES = [
    "/admin/abuse/weight/", "/admin/abuse/weight/feed_hit/change/", "/admin/abuse/rule/",
    "/admin/abuse/rule/score-on-young-name/change/", "/admin/abuse/brand/", "/admin/abuse/brand/paypal/change/",
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_auditor_sees_and_cannot_change(page):
    client = logged_in(member(roles.AUDITOR))
    shown = client.get(page)
    assert shown.status_code == 200
    assert 'name="reason"' not in shown.content.decode()
    if "change" in page:
        assert client.post(page, {"points": 1, "is_on": "", "title": "x", "reason": "x"}).status_code == 403


@pytest.mark.parametrize("page", [*PAGES, "/admin/abuse/brand/add/", "/admin/abuse/brand/paypal/delete/"])
def test_analyst_and_stranger_find_no_settings(page, oscar, client):
    assert logged_in(oscar).get(page).status_code == 403
    assert logged_in(oscar).post(page, {"reason": "x"}).status_code == 403
    assert client.get(page).status_code == 302


@pytest.mark.parametrize(
    "page", ["/admin/abuse/weight/add/", "/admin/abuse/rule/add/", "/admin/abuse/weight/feed_hit/delete/"]
)
def test_weights_and_rules_are_neither_added_nor_deleted(page, root):
    assert logged_in(root).get(page).status_code == 403


@pytest.mark.parametrize("page", ["/admin/abuse/weight/", "/admin/abuse/rule/", "/admin/abuse/brand/"])
def test_lists_take_few_queries(page, administrator, django_assert_max_num_queries):
    client = logged_in(administrator)
    client.get(page)
    with django_assert_max_num_queries(10):
        client.get(page)
