"""History by REST: changes of addresses, of one hostname or of all, a page after the other."""

import pytest

from tests.ddns.rest.programs import problem

HOME = "/hostnames/home.ddns.test"


@pytest.fixture
def moved(program, home, office):
    """home has moved four times, office once."""
    for number in range(1, 5):
        program.patch(HOME, {"ipv4": f"203.0.113.{number}"})
    program.patch("/hostnames/office.ddns.test", {"ipv4": "203.0.113.9"})


def test_history_of_a_hostname_is_the_newest_first(monitor, moved):
    found = monitor.get(f"{HOME}/history").json()["results"]

    assert [each["new_ipv4"] for each in found] == [f"203.0.113.{number}" for number in (4, 3, 2, 1)]
    assert found[0]["old_ipv4"] == "203.0.113.3"
    assert found[0]["hostname"] == "home.ddns.test"


def test_history_of_the_account_has_all_hostnames_and_of_a_narrower_key_its_own(monitor, helper, stranger, moved):
    assert len(monitor.get("/history").json()["results"]) == 5
    assert {each["hostname"] for each in helper.get("/history").json()["results"]} == {"home.ddns.test"}
    assert stranger.get("/history").json()["results"] == []


def test_history_is_filtered_by_time(monitor, moved):
    newest, *_ = monitor.get("/history?ordering=-at").json()["results"]

    assert len(monitor.get(f"/history?until={newest['at']}").json()["results"]) == 4
    assert [each["at"] for each in monitor.get(f"/history?since={newest['at']}").json()["results"]] == [newest["at"]]
    assert problem(monitor.get("/history?since=x")) == (400, "invalid")


@pytest.mark.parametrize("ordering", ["at", "-at"])
def test_pages_together_are_the_whole_and_lead_back(monitor, moved, ordering):
    whole = monitor.get(f"/history?ordering={ordering}").json()["results"]
    page, seen = monitor.get(f"/history?ordering={ordering}&limit=2").json(), []
    first = page
    while True:
        seen += page["results"]
        if page["next"] is None:
            break
        page = monitor.get(page["next"].partition("/api/v1")[2]).json()

    assert seen == whole
    while page["previous"] is not None:
        page = monitor.get(page["previous"].partition("/api/v1")[2]).json()
    assert page["results"] == first["results"]


def test_cursor_of_another_list_or_order_is_none(monitor, moved):
    cursor = monitor.get("/history?limit=2").json()["next"].partition("cursor=")[2].partition("&")[0]

    assert monitor.get(f"/history?limit=2&cursor={cursor}").status_code == 200
    for path in (f"/history?ordering=at&cursor={cursor}", f"/hostnames?cursor={cursor}", f"/history?cursor={cursor}x"):
        assert problem(monitor.get(path)) == (400, "invalid")


def test_list_takes_as_many_queries_for_many_changes_as_for_one(monitor, moved, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        monitor.get("/history")
