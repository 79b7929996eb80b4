"""Hostnames by REST: seen and changed by whoever holds them, in one step, and known by their ETag."""

import pytest

from ddns import contacts, groups, hostnames, keys, requests
from ddns.models import AddressUpdate, Hostname
from ddns.models.hostnames import State
from tests.ddns.devices import answered, stored
from tests.ddns.rest.programs import SOURCE, Program, fields, problem
from tests.ddns.test_races import Together

HOME = "/hostnames/home.ddns.test"


def test_list_shows_what_the_account_holds_and_nothing_else(program, home, office, foreign):
    response = program.get("/hostnames")

    assert [each["name"] for each in response.json()["results"]] == ["home.ddns.test", "office.ddns.test"]


def test_hostname_says_what_it_is(program, home):
    Hostname.objects.filter(pk=home.pk).update(ipv4="203.0.113.7", ttl=300)
    shown = program.get(HOME).json()

    assert {
        name: shown[name] for name in ("name", "domain", "state", "ipv4", "ipv6", "ttl", "answered_ttl", "group")
    } == {
        "name": "home.ddns.test",
        "domain": "ddns.test",
        "state": "live",
        "ipv4": "203.0.113.7",
        "ipv6": None,
        "ttl": 300,
        "answered_ttl": 300,
        "group": None,
    }


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_hostname_of_another_looks_exactly_like_one_that_does_not_exist(stranger, home, method):
    for place in ("", "/status", "/history", "/requests", "/records", "/records/1", "/rrsets/@/TXT"):
        hers, nobodys = (
            stranger.send(method, f"/hostnames/{label}.ddns.test{place}", {}) for label in ("home", "nobody")
        )
        assert hers.status_code in (404, 405)
        assert hers.content == nobodys.content
    assert Hostname.objects.get(pk=home.pk).state == State.LIVE


def test_key_for_one_hostname_sees_and_changes_that_one_alone(helper, home, office):
    assert [each["name"] for each in helper.get("/hostnames").json()["results"]] == ["home.ddns.test"]
    assert helper.patch(HOME, {"ipv4": "203.0.113.5"}).status_code == 200
    assert problem(helper.get("/hostnames/office.ddns.test")) == (404, "not-found")
    assert problem(helper.patch("/hostnames/office.ddns.test", {"ipv4": "203.0.113.5"})) == (404, "not-found")
    assert stored(office) == (None, None)


def test_key_for_a_group_sees_what_is_in_it_now(alice, home, office):
    group = groups.create(alice, name="sites")
    groups.assign(group, [home])
    program = Program(keys.create(alice, label="site", permission="manage", group=group)[1])
    assert program.get(HOME).status_code == 200
    assert program.get("/hostnames/office.ddns.test").status_code == 404

    groups.assign(None, [home])
    assert program.get(HOME).status_code == 404


def test_registration_takes_a_whole_name_with_addresses_and_options(program, domain, alice):
    wanted = {"name": "New.ddns.test.", "ipv4": "203.0.113.5", "ipv6": "2001:DB8::5", "wildcard": True, "ttl": 120}
    response = program.post("/hostnames", wanted)

    assert response.status_code == 201
    assert response["Location"].endswith("/api/v1/hostnames/new.ddns.test")
    hostname = Hostname.objects.held_by(alice).get()
    assert answered(hostname) == {"A": ["203.0.113.5"], "AAAA": ["2001:db8::5"]}
    assert response.json()["wildcard"] is True
    assert response.json()["answered_ttl"] == 120
    assert response.json()["dns"] is None


def test_name_in_unicode_is_the_same_as_in_a_labels(program, domain):
    assert program.post("/hostnames", {"name": "müller.ddns.test"}).json()["name"] == "xn--mller-kva.ddns.test"

    for spelling in ("müller.ddns.test", "xn--mller-kva.ddns.test", "MÜLLER.ddns.test"):
        assert program.get(f"/hostnames/{spelling}").json()["unicode_name"] == "müller.ddns.test"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("bob.ddns.test", (409, "name-unavailable")),
        ("www.ddns.test", (409, "name-unavailable")),
        ("new.elsewhere.test", (409, "name-unavailable")),
        ("a.b.ddns.test", (409, "name-unavailable")),
        ("ddns.test", (409, "name-unavailable")),
        ("-.ddns.test", (400, "invalid-name")),
        ("a b.ddns.test", (400, "invalid-name")),
    ],
)
def test_name_that_cannot_be_registered_is_said_why(program, foreign, name, answer):
    response = program.post("/hostnames", {"name": name})

    assert problem(response) == answer
    assert fields(response) == ["name"]


def test_registration_leaves_nothing_where_its_options_cannot_be(program, domain, settings):
    settings.PLANS = {"free": {"hostnames": 5, "has_wildcard": False}}

    assert problem(program.post("/hostnames", {"name": "new.ddns.test", "wildcard": True})) == (403, "not-in-plan")
    assert not Hostname.objects.exists()


def test_account_that_has_all_its_hostnames_is_told(program, home, settings):
    settings.PLANS = {"free": {"hostnames": 1}}

    assert problem(program.post("/hostnames", {"name": "new.ddns.test"})) == (403, "too-many-hostnames")


def test_registering_needs_a_key_for_the_whole_account(helper):
    assert problem(helper.post("/hostnames", {"name": "new.ddns.test"})) == (403, "beyond-authority")


def test_addresses_are_set_and_taken_away_and_remembered(program, home, alice):
    assert program.patch(HOME, {"ipv4": "203.0.113.5", "ipv6": "2001:db8::5"}).status_code == 200
    assert program.patch(HOME, {"ipv6": None}).json()["ipv4"] == "203.0.113.5"

    assert stored(home) == ("203.0.113.5", None)
    assert answered(home) == {"A": ["203.0.113.5"]}
    update = AddressUpdate.objects.first()
    assert (update.old_ipv6, update.new_ipv6, update.source, update.protocol) == ("2001:db8::5", None, SOURCE, "rest")
    assert update.key == alice.update_keys.get()


def test_change_that_changes_nothing_writes_nothing(program, home):
    program.patch(HOME, {"ipv4": "203.0.113.5"})
    home.publication.refresh_from_db()
    revision = home.publication.revision

    assert program.patch(HOME, {"ipv4": "203.0.113.5", "offline": False}).status_code == 200
    home.publication.refresh_from_db()
    assert home.publication.revision == revision
    assert AddressUpdate.objects.count() == 1


def test_change_stands_among_the_hostnames_requests_and_contacts(program, home, django_capture_on_commit_callbacks):
    # What tests before this one noted of a hostname of this name.
    requests._by_name.clear()
    with django_capture_on_commit_callbacks(execute=True):
        program.patch(HOME, {"ipv4": "203.0.113.5"}, User_Agent="Script/1")
    requests.flush()
    contacts.flush()

    (request,) = program.get(f"{HOME}/requests").json()["results"]
    assert (request["code"], request["agent"], request["detail"]) == ("good", "Script/1", "203.0.113.5")
    assert request["explanation"] == "The address was changed."
    assert program.get("/hostnames").json()["results"][0]["contact"]["agent"] == "Script/1"
    status = program.get(f"{HOME}/status").json()
    assert (status["contact"]["protocol"], status["is_published"], status["refusal"]) == ("rest", False, "")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ipv4": "2001:db8::5"}, "ipv4"),
        ({"ipv6": "203.0.113.5"}, "ipv6"),
        ({"ipv6": "::ffff:203.0.113.5"}, "ipv6"),
        ({"ipv4": "203.0.113.5/24"}, "ipv4"),
        ({"ipv6": "fe80::1%eth0"}, "ipv6"),
        ({"ipv4": 3405803781}, "ipv4"),
        ({"wildcard": "true"}, "wildcard"),
        ({"wildcard": 1}, "wildcard"),
        ({"offline": None}, "offline"),
        ({"ttl": "60"}, "ttl"),
        ({"ttl": True}, "ttl"),
        ({"ttl": 60.5}, "ttl"),
        ({"ttl": 10**400}, "ttl"),
        ({"ttl": -1}, "ttl"),
        ({"group": 10**30}, "group"),
        ({"group": "1"}, "group"),
        ({"tll": 60}, "tll"),
        ({"follows_prefix": "yes"}, "follows_prefix"),
        ([], ""),
        ("x", ""),
        (b"null", ""),
    ],
)
def test_what_is_not_meant_so_is_refused_by_field(program, home, body, field):
    response = program.patch(HOME, body)

    assert problem(response) == (400, "invalid")
    assert fields(response) == [field]
    assert stored(home) == (None, None)


def test_ttl_is_kept_within_the_domains_bounds(program, home):
    assert problem(program.patch(HOME, {"ttl": 1})) == (400, "invalid-record")


def test_address_that_the_internet_does_not_route_is_refused(program, home, settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    assert problem(program.patch(HOME, {"ipv4": "192.168.1.1"})) == (400, "invalid-address")


@pytest.mark.parametrize("restrict", [hostnames.suspend, hostnames.hold])
def test_restricted_hostname_is_seen_and_not_changed(program, home, restrict):
    restrict(home)

    assert program.get(HOME).json()["state"] in ("suspended", "held")
    assert problem(program.patch(HOME, {"ipv4": "203.0.113.5"})) == (409, "restricted")
    assert problem(program.delete(HOME)) == (409, "restricted")


def test_group_of_another_is_none(program, home, bob):
    group = groups.create(bob, name="his")
    response = program.patch(HOME, {"group": group.pk})

    assert problem(response) == (400, "invalid")
    assert fields(response) == ["group"]


def test_hostname_is_put_into_a_group_by_a_key_for_the_whole_account_alone(program, helper, home, alice):
    group = groups.create(alice, name="sites")
    assert problem(helper.patch(HOME, {"group": None})) == (403, "beyond-authority")
    home.publication.refresh_from_db()
    revision = home.publication.revision

    assert program.patch(HOME, {"group": group.pk}).json()["group"] == group.pk
    home.publication.refresh_from_db()
    assert home.publication.revision == revision
    assert program.patch(HOME, {"group": None}).json()["group"] is None


def test_release_gives_the_hostname_up(program, home):
    response = program.delete(HOME)

    assert (response.status_code, response.content) == (204, b"")
    assert Hostname.objects.get(pk=home.pk).state == State.RELEASED
    assert problem(program.get(HOME)) == (404, "not-found")


def test_etag_names_the_state_that_was_read(program, home):
    etag = program.get(HOME)["ETag"]
    assert program.get(HOME)["ETag"] == etag

    same = program.get(HOME, If_None_Match=etag)
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", etag)
    changed = program.patch(HOME, {"ipv4": "203.0.113.5"})["ETag"]
    assert changed != etag
    assert program.get(HOME)["ETag"] == changed
    assert program.get(HOME, If_None_Match=etag).status_code == 200
    assert program.get(HOME, If_None_Match=f'"other", W/{changed}').status_code == 304
    assert program.get(HOME, If_None_Match="*").status_code == 304


@pytest.mark.parametrize("body", [{"ttl": 60}, {"wildcard": True}, {"offline": True}, {"ipv6": "2001:db8::1"}])
def test_every_change_changes_the_etag(program, home, body):
    etag = program.get(HOME)["ETag"]

    assert program.patch(HOME, body)["ETag"] != etag


def test_hostname_that_has_changed_is_not_changed_again(program, home):
    etag = program.get(HOME)["ETag"]
    program.patch(HOME, {"ipv4": "203.0.113.5"})

    assert problem(program.patch(HOME, {"ipv4": "203.0.113.6"}, If_Match=etag)) == (412, "changed-meanwhile")
    assert problem(program.delete(HOME, If_Match=etag)) == (412, "changed-meanwhile")
    assert stored(home) == ("203.0.113.5", None)
    assert program.patch(HOME, {"ipv4": "203.0.113.6"}, If_Match="*").status_code == 200
    assert program.patch(HOME, {"ipv4": "203.0.113.7"}, If_Match=program.get(HOME)["ETag"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_who_read_the_same_one_changes_it(alice, home):
    program = Program(keys.create(alice, label="program", permission="manage")[1])
    etag = program.get(HOME)["ETag"]
    with Together(
        lambda: program.patch(HOME, {"ipv4": "203.0.113.1"}, If_Match=etag),
        lambda: program.patch(HOME, {"ipv4": "203.0.113.2"}, If_Match=etag),
    ) as together:
        pass

    assert sorted(response.status_code for response in together.results) == [200, 412]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=offline", ["office"]),
        ("state=suspended", ["shed"]),
        ("state=live", ["home"]),
        ("name=OFF", ["office"]),
        ("domain=ddns.test", ["home", "office", "shed"]),
        ("domain=other.test", []),
        ("changed_since=2000-01-01T00:00:00Z", ["home"]),
        ("changed_since=2999-01-01T00:00:00Z", []),
        ("ordering=-name", ["shed", "office", "home"]),
        ("ordering=-created_at&limit=1", ["shed"]),
        ("group=999999", []),
    ],
)
def test_list_is_filtered_and_ordered(program, home, office, alice, domain, query, names):
    shed = hostnames.register(alice, domain=domain, label="shed")
    hostnames.suspend(shed)
    hostnames.configure(office, offline=True)
    program.patch(HOME, {"ipv4": "203.0.113.5"})

    found = program.get(f"/hostnames?{query}").json()["results"]
    assert [each["name"].partition(".")[0] for each in found] == names


def test_list_is_filtered_by_group(program, home, office, alice):
    group = groups.create(alice, name="sites")
    groups.assign(group, [office])

    (found,) = program.get(f"/hostnames?group={group.pk}").json()["results"]
    assert found["name"] == "office.ddns.test"


@pytest.mark.parametrize(
    "query",
    [
        *("state=asleep", "state=", "domain=", "changed_since=", "changed_since=yesterday", "group=x", "group=1e99"),
        *("ordering=ipv4", "ordering=account__password", "limit=0", "limit=201", "limit=x", "limit=%C2%B2"),
        *("cursor=x", "cursor=%00", "name=%00"),
    ],
)
def test_filter_that_means_nothing_is_refused(program, query):
    response = program.get(f"/hostnames?{query}")

    assert problem(response) == (400, "invalid")
    assert fields(response) == [query.partition("=")[0]]


def test_list_takes_as_many_queries_for_many_hostnames_as_for_one(
    program, alice, domain, home, django_assert_max_num_queries
):
    for number in range(19):
        hostnames.register(alice, domain=domain, label=f"host{number}")

    with django_assert_max_num_queries(2):
        assert len(program.get("/hostnames").json()["results"]) == 20
