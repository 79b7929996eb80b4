"""Groups by REST: made and changed by whoever has the whole account, since they say what keys cover."""

import pytest

from ddns import groups, keys
from ddns.models import Group, UpdateKey
from tests.ddns.rest.programs import Program, problem


def test_group_is_made_renamed_and_deleted_with_its_keys(program, alice, home):
    response = program.post("/groups", {"name": "sites"})
    assert response.status_code == 201
    place = f"/groups/{response.json()['id']}"
    assert response["Location"].endswith(place)
    group = Group.objects.get()
    keys.create(alice, label="site", group=group)
    groups.assign(group, [home])

    assert program.patch(place, {"name": "branches"}).json()["name"] == "branches"
    assert program.get(place).json()["name"] == "branches"
    assert [each["name"] for each in program.get("/groups").json()["results"]] == ["branches"]
    assert program.delete(place).status_code == 204
    assert not UpdateKey.objects.working().filter(label="site").exists()
    home.refresh_from_db()
    assert home.group is None


def test_name_of_a_group_is_taken_once(program):
    program.post("/groups", {"name": "sites"})
    other = program.post("/groups", {"name": "other"}).json()

    assert problem(program.post("/groups", {"name": "Sites"})) == (409, "group-exists")
    assert problem(program.patch(f"/groups/{other['id']}", {"name": "SITES"})) == (409, "group-exists")


def test_account_that_has_all_its_groups_is_told(program, settings):
    settings.PLANS = {"free": {"groups": 0}}

    assert problem(program.post("/groups", {"name": "sites"})) == (403, "too-many-groups")


def test_key_for_a_group_sees_it_and_changes_none(alice):
    mine, other = groups.create(alice, name="mine"), groups.create(alice, name="other")
    program = Program(keys.create(alice, label="site", permission="manage", group=mine)[1])

    assert [each["name"] for each in program.get("/groups").json()["results"]] == ["mine"]
    assert problem(program.get(f"/groups/{other.pk}")) == (404, "not-found")
    assert problem(program.post("/groups", {"name": "x"})) == (403, "beyond-authority")
    assert problem(program.patch(f"/groups/{mine.pk}", {"name": "x"})) == (403, "beyond-authority")
    assert problem(program.delete(f"/groups/{mine.pk}")) == (403, "beyond-authority")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_group_of_another_does_not_exist(stranger, alice, method):
    group = groups.create(alice, name="sites")

    assert problem(stranger.send(method, f"/groups/{group.pk}", {"name": "x"})) == (404, "not-found")
    assert Group.objects.get().name == "sites"
