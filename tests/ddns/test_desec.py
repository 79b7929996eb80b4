"""deSEC: the update of update.dedyn.io, request and answer."""

from urllib.parse import quote

import pytest

from ddns import hostnames, keys, records, requests, setup
from ddns.models import AddressUpdate, Hostname, Record, Restriction
from ddns.protocols import desec, duckdns, dyndns2
from tests.ddns.devices import SOURCE, Device, answered, having, stored

SOURCE6 = "2001:db8:5:6::9"
# What home.ddns.test has before: an address of its own of each family, and a further one of each.
BEFORE = {"A": ["203.0.113.1", "203.0.113.2"], "AAAA": ["2001:db8:1::1", "2001:db8:1::2"]}


@pytest.fixture
def client(home, key) -> Device:
    """Alice's, at update.ddns.example."""
    having(home, "2001:db8:1::1", ipv4="203.0.113.1")
    records.add(home, rdtype="A", rdata="203.0.113.2")
    records.add(home, rdtype="AAAA", rdata="2001:db8:1::2")
    return Device("home.ddns.test", key, headers={"HTTP_HOST": "update.ddns.example"})


A, AAAA = BEFORE["A"], BEFORE["AAAA"]

# The query, and what DNS shall answer then; the request comes by IPv4.
TABLE = [
    # without parameters: the source's family is set, the other one deleted
    ("", {"A": [SOURCE]}),
    ("myip=203.0.113.5", {"A": ["203.0.113.5"]}),
    ("myipv6=2001:db8::5", {"A": [SOURCE], "AAAA": ["2001:db8::5"]}),
    ("myip=203.0.113.5&myipv6=2001:db8::5", {"A": ["203.0.113.5"], "AAAA": ["2001:db8::5"]}),
    ("myip=2001:db8::5", {"A": [SOURCE], "AAAA": ["2001:db8::5"]}),
    ("myip=203.0.113.5,2001:db8::5", {"A": ["203.0.113.5"], "AAAA": ["2001:db8::5"]}),
    # the order in which they are looked at, and what is not of the family passed over
    ("ip=203.0.113.7&myipv4=203.0.113.6&myip=203.0.113.5", {"A": ["203.0.113.5"]}),
    ("myip=invalid&ip=203.0.113.5", {"A": ["203.0.113.5"]}),
    ("ip=2001:db8::7&ipv6=2001:db8::6", {"A": [SOURCE], "AAAA": ["2001:db8::6"]}),
    ("myip=<ipaddr>&myipv6=<ip6addr>", {"A": [SOURCE]}),
    # several records of a family
    ("myip=203.0.113.5, 2001:db8::5 ,203.0.113.6,203.0.113.5",
     {"A": ["203.0.113.5", "203.0.113.6"], "AAAA": ["2001:db8::5"]}),
    # preserve, in deSEC's spelling and in the one that a FRITZ!Box makes of it
    ("myip=203.0.113.5&myipv6=preserve", {"A": ["203.0.113.5"], "AAAA": AAAA}),
    ("myipv4=preserve&myipv6=2001:db8::5", {"A": A, "AAAA": ["2001:db8::5"]}),
    ("myipv4=<preserve>&myipv6=2001:db8::5", {"A": A, "AAAA": ["2001:db8::5"]}),
    ("myip=preserve&myipv6=preserve", BEFORE),
    ("myip=preserve", BEFORE),
    # empty deletes
    ("myip=203.0.113.5&myipv6=", {"A": ["203.0.113.5"]}),
    ("myipv4=&myipv6=2001:db8::5", {"AAAA": ["2001:db8::5"]}),
    ("myip=&myipv6=", {}),
    ("ip=&ipv6=2001:db8::5", {"AAAA": ["2001:db8::5"]}),
    # a network takes the place of the network part of what is there
    ("myip=preserve&myipv6=2001:db8:2::/64", {"A": A, "AAAA": ["2001:db8:2::1", "2001:db8:2::2"]}),
    ("myip=preserve&myipv6=2001:db8:2:3:4:5:6:7/64", {"A": A, "AAAA": ["2001:db8:2:3::1", "2001:db8:2:3::2"]}),
    ("myip=198.51.100.0/24&myipv6=preserve", {"A": ["198.51.100.1", "198.51.100.2"], "AAAA": AAAA}),
    ("myip=198.51.100.64/26,2001:db8:2::/48", {"A": ["198.51.100.65", "198.51.100.66"],
     "AAAA": ["2001:db8:2::1", "2001:db8:2::2"]}),
    # a hostname's own parameter wins over those for all
    ("myip=203.0.113.5&myipv6=preserve&myipv4:home.ddns.test=203.0.113.8", {"A": ["203.0.113.8"], "AAAA": AAAA}),
    ("myip=203.0.113.5&myipv6=preserve&myipv4:home.ddns.test=203.0.113.8&myipv4:home.ddns.test=203.0.113.9",
     {"A": ["203.0.113.8", "203.0.113.9"], "AAAA": AAAA}),
    # from deSEC's own tests
    ("/https:/update.dedyn.io/home.ddns.test", {"A": [SOURCE]}),
    ("/&myipv4=%3Cpreserve%3E&myipv6=2001:db8:2::/64&:8:a:5:8b61", {"A": A, "AAAA": ["2001:db8:2::1", "2001:db8:2::2"]}),
    ("action=edit&started=1&hostname=YES&host_id=home.ddns.test&myip=203.0.113.5", {"A": ["203.0.113.5"]}),
    ("system=dyndns&hostname=home.ddns.test&myip=203.0.113.5", {"A": ["203.0.113.5"]}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "left"), TABLE)
def test_a_request_is_good_and_sets_deletes_or_keeps_each_family(client, home, query, left):
    response = client.get("/?" + quote(query, safe="=&,:/%"))

    assert (response.status_code, response.content) == (200, b"good")
    assert answered(home) == left


@pytest.mark.parametrize(("query", "left"), TABLE)
def test_the_same_again_is_good_and_writes_nothing(client, home, query, left):
    url = "/?" + quote(query, safe="=&,:/%")
    client.get(url)
    home.publication.refresh_from_db()
    revision, history = home.publication.revision, AddressUpdate.objects.count()

    assert client.get(url).content == b"good"
    home.publication.refresh_from_db()
    assert (home.publication.revision, AddressUpdate.objects.count()) == (revision, history)


def test_a_source_of_ipv6_deletes_ipv4(client, home):
    client.source = SOURCE6

    client.get("/")

    assert answered(home) == {"AAAA": [SOURCE6]}


def test_a_network_moves_nothing_where_nothing_is(client, home, office):
    client.get("/?hostname=office.ddns.test&myip=preserve&myipv6=2001:db8:2::/64")

    assert stored(office) == (None, None)


REFUSED = [
    ("myip=203.0.113.5,", "inconsistent-parameter"),
    ("myip=,203.0.113.5,203.0.113.6", "inconsistent-parameter"),
    ("myip=203.0.113.5,preserve", "inconsistent-parameter"),
    ("myip=203.0.113.0/24,203.0.113.5", "multiple-subnet"),
    ("myip=203.0.113.0/33", "invalid-subnet"),
    ("myipv6=2001:db8::/129", "invalid-subnet"),
    ("myip=203.0.113.256", "malformed"),
    ("myip=203.0.113.5asdf", "malformed"),
    ("myipv6=2001:db8:::5", "malformed"),
    ("myipv6=fe80::1%25eth0", "malformed"),
    ("hostname=home.ddns.test,other.example.test&myip=203.0.113.5", "cross-domain-update"),
    ("myipv4:other.example.test=203.0.113.5", "cross-domain-update"),
]


@pytest.mark.parametrize(("query", "code"), REFUSED)
def test_what_desec_refuses_with_400_is_dnserr_with_its_code(client, home, query, code, monkeypatch):
    monkeypatch.setattr(requests, "_by_name", {})

    response = client.get(f"/?{query}")

    assert (response.status_code, response.content.decode()) == (200, f"dnserr {code}")
    assert answered(home) == BEFORE
    assert requests._by_name["home.ddns.test"][-1].what[3] == "dnserr"


def test_an_address_that_is_not_routed_is_refused_and_one_that_is_kept_is_not(client, home, settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    for query in ("myip=192.168.1.1", "myip=preserve&myipv6=fd00::/64", "myip=192.168.0.0/16"):
        assert client.get(f"/?{query}").content == b"dnserr malformed"
    assert answered(home) == BEFORE
    assert client.get("/?myip=preserve&myipv6=preserve").content == b"good"


# Which hostname.


@pytest.mark.parametrize(
    ("user", "query"),
    [
        ("office.ddns.test", "hostname=home.ddns.test&host_id=office.ddns.test&"),
        ("office.ddns.test", "hostname=YES&host_id=home.ddns.test&"),
        ("office.ddns.test", "hostname=&host_id=HOME.ddns.test.&"),
        ("home.ddns.test", "username=office.ddns.test&"),
        ("home.ddns.test", "hostname=YES&"),
        ("alice@example.com", "username=home.ddns.test&"),
        ("router", "username=home.ddns.test&"),
    ],
)
def test_the_hostname_is_looked_for_in_desecs_order(client, home, office, user, query):
    client.user = user

    assert client.get(f"/?{query}myip=203.0.113.5").content == b"good"
    assert (stored(home)[0], stored(office)[0]) == ("203.0.113.5", None)


@pytest.mark.parametrize("user", ["", "alice@example.com", "router"])
def test_the_keys_only_hostname_is_meant_last(client, home, office, alice, user):
    client.user = user
    assert client.get("/?myip=203.0.113.5").content == b"notfqdn"

    client.key = keys.create(alice, label="home", hostnames=[home])[1]
    assert client.get("/?myip=203.0.113.5").content == b"good"


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token"])
def test_the_key_may_be_a_token(home, key, scheme):
    device = Device(headers={"HTTP_HOST": "update.ddns.example", "HTTP_AUTHORIZATION": f"{scheme} {key}"})

    assert device.get("/?hostname=home.ddns.test&myip=203.0.113.5").content == b"good"


def test_user_and_key_may_be_parameters(home, key):
    device = Device(headers={"HTTP_HOST": "update.ddns.example"})

    assert device.get(f"/?username=home.ddns.test&password={key}&myip=203.0.113.5").content == b"good"
    assert stored(home) == ("203.0.113.5", None)


# Several at once: all or none.


def test_a_list_is_updated_as_a_whole(client, home, office):
    assert client.get("/?hostname=home.ddns.test,office.ddns.test&myip=203.0.113.5").content == b"good"
    assert answered(home) == answered(office) == {"A": ["203.0.113.5"]}


def test_hostnames_may_have_values_of_their_own(client, home, office):
    client.get("/?hostname=home.ddns.test&myip=203.0.113.5&myipv6=preserve&myipv6:office.ddns.test=2001:db8::6")

    assert answered(home) == {"A": ["203.0.113.5"], "AAAA": AAAA}
    assert stored(office) == (None, "2001:db8::6")


def test_a_hostname_that_only_has_a_value_of_its_own_keeps_the_other_family(client, office):
    having(office, "2001:db8::7", ipv4="203.0.113.7")

    client.get("/?hostname=home.ddns.test&myipv6:office.ddns.test=2001:db8::6")

    assert stored(office) == ("203.0.113.7", "2001:db8::6")


def test_one_unknown_hostname_refuses_all(client, home, foreign):
    for other in ("bob.ddns.test", "nobody.ddns.test", "x"):
        response = client.get(f"/?hostname=home.ddns.test,{other}&myip=203.0.113.5")
        assert (response.status_code, response.content) == (200, b"nohost")
    assert (answered(home), stored(foreign)) == (BEFORE, (None, None))


@pytest.mark.parametrize("restrict", [hostnames.suspend, hostnames.hold])
def test_one_restricted_hostname_refuses_all(client, home, office, restrict, monkeypatch):
    monkeypatch.setattr(requests, "_by_name", {})
    restrict(office)

    assert client.get("/?hostname=home.ddns.test,office.ddns.test&myip=203.0.113.5").content == b"abuse"
    assert answered(home) == BEFORE
    assert requests._by_name["home.ddns.test"][-1].what[3:] == ("abuse", "office.ddns.test")


def test_one_option_beyond_the_plan_refuses_all(client, home, office, settings):
    settings.PLANS = {"free": {"has_wildcard": False}}

    assert client.get("/?hostname=office.ddns.test,*.home.ddns.test&myip=203.0.113.5").content == b"!donator"
    assert (answered(home), stored(office)) == (BEFORE, (None, None))


def test_more_records_than_the_plan_has_refuse_all(client, home, office, settings):
    settings.PLANS = {"free": {"records": 2}}
    several = ",".join(f"203.0.113.{number}" for number in range(10, 14))

    assert client.get(f"/?hostname=office.ddns.test,home.ddns.test&myip={several}").content == b"!donator"
    assert (answered(home), stored(office)) == (BEFORE, (None, None))
    assert Record.objects.count() == 2


def test_beyond_the_rate_of_changes_nothing_is_changed_and_each_hostname_shows_why(
    client, home, office, settings, monkeypatch
):
    monkeypatch.setattr(requests, "_by_name", {})
    settings.CHANGES_PER_KEY = 1

    response = client.get("/?hostname=home.ddns.test,office.ddns.test&myip=203.0.113.5")

    assert (response.status_code, response.content) == (503, b"911\n")
    assert (answered(home), stored(office)) == (BEFORE, (None, None))
    assert {noted[-1].what[3] for noted in requests._by_name.values()} == {"toomany"}


def test_twenty_hostnames_are_the_most(client):
    many = ",".join(f"h{number}.ddns.test" for number in range(21))

    assert client.get(f"/?hostname={many}").content == b"numhost"


def test_of_a_list_without_end_no_more_is_read_than_shows_that_it_is_too_long():
    many = ",".join(f"h{number}.ddns.test" for number in range(2000))

    assert len(desec.names({"hostname": [many]})) == 2 * dyndns2.MAX_HOSTNAMES + 1
    assert len(duckdns.names({"domains": [many]})) == dyndns2.MAX_HOSTNAMES + 1


def test_twenty_hostnames_may_be_sent_with_their_wildcards_and_twice(client, home):
    names = ["home.ddns.test", *(f"h{number}.ddns.test" for number in range(19))]
    both = [f"{wildcard}{name}" for name in names for wildcard in ("", "*.")]

    assert client.get(f"/?hostname={','.join([*both, *both])}").content == b"nohost"


def test_a_wildcards_name_switches_the_wildcard_on(client, home):
    assert client.get("/?hostname=*.home.ddns.test,home.ddns.test&myip=203.0.113.5").content == b"good"

    assert Hostname.objects.get(pk=home.pk).wildcard


def test_an_update_brings_a_hostname_back_that_was_offline(client, home):
    hostnames.configure(home, offline=True)

    client.get("/?myip=203.0.113.5")

    assert answered(home) == {"A": ["203.0.113.5"]}


def test_other_records_stay(client, home):
    records.add(home, rdtype="TXT", rdata="hello")

    client.get("/?myip=203.0.113.5,203.0.113.6")

    assert answered(home) == {"A": ["203.0.113.5", "203.0.113.6"], "TXT": ['"hello"']}


# Strangers.


def test_without_a_key_it_is_challenged(home):
    response = Device(headers={"HTTP_HOST": "update.ddns.example"}).get("/?hostname=home.ddns.test")

    assert (response.status_code, response.content) == (401, b"badauth\n")
    assert "WWW-Authenticate" in response.headers


def test_bobs_key_changes_nothing_of_alices(client, home, bob):
    client.key = keys.create(bob, label="x")[1]

    assert client.get("/?hostname=home.ddns.test&myip=203.0.113.66").content == b"nohost"
    assert client.get("/?myipv4:home.ddns.test=203.0.113.66").content == b"nohost"
    assert answered(home) == BEFORE


def test_a_key_for_certificates_is_challenged(client, home, alice):
    client.key = keys.create(alice, label="x", permission="txt")[1]

    assert client.get("/?myip=203.0.113.5").status_code == 401
    assert answered(home) == BEFORE


def test_a_wrong_key_hears_of_nothing_else(client):
    client.key = "wrong"

    for query in ("myip=garbage.", "hostname=x", "hostname=" + ",".join(f"h{n}.ddns.test" for n in range(21))):
        assert client.get(f"/?{query}").status_code == 401


def test_a_suspended_hostname_answers_abuse(client, home):
    hostnames.suspend(home)

    assert client.get("/?myip=203.0.113.5").content == b"abuse"
    assert Restriction.objects.get(hostname=home).kind == "suspended"


# Where it is.


@pytest.mark.parametrize("host", ["update.ddns.example", "update6.ddns.example", "update.ddns.example:8000"])
@pytest.mark.parametrize("path", ["/", "/update", "/nic/update", "/v3/update", "/anything/at/all", "//nic/update"])
def test_under_its_names_every_path_is_an_update(client, home, host, path):
    client.headers = {"HTTP_HOST": host}

    assert client.get(f"{path}?myip=203.0.113.5").content == b"good"
    assert answered(home) == {"A": ["203.0.113.5"]}, "the other family is deleted"


def test_it_has_a_path_of_its_own_under_every_name(client, home):
    client.headers = {}

    assert client.get("/desec/update?myip=203.0.113.5").content == b"good"
    assert answered(home) == {"A": ["203.0.113.5"]}


def test_under_other_names_an_update_is_dyndns2s_and_keeps_the_other_family(client, home):
    client.headers = {"HTTP_HOST": "updates.ddns.example"}

    assert client.get("/nic/update?hostname=home.ddns.test&myip=203.0.113.5").content == b"good 203.0.113.5\n"
    assert answered(home)["AAAA"] == AAAA


def test_under_its_names_checkip_is_still_checkip(client):
    assert client.get("/myip").content == f"{SOURCE}\n".encode()


def test_pictures_are_no_updates(client):
    assert client.get("/favicon.ico").status_code != 200


def test_a_site_that_is_called_so_itself_keeps_its_pages(client, settings):
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://update.ddns.example", ["update.ddns.example"]

    assert b"good" not in client.get("/").content
    assert client.get("/nic/update?hostname=home.ddns.test&myip=203.0.113.5").content == b"good 203.0.113.5\n"


def test_the_set_up_page_prints_a_request_that_is_good(client, home):
    printed = setup.render(setup.find("desec-url"), server="https://ddns.example", hostname=home.name, key=client.key)

    response = Device().get(printed.strip().removeprefix("https://ddns.example"))

    assert response.content == b"good"
    assert answered(home) == {"A": [SOURCE], "AAAA": AAAA}
