"""Keys by REST: their text is shown once, and no key makes one that can do more than itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ddns import groups, keys
from ddns.models import UpdateKey
from ddns.models.keys import Permission
from tests.ddns.devices import Device
from tests.ddns.rest.programs import Program, fields, problem

MANAGE = Permission.MANAGE


def test_key_is_made_with_a_text_that_is_shown_once(program, home):
    response = program.post("/keys", {"label": "router", "hostnames": ["HOME.ddns.test."]})

    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    made = response.json()
    assert (made["permission"], made["covers_account"], made["hostnames"]) == ("device", False, ["home.ddns.test"])
    assert Device("", made["key"]).update(hostname=home.name, myip="203.0.113.5").content == b"good 203.0.113.5\n"
    shown = program.get(f"/keys/{made['id']}")
    assert "key" not in shown.json()
    assert made["key"] not in shown.content.decode() + program.get("/keys").content.decode()


def test_key_is_made_with_all_that_keys_have(program, alice):
    group = groups.create(alice, name="sites")
    ends = timezone.now().replace(microsecond=0) + timedelta(days=1)
    wanted = {
        "label": "acme",
        "permission": "txt",
        "group": group.pk,
        "networks": ["192.0.2.7"],
        "expires_at": ends.isoformat(),
    }
    made = program.post("/keys", wanted).json()

    assert (made["permission"], made["group"], made["networks"]) == ("txt", group.pk, ["192.0.2.7/32"])
    key = UpdateKey.objects.get(pk=made["id"])
    assert (key.group, key.expires_at, key.covers_account) == (group, ends, False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "label"),
        ({"label": ""}, "label"),
        ({"label": "x" * 61}, "label"),
        ({"label": "x\u0000"}, None),
        ({"label": "x\ud800"}, None),
        ({"label": "x", "permission": "root"}, "permission"),
        ({"label": "x", "hostnames": []}, "hostnames"),
        ({"label": "x", "hostnames": ["bob.ddns.test"]}, "hostnames.0"),
        ({"label": "x", "hostnames": "home.ddns.test"}, "hostnames"),
        ({"label": "x", "expires_at": "2030-01-01"}, "expires_at"),
        ({"label": "x", "expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"label": "x", "expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
        ({"label": "x", "expires_at": 1893456000}, "expires_at"),
        ({"label": "x", "networks": [""]}, "networks.0"),
        ({"label": "x", "covers_account": True}, "covers_account"),
    ],
)
def test_what_is_no_key_is_refused(program, home, foreign, body, field):
    response = program.post("/keys", body)

    assert problem(response) == (400, "invalid")
    assert field is None or fields(response) == [field]
    assert UpdateKey.objects.filter(label="program").count() == UpdateKey.objects.count()


def test_key_is_for_hostnames_or_for_a_group(program, home, alice):
    group = groups.create(alice, name="sites")

    assert fields(program.post("/keys", {"label": "x", "group": group.pk, "hostnames": [home.name]})) == ["group"]


@pytest.mark.parametrize("networks", [["x"], ["192.0.2.0/33"]])
def test_what_is_no_network_is_refused(program, networks):
    response = program.post("/keys", {"label": "x", "networks": networks})

    assert problem(response) == (400, "invalid-network")
    assert fields(response) == ["networks"]


def test_key_is_renamed_and_revoked(program, alice):
    key, text = keys.create(alice, label="router", permission=Permission.READ)

    assert program.patch(f"/keys/{key.pk}", {"label": "attic"}).json()["label"] == "attic"
    assert program.delete(f"/keys/{key.pk}").status_code == 204
    assert problem(Program(text).get("/keys")) == (401, "wrong-key")
    assert problem(program.get(f"/keys/{key.pk}")) == (404, "not-found")


def test_rotated_key_works_beside_its_successor_for_a_while(program, alice):
    key, text = keys.create(alice, label="monitor", permission=Permission.READ)
    response = program.post(f"/keys/{key.pk}/rotate", {"overlap": 3600})

    assert response.status_code == 201
    assert Program(text).get("/keys").status_code == 200
    assert Program(response.json()["key"]).get("/keys").status_code == 200
    key.refresh_from_db()
    assert key.expires_at is not None


def test_rotation_without_overlap_ends_the_old_key(program, alice):
    key, text = keys.create(alice, label="monitor", permission=Permission.READ)
    program.post(f"/keys/{key.pk}/rotate", {"overlap": 0})

    assert problem(Program(text).get("/keys")) == (401, "wrong-key")


@pytest.mark.parametrize(("method", "place"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate")])
def test_key_of_another_does_not_exist(stranger, alice, method, place):
    key, _ = keys.create(alice, label="router")

    for number in (key.pk, "0", "-1", "x", "9" * 30, "%00", "²"):
        assert problem(stranger.send(method, f"/keys/{number}{place}", {"label": "x"})) == (404, "not-found")
    assert UpdateKey.objects.working().filter(pk=key.pk, label="router").exists()


def test_key_for_a_hostname_sees_only_keys_that_cover_no_more(helper, alice, home, office):
    keys.create(alice, label="account")
    keys.create(alice, label="home", hostnames=[home])
    keys.create(alice, label="office", hostnames=[office])
    keys.create(alice, label="both", hostnames=[home, office])
    keys.create(alice, label="group", group=groups.create(alice, name="sites"))
    keys.create(alice, label="nothing", hostnames=[])

    assert {key["label"] for key in helper.get("/keys").json()["results"]} == {"helper", "home"}


def test_key_for_a_group_sees_the_keys_of_the_group_and_of_its_hostnames(alice, home, office):
    group = groups.create(alice, name="sites")
    groups.assign(group, [home])
    program = Program(keys.create(alice, label="site", permission=MANAGE, group=group)[1])
    keys.create(alice, label="account")
    keys.create(alice, label="home", hostnames=[home])
    keys.create(alice, label="both", hostnames=[home, office])

    assert {key["label"] for key in program.get("/keys").json()["results"]} == {"site", "home"}


@pytest.mark.parametrize(
    "wanted", [{}, {"hostnames": ["office.ddns.test"]}, {"hostnames": ["home.ddns.test", "office.ddns.test"]}]
)
def test_key_for_a_hostname_makes_none_that_covers_more(helper, home, office, wanted):
    response = helper.post("/keys", {"label": "x", **wanted})

    assert problem(response)[1] in ("beyond-authority", "invalid")
    assert not UpdateKey.objects.filter(label="x").exists()


def test_key_for_a_hostname_makes_one_for_it(helper, home):
    assert (
        helper.post("/keys", {"label": "x", "hostnames": ["home.ddns.test"], "permission": "manage"}).status_code == 201
    )


@pytest.mark.parametrize("days", [None, 2])
def test_key_that_ends_makes_none_that_works_for_longer(alice, days):
    ends = timezone.now() + timedelta(days=1)
    program = Program(keys.create(alice, label="short", permission=MANAGE, expires_at=ends)[1])
    later = None if days is None else (timezone.now() + timedelta(days=days)).isoformat()

    assert problem(program.post("/keys", {"label": "x", "expires_at": later})) == (403, "beyond-authority")
    assert program.post("/keys", {"label": "x", "expires_at": ends.isoformat()}).status_code == 201


@pytest.mark.parametrize("networks", [[], ["192.0.0.0/16"], ["198.51.100.0/24", "192.0.2.0/24"], ["2001:db8::/32"]])
def test_key_for_a_network_makes_none_for_others(alice, networks):
    program = Program(keys.create(alice, label="net", permission=MANAGE, networks=["198.51.100.0/24"])[1])

    assert problem(program.post("/keys", {"label": "x", "networks": networks})) == (403, "beyond-authority")
    assert program.post("/keys", {"label": "x", "networks": ["198.51.100.9"]}).status_code == 201


def test_key_gets_no_hold_of_a_stronger_one_by_rotating_it(alice):
    stronger, text = keys.create(alice, label="strong", permission=MANAGE)
    program = Program(keys.create(alice, label="net", permission=MANAGE, networks=["198.51.100.0/24"])[1])

    assert problem(program.post(f"/keys/{stronger.pk}/rotate")) == (403, "beyond-authority")
    assert Program(text).get("/keys").status_code == 200


def test_key_rotates_itself(helper):
    (key,) = helper.get("/keys").json()["results"]
    text = helper.post(f"/keys/{key['id']}/rotate").json()["key"]

    assert Program(text).get("/hostnames").status_code == 200


def test_account_that_has_all_its_keys_is_told(program, settings):
    settings.PLANS = {"free": {"keys": 1}}

    assert problem(program.post("/keys", {"label": "x"})) == (403, "too-many-keys")


def test_list_takes_as_many_queries_for_many_keys_as_for_one(program, alice, home, django_assert_max_num_queries):
    for _ in range(10):
        keys.create(alice, label="router", hostnames=[home])

    with django_assert_max_num_queries(3):
        assert len(program.get("/keys").json()["results"]) == 11
