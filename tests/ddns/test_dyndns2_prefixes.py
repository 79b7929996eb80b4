"""dyndns2: a prefix beside the addresses or alone moves what follows; byte for byte what routers send."""

import pytest

from ddns import groups, hostnames, keys, prefixes, requests, setup
from ddns.models import Hostname
from tests.ddns.devices import SOURCE, Device, having, stored

FRITZBOX = "Fritz!Box DDNS/1.0.1"
MOVED = ("203.0.113.5", "2001:db8:2:33::5")
UNMOVED = ("203.0.113.5", "2001:db8:1:33::5")


@pytest.mark.parametrize(
    ("sent", "said", "home_has"),
    [
        # address and prefix in parameters of their own
        ("hostname=home.ddns.test&myip=203.0.113.7&ipv6prefix=2001:db8:2::/56",
         "good 203.0.113.7", ("203.0.113.7", None)),
        ("hostname=home.ddns.test&myip=203.0.113.7&myipv6=2001:db8:2::7&ip6lanprefix=2001:db8:2::/56",
         "good 203.0.113.7,2001:db8:2::7", ("203.0.113.7", "2001:db8:2::7")),
        # in one list, as users of the FRITZ!Box write it: <ip6addr>,<ip6lanprefix>
        ("hostname=home.ddns.test&myip=2001:db8:2::7,2001:db8:2::/56",
         "good 2001:db8:2::7", (None, "2001:db8:2::7")),
        ("hostname=home.ddns.test&myip=203.0.113.7,2001:db8:2::7,2001:db8:2::/56",
         "good 203.0.113.7,2001:db8:2::7", ("203.0.113.7", "2001:db8:2::7")),
        ("hostname=home.ddns.test&myip=203.0.113.7&myipv6=2001%3Adb8%3A2%3A%3A%2F56",
         "good 203.0.113.7", ("203.0.113.7", None)),
        # alone, with the hostname that shall not be touched, or without
        ("hostname=home.ddns.test&ipv6prefix=2001:db8:2::/56", "good 2001:db8:2::/56", (None, None)),
        ("hostname=home.ddns.test&myip=2001:db8:2::/56", "good 2001:db8:2::/56", (None, None)),
        ("ipv6prefix=2001:DB8:2::/56", "good 2001:DB8:2::/56", (None, None)),
        ("hostname=&myip=&ip6lanprefix=2001:db8:2::/56", "good 2001:db8:2::/56", (None, None)),
        # bits behind its length do not count where nothing but a prefix can be meant
        ("ipv6prefix=2001:db8:2:0:1:2:3:4/56", "good 2001:db8:2:0:1:2:3:4/56", (None, None)),
        # a parameter for prefixes wins over one for addresses; the last usable one counts
        ("myip=2001:db8:9::/56&ipv6prefix=2001:db8:2::/56", "good 2001:db8:2::/56", (None, None)),
        ("ipv6prefix=2001:db8:9::/56&ipv6prefix=2001:db8:2::/56&ipv6prefix=", "good 2001:db8:2::/56", (None, None)),
        # leftovers in other parameters
        ("hostname=home.ddns.test&myip=<ipaddr>&myipv6=<ip6addr>&ipv6prefix=2001:db8:2::/56",
         "good 2001:db8:2::/56", (None, None)),
    ],
)  # fmt: skip
def test_a_prefix_moves_what_follows(device, home, nas, sent, said, home_has):
    response = device.get(f"/nic/update?{sent}")

    assert (response.status_code, response.content.decode()) == (200, f"{said}\n")
    assert (stored(nas), stored(home)) == (MOVED, home_has)


@pytest.mark.parametrize(
    "sent",
    [
        "ipv6prefix=", "ip6lanprefix=<ip6lanprefix>", "ip6lanprefix=%3Cip6lanprefix%3E", "ipv6prefix=auto",
        "ipv6prefix=__IPV6PREFIX__", "ipv6prefix=::/0", "ip6lanprefix=::/64", "myipv6=::/0",
    ],
)  # fmt: skip
def test_a_prefix_that_was_not_filled_in_moves_nothing(device, home, nas, sent):
    response = device.get(f"/nic/update?hostname=home.ddns.test&myip=203.0.113.7&{sent}")

    assert response.content == b"good 203.0.113.7\n"
    assert stored(nas) == UNMOVED


@pytest.mark.parametrize(
    "sent",
    [
        "ipv6prefix=garbage", "ipv6prefix=2001:db8:2::", "ipv6prefix=2001:db8::/31", "ipv6prefix=2001:db8:2::/80",
        "ipv6prefix=203.0.113.0/24", "myipv6=2001:db8:2::/80", "myip=2001:db8:1::/56,2001:db8:2::/56",
    ],
)  # fmt: skip
def test_what_is_no_prefix_is_dnserr_and_changes_nothing(device, home, nas, sent, monkeypatch):
    monkeypatch.setattr(requests, "_by_name", {})

    response = device.get(f"/nic/update?hostname=home.ddns.test&ip=203.0.113.7&{sent}")

    assert (response.status_code, response.content) == (200, b"dnserr\n")
    assert (stored(home), stored(nas)) == ((None, None), UNMOVED)
    assert requests._by_name["home.ddns.test"][-1].what[3] == "dnserr"


def test_a_private_prefix_is_dnserr(device, home, nas, settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    assert device.get("/nic/update?ipv6prefix=fd00:1::/56").content == b"dnserr\n"
    assert stored(nas) == UNMOVED


def test_the_same_prefix_again_is_nochg(device, home, nas):
    for expected in (b"good", b"nochg", b"nochg"):
        alone = device.get("/nic/update?ipv6prefix=2001:db8:2::/56")
        assert alone.content == expected + b" 2001:db8:2::/56\n"


def test_unchanged_addresses_with_a_new_prefix_are_good(device, home, nas):
    sent = "/nic/update?hostname=home.ddns.test&myip=203.0.113.7&ipv6prefix="

    answers = [device.get(sent + each).content for each in ("2001:db8:2::/56", "2001:db8:3::/56", "2001:db8:3::/56")]

    assert answers == [b"good 203.0.113.7\n", b"good 203.0.113.7\n", b"nochg 203.0.113.7\n"]


def test_each_hostname_that_is_named_has_its_line(device, home, office, nas):
    hostnames.suspend(office)
    names = "home.ddns.test,office.ddns.test,bob.ddns.test,x"

    response = device.get(f"/nic/update?hostname={names}&myip=203.0.113.7&ipv6prefix=2001:db8:2::/56")

    assert response.content == b"good 203.0.113.7\nabuse\nnohost\nnotfqdn\n"
    assert stored(nas) == MOVED


def test_a_prefix_alone_that_nothing_follows_is_nohost(device, home):
    """Nobody would find out otherwise."""
    assert device.get("/nic/update?ipv6prefix=2001:db8:2::/56").content == b"nohost\n"


def test_a_prefix_alone_whose_only_follower_is_suspended_is_abuse(device, home, nas):
    hostnames.suspend(nas)

    assert device.get("/nic/update?ipv6prefix=2001:db8:2::/56").content == b"abuse\n"


def test_a_hostname_that_is_offline_is_not_brought_back_by_a_prefix(device, home, nas):
    hostnames.configure(home, offline=True)

    device.get("/nic/update?hostname=home.ddns.test&ipv6prefix=2001:db8:2::/56")

    assert Hostname.objects.get(pk=home.pk).offline


def test_a_group_may_be_named(device, home, alice, nas, camera):
    groups.assign(groups.create(alice, name="flat"), [camera])

    assert device.get("/nic/update?group=flat&ipv6prefix=2001:db8:2::/56").content == b"good 2001:db8:2::/56\n"
    assert (stored(nas), stored(camera)[1]) == (UNMOVED, "2001:db8:2:1:200:5eff:fe00:532a")


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ("x", "location=flat&"),
        ("x", "hostname=Flat&"),
        ("flat:alice@example.com", ""),
        ("flat:alice@example.com", "myip=203.0.113.9&"),
        ("x", "group=flat&myip=203.0.113.9&"),
    ],
)
def test_a_group_may_be_named_in_every_way_that_groups_are(device, home, alice, nas, camera, user, sent):
    groups.assign(groups.create(alice, name="flat"), [camera])
    device.user = user

    response = device.get(f"/nic/update?{sent}ipv6prefix=2001:db8:2::/56")

    assert response.content in (b"good 2001:db8:2::/56\n", b"good 203.0.113.9\n")
    assert (stored(nas), stored(camera)[1]) == (UNMOVED, "2001:db8:2:1:200:5eff:fe00:532a")


def test_all_that_the_key_covers_has_a_name_too(device, home, nas, camera):
    assert device.get("/nic/update?hostname=all.ddnskey.com&myip=2001:db8:2::/56").content == b"good 2001:db8:2::/56\n"
    assert (stored(nas), stored(camera)[1]) == (MOVED, "2001:db8:2:1:200:5eff:fe00:532a")


@pytest.mark.parametrize("hostname", ["", "hostname=home.ddns.test&"])
def test_a_group_that_there_is_not_is_nohost(device, home, nas, hostname):
    response = device.get(f"/nic/update?{hostname}group=flat&ipv6prefix=2001:db8:2::/56")

    assert response.content == b"nohost\n"
    assert stored(nas) == UNMOVED


@pytest.mark.parametrize("name", ["%00", "a%00b", "x" * 200])
@pytest.mark.parametrize("sent", ["group={}", "location={}", "hostname={}"])
def test_what_is_no_name_of_a_group_is_refused_and_no_outage(device, home, nas, sent, name):
    answer = device.get(f"/nic/update?ipv6prefix=2001:db8:2::/56&{sent.format(name)}")

    assert answer.status_code == 200
    assert answer.content in (b"nohost\n", b"notfqdn\n")
    nas.refresh_from_db()
    assert nas.ipv6 == "2001:db8:1:33::5"


def test_a_group_without_a_prefix_is_ignored_as_ever(device, home):
    """HPE's routers send one."""
    assert device.get("/nic/update?group=x&hostname=home.ddns.test&myip=203.0.113.7").content == b"good 203.0.113.7\n"


# Strangers.


@pytest.mark.parametrize("sent", ["", "hostname=home.ddns.test&", "hostname=nas.ddns.test&myip=203.0.113.66&"])
def test_bobs_router_moves_nothing_of_alices(home, nas, bob, sent):
    bobs = Device("bob@example.com", keys.create(bob, label="router")[1])

    assert bobs.get(f"/nic/update?{sent}ipv6prefix=2001:db8:2::/56").content == b"nohost\n"
    assert (stored(nas), stored(home)) == (UNMOVED, (None, None))


def test_a_wrong_key_is_challenged(nas):
    response = Device("x", "wrong").get("/nic/update?ipv6prefix=2001:db8:2::/56")

    assert (response.status_code, response.content) == (401, b"badauth\n")


def test_a_key_for_one_hostname_moves_that_alone(nas, camera, alice):
    one = Device("x", keys.create(alice, label="nas", hostnames=[nas])[1])

    assert one.get("/nic/update?ipv6prefix=2001:db8:2::/56").content == b"good 2001:db8:2::/56\n"
    assert (stored(nas), stored(camera)) == (MOVED, (None, None))


# What a FRITZ!Box sends, for the update URLs that its users write.


@pytest.fixture
def fritzbox(device, home) -> Device:
    device.agent = FRITZBOX
    return device


@pytest.mark.parametrize(
    "target",
    [
        # <domain>, <ipaddr>, <ip6addr>, <ip6lanprefix>, nothing escaped
        "/nic/update?hostname=home.ddns.test&myip=203.0.113.7&myipv6=2001:db8:2::7&ipv6prefix=2001:db8:2::/56",
        "/nic/update?hostname=home.ddns.test&myip=203.0.113.7,2001:db8:2::7,2001:db8:2::/56",
        # two URLs in one field that an old firmware takes for one
        "/nic/update%20http:/ddns.example/nic/update?hostname=home.ddns.test&myip=203.0.113.7&myipv6=2001:db8:2::7"
        "&ipv6prefix=2001:db8:2::/56",
        "/nic/update?hostname=home.ddns.test&ipv6prefix=2001:db8:2::/56&myip=203.0.113.7%20"
        "https://ddns.example/nic/update?hostname=home.ddns.test&myipv6=2001:db8:2::7",
        "/nic/update?hostname=home.ddns.test&myip=203.0.113.7&ipv6prefix=2001:db8:2::/56%20"
        "https://ddns.example/nic/update?hostname=home.ddns.test&myipv6=2001:db8:2::7",
    ],
)
def test_a_fritzbox_tells_addresses_and_prefix_at_once(fritzbox, home, nas, target):
    response = fritzbox.get(target)

    assert response.content == b"good 203.0.113.7,2001:db8:2::7\n"
    assert stored(home) == ("203.0.113.7", "2001:db8:2::7"), "what the box will look up in four minutes"
    assert stored(nas) == MOVED


def test_the_set_up_page_prints_an_update_url_that_moves_what_follows(fritzbox, home, nas):
    values = {"hostname": home.name, "key": fritzbox.key}
    printed = setup.render(setup.find("fritzbox-prefix"), server="https://ddns.example", **values)
    _, _, url = printed.strip().partition("https://ddns.example")
    filled_in = {"<domain>": home.name, "<ipaddr>": "203.0.113.7", "<ip6addr>": "2001:db8:2::7"}
    for placeholder, value in (filled_in | {"<ip6lanprefix>": "2001:db8:2::/56"}).items():
        url = url.replace(placeholder, value)

    assert fritzbox.get(url).content == b"good 203.0.113.7,2001:db8:2::7\n"
    assert stored(nas) == MOVED


def test_a_fritzbox_that_follows_by_mistake_finds_its_own_address_all_the_same(fritzbox, home, nas):
    prefixes.follow(having(home, "2001:db8:1::7"))

    for _ in range(3):
        fritzbox.update(hostname="home.ddns.test", myipv6="2001:db8:ffff::7", ipv6prefix="2001:db8:2::/56")

    assert stored(home)[1] == "2001:db8:ffff::7"


def test_a_fritzbox_without_ipv6_sends_the_rest(fritzbox, home, nas):
    for leftover in ("myipv6=&ipv6prefix=", "myipv6=<ip6addr>&ipv6prefix=<ip6lanprefix>"):
        response = fritzbox.get(f"/nic/update?hostname=home.ddns.test&myip=203.0.113.7&{leftover}")
        assert response.content in (b"good 203.0.113.7\n", b"nochg 203.0.113.7\n")
    assert (stored(home), stored(nas)) == (("203.0.113.7", None), UNMOVED)


def test_two_requests_one_for_each_family_both_pass(fritzbox, home, nas):
    """Two URLs in the field, with a blank between them: the box sends both, at once."""
    first = fritzbox.get("/nic/update?hostname=home.ddns.test&myip=203.0.113.7")
    second = fritzbox.get("/nic/update?hostname=home.ddns.test&myip=2001:db8:2::7,2001:db8:2::/56")

    assert (first.content, second.content) == (b"good 203.0.113.7\n", b"good 2001:db8:2::7\n")
    assert (stored(home), stored(nas)) == (("203.0.113.7", "2001:db8:2::7"), MOVED)


def test_openwrt_sends_its_prefix_in_full(device, home, nas):
    prefix = "2001:0db8:0002:0000:0000:0000:0000:0000/56"

    assert device.get(f"/nic/update?ipv6prefix={prefix}").content == f"good {prefix}\n".encode()
    assert stored(nas) == MOVED


def test_an_address_with_its_length_is_an_address_and_moves_nothing(device, home, nas):
    """nsupdate.info's reading; at dynv6's address it is a prefix as well (test_dynv6.py)."""
    device.update(hostname="home.ddns.test", myip="2001:db8:2::7/64")

    assert (stored(home), stored(nas)) == ((None, "2001:db8:2::7"), UNMOVED)


def test_the_source_address_is_not_meant_where_a_prefix_was_sent(device, home, nas):
    device.get("/nic/update?hostname=home.ddns.test&ipv6prefix=2001:db8:2::/56")

    assert SOURCE not in stored(home)
