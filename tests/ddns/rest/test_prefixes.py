"""Following an IPv6 prefix by REST: set with everything else of a hostname, and moved by the router."""

from ipaddress import IPv6Network

import pytest

from ddns import prefixes
from ddns.models import Hostname
from dnsupdate.models import Publication
from tests.ddns.devices import caller
from tests.ddns.rest.programs import fields, problem

HOME = "/hostnames/home.ddns.test"


@pytest.mark.parametrize(
    ("sent", "interface_id"),
    [("::5", "::5"), ("00:00:5e:00:53:2a", "::200:5eff:fe00:532a"), ("fe80::7", "::7"), (None, None)],
)
def test_hostname_follows_with_its_own_part_of_the_address(program, home, sent, interface_id):
    response = program.patch(HOME, {"follows_prefix": True, "interface_id": sent})

    assert (response.status_code, response.json()["follows_prefix"]) == (200, True)
    assert response.json()["interface_id"] == interface_id
    assert program.get(HOME).json()["interface_id"] == interface_id


def test_what_follows_by_rest_moves_with_the_next_prefix(program, home, key):
    program.patch(HOME, {"follows_prefix": True, "interface_id": "::5"})

    prefixes.move(caller(key), IPv6Network("2001:db8:2::/56"))

    assert program.get(HOME).json()["ipv6"] == "2001:db8:2::5"


def test_what_is_not_given_stays(program, home):
    program.patch(HOME, {"follows_prefix": True, "interface_id": "::5"})

    assert program.patch(HOME, {"offline": True}).json()["interface_id"] == "::5"
    assert program.patch(HOME, {"follows_prefix": True}).json()["interface_id"] == "::5"
    assert program.patch(HOME, {"interface_id": "::6"}).json()["interface_id"] == "::6"
    assert program.patch(HOME, {"interface_id": None}).json()["follows_prefix"] is True


def test_hostname_that_follows_no_more_keeps_its_address_and_has_no_interface_id(program, home):
    program.patch(HOME, {"follows_prefix": True, "interface_id": "::5", "ipv6": "2001:db8:1::5"})

    left = program.patch(HOME, {"follows_prefix": False}).json()

    assert (left["follows_prefix"], left["interface_id"], left["ipv6"]) == (False, None, "2001:db8:1::5")


@pytest.mark.parametrize("body", [{"interface_id": "::5"}, {"follows_prefix": False, "interface_id": "::5"}])
def test_interface_id_is_for_what_follows(program, home, body):
    response = program.patch(HOME, {**body, "offline": True})

    assert problem(response) == (400, "follows-no-prefix")
    assert fields(response) == ["interface_id"]
    assert not Hostname.objects.get(pk=home.pk).offline


@pytest.mark.parametrize(
    "interface_id", ["", "x", 5, [], "2001:db8::5", "::1:0:0:0:0", "192.0.2.1", "01:00:5e:00:53:2a"]
)
def test_what_is_no_interface_id_is_refused(program, home, interface_id):
    response = program.patch(HOME, {"follows_prefix": True, "interface_id": interface_id})

    assert problem(response) == (400, "invalid")
    assert fields(response) == ["interface_id"]
    assert not Hostname.objects.get(pk=home.pk).follows_prefix


def test_following_is_another_version_and_nothing_for_dns(program, home):
    version, revision = program.get(HOME)["ETag"], Publication.objects.get(name=home.name).revision

    followed = program.patch(HOME, {"follows_prefix": True}, If_Match=version)

    assert followed["ETag"] != version
    assert problem(program.patch(HOME, {"follows_prefix": False}, If_Match=version)) == (412, "changed-meanwhile")
    assert Publication.objects.get(name=home.name).revision == revision


def test_registered_and_changed_in_bulk_it_follows_too(program, domain):
    made = program.post("/bulk/hostnames", [{"name": "nas.ddns.test", "follows_prefix": True, "interface_id": "::7"}])
    changed = program.patch("/bulk/hostnames", [{"name": "nas.ddns.test", "interface_id": "::8"}])

    assert made.json()["results"][0]["hostname"]["interface_id"] == "::7"
    assert changed.json()["results"][0]["hostname"]["interface_id"] == "::8"


def test_key_for_the_hostname_lets_it_follow_and_strangers_do_not(helper, stranger, monitor, home, office):
    body = {"follows_prefix": True}

    assert helper.patch(HOME, body).status_code == 200
    assert problem(helper.patch("/hostnames/office.ddns.test", body)) == (404, "not-found")
    assert problem(stranger.patch(HOME, body)) == (404, "not-found")
    assert problem(monitor.patch(HOME, body)) == (403, "beyond-authority")
