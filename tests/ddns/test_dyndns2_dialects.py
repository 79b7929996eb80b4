"""dyndns2 as Dynu, ChangeIP, No-IP, HP, Hurricane Electric, DDNSS, ipv64 and nsupdate.info speak it, and dyndns1."""

import hashlib

import pytest

from ddns import challenges, groups, hostnames, keys, scopes
from ddns.models import AddressUpdate
from ddns.models.keys import Permission
from tests.ddns.devices import SOURCE, Device, stored

ADDRESS, ADDRESS_6 = "203.0.113.5", "2001:db8::5"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def ask(device):
    """The body of an answer with status 200."""

    def ask(path: str = "/nic/update", **parameters: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        response = device.get(f"{path}?{query}")
        assert response.status_code == 200
        return response.content.decode()

    return ask


class TestDynu:
    @pytest.mark.parametrize(
        ("sent", "expected"),
        [
            ({"myip": ADDRESS, "myipv6": "no"}, (ADDRESS, None)),
            ({"myip": "no", "myipv6": ADDRESS_6}, (None, ADDRESS_6)),
            ({"myip": ADDRESS, "myipv6": ADDRESS_6}, (ADDRESS, ADDRESS_6)),
            ({"myipv6": "no"}, (SOURCE, None)),
            ({}, (SOURCE, None)),
        ],
    )
    def test_an_alias_is_the_label_in_the_zone_and_no_leaves_a_family_alone(self, ask, home, sent, expected):
        assert ask(hostname="ddns.test", alias="home", **sent).startswith("good ")
        assert stored(home) == expected

    def test_no_for_the_family_of_the_source_changes_nothing(self, ask, home):
        assert ask(hostname="home.ddns.test", myip="no") == "nochg\n"
        assert stored(home) == (None, None)

    @pytest.mark.parametrize("alias", ["", "nobody", "a.b", "*", "%00", "x" * 300])
    def test_an_alias_that_names_nothing_is_refused(self, ask, home, alias):
        assert ask(hostname="ddns.test", alias=alias, myip=ADDRESS) in ("nohost\n", "notfqdn\n")
        assert stored(home) == (None, None)

    @pytest.mark.parametrize("algorithm", ["md5", "sha256"])
    @pytest.mark.parametrize("spelling", [str.lower, str.upper])
    def test_the_password_may_be_a_hash_of_the_key(self, device, home, key, algorithm, spelling):
        hashed = spelling(hashlib.new(algorithm, key.encode()).hexdigest())
        url = f"/nic/update?hostname=home.ddns.test&myip={ADDRESS}&username=alice&password={hashed}"

        assert Device().get(url).content == f"good {ADDRESS}\n".encode()
        device.key = hashed
        assert device.update(hostname="home.ddns.test", myip=ADDRESS).content == f"nochg {ADDRESS}\n".encode()

    def test_a_hash_of_another_key_is_refused_and_counted(self, device, settings):
        settings.WRONG_KEYS_PER_PREFIX = 1
        device.key = hashlib.md5(b"wrong").hexdigest()

        assert device.update(hostname="home.ddns.test").status_code == 401
        assert device.update(hostname="home.ddns.test").status_code == 503

    def test_a_location_is_a_group(self, ask, alice, home, office):
        groups.assign(groups.create(alice, name="lab"), [office])

        assert ask(location="lab", myip=ADDRESS) == f"good {ADDRESS}\n"
        assert (stored(home), stored(office)) == ((None, None), (ADDRESS, None))


class TestGroups:
    @pytest.fixture(autouse=True)
    def lab(self, alice, home, office):
        group = groups.create(alice, name="Lab 1")
        groups.assign(group, [home, office])
        return group

    @pytest.mark.parametrize("sent", [{"group": "lab%201"}, {"group": "Lab+1"}, {"hostname": "LAB%201"}])
    def test_one_line_answers_for_all_of_a_group(self, ask, home, office, sent):
        assert ask(myip=ADDRESS, **sent) == f"good {ADDRESS}\n"
        assert ask(myip=ADDRESS, **sent) == f"nochg {ADDRESS}\n"
        assert stored(home) == stored(office) == (ADDRESS, None)

    def test_a_group_may_stand_before_the_user_name(self, device, ask, home, office):
        device.user = "Lab 1:alice@example.com"

        assert ask(myip=ADDRESS) == f"good {ADDRESS}\n"
        assert stored(home) == stored(office) == (ADDRESS, None)

    def test_a_full_hostname_counts_more_than_a_group(self, device, ask, home, office):
        device.user = "Lab 1:alice@example.com"

        ask(hostname="home.ddns.test", group="Lab%201", myip=ADDRESS)
        assert (stored(home), stored(office)) == ((ADDRESS, None), (None, None))

    def test_no_device_stops_because_of_one_hostname(self, ask, home):
        hostnames.suspend(home)

        assert ask(group="lab+1", myip=ADDRESS) == f"good {ADDRESS}\n"
        assert ask(group="lab+1", myip=ADDRESS) == f"nochg {ADDRESS}\n"

    def test_a_group_that_is_suspended_as_a_whole_is_abuse(self, ask, home, office):
        hostnames.suspend(home)
        hostnames.suspend(office)

        assert ask(group="lab+1", myip=ADDRESS) == "abuse\n"

    def test_what_is_no_address_is_one_line(self, ask, home):
        assert ask(group="lab+1", myip="nonsense") == "dnserr\n"
        assert stored(home) == (None, None)

    def test_a_group_that_is_too_large_is_refused_as_a_whole(self, ask, home, office, monkeypatch):
        monkeypatch.setattr(scopes, "MAX_HOSTNAMES", 1)

        assert ask(group="lab+1", myip=ADDRESS) == "numhost\n"
        assert stored(home) == stored(office) == (None, None)

    def test_a_key_updates_what_it_covers_of_a_group(self, alice, device, ask, home, office):
        device.key = keys.create(alice, label="one", hostnames=[office])[1]

        assert ask(group="lab+1", myip=ADDRESS) == f"good {ADDRESS}\n"
        assert (stored(home), stored(office)) == ((None, None), (ADDRESS, None))

    def test_all_is_what_the_key_covers(self, alice, device, ask, home, office, lab):
        device.key = keys.create(alice, label="lab", group=lab)[1]
        groups.assign(None, [home])

        assert ask(hostname="all.ddnskey.com", myip=ADDRESS) == f"good {ADDRESS}\n"
        assert (stored(home), stored(office)) == ((None, None), (ADDRESS, None))

    def test_a_stranger_updates_no_group(self, bob, device, ask, home):
        device.key = keys.create(bob, label="x")[1]

        assert ask(group="lab+1", myip=ADDRESS) == ask(group="nonsense", myip=ADDRESS) == "notfqdn\n"
        assert ask(hostname="all.ddnskey.com", myip=ADDRESS) == "notfqdn\n"
        assert stored(home) == (None, None)

    @pytest.mark.parametrize("name", ["%00", "x" * 5000, "%0a", "*", "%", "nonsense", "%F0%9F%92%A9"])
    def test_what_is_no_group_is_notfqdn(self, ask, home, name):
        for parameter in ("group", "location", "hostname"):
            assert ask(myip=ADDRESS, **{parameter: name}) == "notfqdn\n"
        assert stored(home) == (None, None)

    def test_a_wrong_key_is_badauth(self, device):
        device.key = "wrong"

        for query in ("group=lab+1", "hostname=all.ddnskey.com", "hostname=lab"):
            assert device.get(f"/nic/update?{query}").status_code == 401


class TestChangeIP:
    SUCCESS = "200 Successful Update\n"

    def test_a_change_and_no_change_are_successes(self, ask, home):
        assert ask(cmd="update", hostname="home.ddns.test", ip=ADDRESS) == self.SUCCESS
        assert ask(cmd="update", hostname="home.ddns.test", ip=ADDRESS) == self.SUCCESS
        assert stored(home) == (ADDRESS, None)

    def test_credentials_may_be_short_parameters(self, home, key):
        url = f"/nic/update?u=alice&p={key}&cmd=update&hostname=home.ddns.test&myip={ADDRESS}"

        assert Device().get(url).content.decode() == self.SUCCESS
        assert Device().get(url.replace(key, "wrong")).status_code == 401

    def test_a_set_is_the_group_of_its_number(self, ask, alice, home, office):
        groups.assign(groups.create(alice, name="2"), [office])

        assert ask(cmd="update", hostname="*2", ip=ADDRESS) == self.SUCCESS
        assert (stored(home), stored(office)) == ((None, None), (ADDRESS, None))

    def test_offline_is_one(self, ask, home):
        ask(cmd="update", hostname="home.ddns.test", offline="1")

        home.refresh_from_db()
        assert home.offline

    @pytest.mark.parametrize(
        ("sent", "line"),
        [
            ({"hostname": "nobody.ddns.test"}, "422 nohost"),
            ({"hostname": "nonsense"}, "422 notfqdn"),
            ({"hostname": "home.ddns.test", "ip": "nonsense"}, "422 dnserr"),
            ({"hostname": ",".join(["home.ddns.test"] * 21)}, "422 numhost"),
        ],
    )
    def test_a_refusal_has_its_number_and_our_code(self, ask, sent, line):
        assert ask(cmd="update", **sent) == f"{line}\n"

    def test_a_list_is_a_success_if_one_hostname_is(self, ask):
        assert ask(cmd="update", hostname="nobody.ddns.test,home.ddns.test", ip=ADDRESS) == self.SUCCESS


class TestHurricaneElectric:
    @pytest.fixture
    def post(self, home, key):
        """The answer to a form, with the key in it."""

        def post(key: str = key, **fields: str) -> tuple[int, str]:
            body = "&".join(f"{name}={value}" for name, value in {"password": key, **fields}.items())
            response = Device().get("/nic/update", "POST", body.encode(), FORM)
            return response.status_code, response.content.decode()

        return post

    def test_an_address_is_posted_without_a_user_name(self, post, home):
        assert post(hostname="home.ddns.test", myip=ADDRESS) == (200, f"good {ADDRESS}\n")
        assert stored(home) == (ADDRESS, None)

    @pytest.mark.parametrize(
        "name", ["_acme-challenge.home.ddns.test", "home.ddns.test", "_ACME-Challenge.Home.ddns.test."]
    )
    def test_a_text_is_a_challenge(self, post, home, name):
        assert post(hostname=name, txt="one") == (200, "good\n")
        assert post(hostname=name, txt="one") == (200, 'nochg "one"\n')
        assert post(hostname=name, txt="two") == (200, "good\n")
        assert (challenges.values(home), stored(home)) == (["one", "two"], (None, None))

    @pytest.mark.parametrize("nothing", [".", "", "%20"])
    def test_nothing_withdraws_them(self, post, home, nothing):
        post(hostname="home.ddns.test", txt="one")

        assert post(hostname="home.ddns.test", txt=nothing) == (200, "good\n")
        assert challenges.values(home) == []

    def test_a_text_beside_an_address_is_ignored(self, post, home):
        assert post(hostname="home.ddns.test", myip=ADDRESS, txt="one") == (200, f"good {ADDRESS}\n")
        assert challenges.values(home) == []

    def test_what_is_no_challenge_is_dnserr(self, post, home):
        assert post(hostname="home.ddns.test", txt="%00") == (200, "dnserr\n")
        assert post(hostname="home.ddns.test", txt="x" * 256) == (200, "dnserr\n")

    def test_a_stranger_sets_no_text(self, post, bob, home):
        _, key = keys.create(bob, label="x")

        assert post(key, hostname="home.ddns.test", txt="one") == (200, "nohost\n")
        assert post("wrong", hostname="home.ddns.test", txt="one") == (401, "badauth\n")
        assert post("wrong", hostname="home.ddns.test", txt="%00") == (401, "badauth\n")
        assert challenges.values(home) == []

    def test_a_key_for_addresses_sets_no_text(self, post, alice, home):
        _, key = keys.create(alice, label="router", permission=Permission.UPDATE)

        assert post(key, hostname="home.ddns.test", txt="one") == (401, "badauth\n")
        assert challenges.values(home) == []

    def test_a_suspended_hostname_is_abuse(self, post, home):
        hostnames.suspend(home)

        assert post(hostname="home.ddns.test", txt="one") == (200, "abuse\n")


@pytest.mark.parametrize(
    "url",
    [
        "/upd.php?key={}&host=home.ddns.test&ip=203.0.113.5",
        "/nic/update?key={}&domain=home.ddns.test&ip4=203.0.113.5",
        "/nic/update?token={}&host=home.ddns.test&ipv4=203.0.113.5",
        "/update?token={}&domain=home.ddns.test&myip=203.0.113.5",
    ],
)
def test_ddnss_and_ipv64_name_parameters_in_their_own_ways(home, key, url):
    assert Device().get(url.format(key)).content == f"good {ADDRESS}\n".encode()
    assert Device().get(url.format("wrong")).status_code == 401
    assert stored(home) == (ADDRESS, None)


class TestDyndns1:
    QUERY = "action=edit&started=1&hostname=YES&host_id=home.ddns.test&myip="

    @pytest.mark.parametrize("path", ["/nic/dyndns", "/nic/statdns"])
    def test_a_page_has_a_title_and_two_codes(self, device, home, path):
        response = device.get(f"{path}?{self.QUERY}{ADDRESS}")

        lines = response.content.decode().splitlines()
        assert (response.status_code, response["Content-Type"]) == (200, "text/html")
        assert "<TITLE>Update Complete</TITLE>" in lines[0]
        assert lines[1:3] == ["return code: NOERROR", "error code: NOERROR"]
        assert AddressUpdate.objects.get(hostname=home).protocol == "dyndns1"

    def test_refusals_have_codes_of_their_own(self, device, home):
        assert b"error code: DNSERR\n" in device.get(f"/nic/dyndns?{self.QUERY}nonsense").content
        assert b"error code: NOHOST\n" in device.get(f"/nic/dyndns?host_id=nobody.ddns.test&myip={ADDRESS}").content
        hostnames.suspend(home)
        assert b"error code: ABUSE\n" in device.get(f"/nic/dyndns?{self.QUERY}{ADDRESS}").content

    def test_a_wrong_key_and_none_are_challenged(self, device):
        for key in ("wrong", ""):
            device.key = key
            response = device.get(f"/nic/dyndns?{self.QUERY}{ADDRESS}")
            assert response.status_code == 401
            assert response["WWW-Authenticate"] == 'Basic realm="DDNS"'
            assert b"error code: BADAUTH\n" in response.content

    def test_a_stranger_changes_nothing(self, bob, device, home):
        device.key = keys.create(bob, label="x")[1]

        assert b"error code: NOHOST\n" in device.get(f"/nic/dyndns?{self.QUERY}{ADDRESS}").content
        assert stored(home) == (None, None)


class TestDelete:
    @pytest.fixture(autouse=True)
    def _addresses(self, device):
        device.update(hostname="home.ddns.test", myip=f"{ADDRESS},{ADDRESS_6}")

    @pytest.mark.parametrize(
        ("query", "source", "line", "left"),
        [
            ("", SOURCE, "deleted A", (None, ADDRESS_6)),
            ("", "2001:db8::99", "deleted AAAA", (ADDRESS, None)),
            ("myip=198.51.100.77", "2001:db8::99", "deleted A", (None, ADDRESS_6)),
            ("myip=::", SOURCE, "deleted AAAA", (ADDRESS, None)),
            ("myip=0.0.0.0,::", SOURCE, "deleted A,AAAA", (None, None)),
            ("hostname=home.ddns.test", SOURCE, "deleted A", (None, ADDRESS_6)),
        ],
    )
    def test_the_address_of_a_family_is_withdrawn(self, device, home, query, source, line, left):
        device.user, device.source = "home.ddns.test", source

        assert device.get(f"/nic/delete?{query}").content.decode() == f"{line}\n"
        assert device.get(f"/nic/delete?{query}").content.decode() == f"{line}\n"
        assert stored(home) == left

    @pytest.mark.parametrize(
        ("query", "body"),
        [("hostname=nobody.ddns.test", "nohost\n"), ("hostname=x", "notfqdn\n"), ("myip=x", "dnserr\n")],
    )
    def test_what_cannot_be_done_is_refused_as_by_dyndns2(self, device, home, query, body):
        assert device.get(f"/nic/delete?{query}").content.decode() == body
        assert stored(home) == (ADDRESS, ADDRESS_6)

    def test_a_stranger_deletes_nothing(self, bob, device, home):
        for key, status in ((keys.create(bob, label="x")[1], 200), ("wrong", 401), ("", 401)):
            device.key = key
            assert device.get("/nic/delete?hostname=home.ddns.test").status_code == status
        assert stored(home) == (ADDRESS, ADDRESS_6)

    def test_a_suspended_hostname_keeps_what_is_stored(self, device, home):
        hostnames.suspend(home)

        assert device.get("/nic/delete?hostname=home.ddns.test").content == b"abuse\n"
        assert stored(home) == (ADDRESS, ADDRESS_6)
