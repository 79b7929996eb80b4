"""Bulk by REST: results and errors by position; each by itself, or all or none."""

import pytest

from ddns import groups, hostnames
from ddns.models import Hostname
from tests.ddns.devices import stored
from tests.ddns.rest.programs import problem

BULK = "/bulk/hostnames"
WANTED = [
    {"name": "one.ddns.test", "ipv4": "203.0.113.1"},
    {"name": "bob.ddns.test"},
    {"nme": "x"},
    {"name": "two.ddns.test"},
]


def outcomes(response) -> list[tuple[int, str]]:
    """Status by position, and the name or the kind of problem."""
    results = response.json()["results"]
    assert [result["position"] for result in results] == list(range(len(results)))
    return [
        (each["status"], each["hostname"]["name"] if each["hostname"] else each["problem"]["type"].rpartition("/")[2])
        for each in results
    ]


def test_each_registration_stands_for_itself(program, foreign, alice):
    response = program.post(BULK, WANTED)

    assert response.status_code == 200
    assert outcomes(response) == [
        (201, "one.ddns.test"), (409, "name-unavailable"), (400, "invalid"), (201, "two.ddns.test"),
    ]  # fmt: skip
    assert {each.name for each in Hostname.objects.held_by(alice)} == {"one.ddns.test", "two.ddns.test"}


@pytest.mark.parametrize("wanted", [WANTED, [WANTED[0], WANTED[1], WANTED[3]], [WANTED[0], WANTED[0]]])
def test_nothing_is_registered_where_not_everything_can_be(program, foreign, alice, wanted):
    response = program.post(f"{BULK}?all_or_none=true", wanted)

    assert problem(response) == (409, "not-together")
    assert {error["position"] for error in response.json()["errors"]} <= {1, 2}
    assert not Hostname.objects.held_by(alice).exists()


def test_everything_is_registered_where_everything_can_be(program, domain):
    response = program.post(f"{BULK}?all_or_none=true", [WANTED[3], WANTED[0]])

    assert outcomes(response) == [(201, "two.ddns.test"), (201, "one.ddns.test")]


def test_each_change_stands_for_itself(program, home, office, foreign, alice, domain):
    held = hostnames.register(alice, domain=domain, label="held")
    hostnames.hold(held)
    names = ["OFFICE.ddns.test", "bob.ddns.test", "held.ddns.test", "-", "home.ddns.test"]
    response = program.patch(BULK, [{"name": name, "ipv4": "203.0.113.5"} for name in names])

    assert outcomes(response) == [
        (200, "office.ddns.test"), (404, "not-found"), (409, "restricted"), (404, "not-found"), (200, "home.ddns.test"),
    ]  # fmt: skip
    assert stored(office) == stored(home) == ("203.0.113.5", None)
    assert stored(foreign) == (None, None)


def test_nothing_is_changed_where_not_everything_can_be(program, home, office, foreign):
    changes = [{"name": each.name, "ipv4": "203.0.113.5"} for each in (home, foreign, office)]
    response = program.patch(f"{BULK}?all_or_none=true", changes)

    assert problem(response) == (409, "not-together")
    assert [error["position"] for error in response.json()["errors"]] == [1]
    assert stored(home) == stored(office) == (None, None)


def test_key_for_one_hostname_changes_that_one_alone(helper, home, office, alice):
    changes = [{"name": each.name, "ipv4": "203.0.113.5"} for each in (home, office)]
    assert outcomes(helper.patch(BULK, changes)) == [(200, "home.ddns.test"), (404, "not-found")]
    group = groups.create(alice, name="sites")

    assert problem(helper.post(BULK, WANTED)) == (403, "beyond-authority")
    assert problem(helper.patch(BULK, [{"name": home.name, "group": None}])) == (403, "beyond-authority")
    assert outcomes(helper.patch(BULK, [{"name": home.name, "group": group.pk}])) == [(400, "invalid")]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("body", [{}, "x", 1, b"null", [{}] * 101])
def test_what_is_no_list_or_too_long_is_refused(program, method, body):
    assert problem(program.send(method, BULK, body)) == (400, "invalid")


def test_empty_list_has_no_results(program):
    assert program.post(BULK, []).json() == {"results": []}


def test_query_must_say_yes_or_no(program):
    assert problem(program.post(f"{BULK}?all_or_none=maybe", [])) == (400, "invalid")


def test_hostnames_are_found_by_one_query(program, alice, domain, home, django_assert_max_num_queries):
    held = [hostnames.register(alice, domain=domain, label=f"host{number}") for number in range(10)]
    per_hostname = 5  # a savepoint and its end, the publications' ids, their lock, the row

    with django_assert_max_num_queries(3 + len(held) * per_hostname):
        program.patch(BULK, [{"name": each.name, "offline": False} for each in held])
