"""IPv6 prefixes: what follows moves, keeps its own part of the address, and nothing else moves."""

from ipaddress import IPv6Address, IPv6Network, ip_address

import pytest

from ddns import (
    address_updates,
    addresses,
    background,
    groups,
    hostnames,
    interface_ids,
    keys,
    prefixes,
    records,
    requests,
)
from ddns.address_updates import Changed, Restricted, Unchanged, Wish
from ddns.addresses import Addresses
from ddns.errors import (
    HostnameReleased,
    HostnameRestricted,
    InvalidInterfaceId,
    InvalidPrefix,
    KeyNotAllowed,
    NoSuchGroup,
    TooManyChanges,
    WrongKey,
)
from ddns.models import AddressUpdate, Hostname, HostnameContact
from ddns.models.keys import Permission
from dnsupdate.models import Publication
from tests.ddns.devices import SOURCE, answered, caller, having, stored

PREFIX, OTHER = IPv6Network("2001:db8:2::/56"), IPv6Network("2001:db8:3::/56")


def test_all_that_follows_moves_by_one_request(nas, camera, home, key):
    having(home, "2001:db8:1::7")

    moved = prefixes.move(caller(key), PREFIX)

    assert moved == [("camera.ddns.test", Changed()), ("nas.ddns.test", Changed())]
    assert stored(nas) == ("203.0.113.5", "2001:db8:2:33::5")
    assert stored(camera) == (None, "2001:db8:2:1:200:5eff:fe00:532a")
    assert stored(home) == (None, "2001:db8:1::7")
    assert answered(nas) == {"A": ["203.0.113.5"], "AAAA": ["2001:db8:2:33::5"]}


def test_a_move_is_in_the_history_like_every_update(nas, key):
    prefixes.move(caller(key, protocol="dynv6"), PREFIX)

    update = AddressUpdate.objects.get(hostname=nas)
    assert (update.old_ipv4, update.new_ipv4) == ("203.0.113.5", "203.0.113.5")
    assert (update.old_ipv6, update.new_ipv6) == ("2001:db8:1:33::5", "2001:db8:2:33::5")
    assert (update.source, update.agent, update.protocol) == (SOURCE, "Test/1.0", "dynv6")
    assert update.key.account == nas.account


def test_the_same_prefix_again_writes_nothing(nas, camera, key):
    prefixes.move(caller(key), PREFIX)
    before = list(Publication.objects.values_list("name", "revision"))

    assert prefixes.move(caller(key), PREFIX) == [("camera.ddns.test", Unchanged()), ("nas.ddns.test", Unchanged())]
    assert list(Publication.objects.values_list("name", "revision")) == before
    assert AddressUpdate.objects.count() == 2


def test_what_is_unchanged_stays_unwritten_where_another_moves(nas, camera, key):
    prefixes.move(caller(key), PREFIX)
    having(nas, "2001:db8:9:33::5")

    assert prefixes.move(caller(key), PREFIX) == [("camera.ddns.test", Unchanged()), ("nas.ddns.test", Changed())]
    assert AddressUpdate.objects.filter(hostname=camera).count() == 1


def test_a_move_is_a_request_about_each_hostname_and_so_its_last_contact(nas, camera, key, monkeypatch):
    monkeypatch.setattr(requests, "_by_name", {})
    hostnames.suspend(camera)
    for _ in range(2):
        prefixes.move(caller(key, protocol="dynv6"), PREFIX)
    requests.flush()

    newest, before = requests.recent(nas)
    assert (newest.code, before.code) == ("nochg", "good")
    assert newest.detail == before.detail == "2001:db8:2:33::5"
    assert [each.code for each in requests.recent(camera)] == ["abuse"]
    contact = HostnameContact.objects.get(hostname=nas)
    assert (contact.source, contact.agent, contact.protocol) == (SOURCE, "Test/1.0", "dynv6")


def test_a_hostname_that_the_request_names_is_left_alone(nas, camera, key):
    """A router looks its own name up, and complains for ever unless DNS has the address that it has."""
    assert prefixes.move(caller(key), PREFIX, but=["nas.ddns.test"]) == [("camera.ddns.test", Changed())]
    assert stored(nas) == ("203.0.113.5", "2001:db8:1:33::5")


def test_a_named_hostname_with_an_interface_id_moves(camera, key):
    assert prefixes.move(caller(key), PREFIX, but=["camera.ddns.test"]) == [("camera.ddns.test", Changed())]


def test_a_suspended_hostname_is_skipped_and_said_so(nas, camera, key):
    hostnames.suspend(nas)

    assert prefixes.move(caller(key), PREFIX) == [("camera.ddns.test", Changed()), ("nas.ddns.test", Restricted())]
    assert stored(nas) == ("203.0.113.5", "2001:db8:1:33::5")
    assert answered(nas) == {}
    assert not AddressUpdate.objects.filter(hostname=nas).exists()


def test_a_hold_keeps_what_it_answers(nas, key):
    hostnames.hold(nas)

    assert prefixes.move(caller(key), PREFIX) == [("nas.ddns.test", Restricted())]
    assert answered(nas) == {"A": ["203.0.113.5"], "AAAA": ["2001:db8:1:33::5"]}


def test_an_offline_hostname_moves_and_stays_offline(nas, key):
    """Nobody has said that the device is back."""
    hostnames.configure(nas, offline=True)

    assert prefixes.move(caller(key), PREFIX) == [("nas.ddns.test", Changed())]
    assert stored(nas) == ("203.0.113.5", "2001:db8:2:33::5")
    assert answered(nas) == {}


def test_wildcard_and_records_stay_as_they_are(nas, key):
    hostnames.configure(nas, wildcard=True)
    records.add(nas, rdtype="AAAA", rdata="2001:db8:f::1")
    records.add(nas, rdtype="TXT", rdata="hello")

    prefixes.move(caller(key), PREFIX)

    expected = ["2001:db8:2:33::5", "2001:db8:f::1"]
    assert answered(nas)["AAAA"] == expected
    assert answered(nas)["TXT"] == ['"hello"']
    wildcard = Publication.objects.get(name="*.nas.ddns.test")
    assert wildcard.rrsets["AAAA"]["rdata"] == expected


def test_a_released_hostname_does_not_move(nas, key):
    hostnames.release(nas)

    assert prefixes.move(caller(key), PREFIX) == []


@pytest.mark.parametrize("limit", ["CHANGES_PER_KEY", "CHANGES_PER_ACCOUNT", "CHANGES_PER_NETWORK"])
def test_a_move_is_one_change_however_many_follow(nas, camera, key, settings, limit):
    setattr(settings, limit, 2)
    # A routed address is the case: those for documentation are not counted.
    router = caller(key)._replace(source=ip_address("8.8.8.8"))
    prefixes.move(router, OTHER)
    prefixes.move(router, PREFIX)

    assert stored(camera)[1] == "2001:db8:2:1:200:5eff:fe00:532a"
    with pytest.raises(TooManyChanges):
        prefixes.move(router, OTHER)
    assert stored(nas)[1] == "2001:db8:2:33::5"


def test_beyond_the_rate_nothing_moves_and_the_key_shows_why(nas, camera, key, settings, monkeypatch):
    monkeypatch.setattr(requests, "_by_key", {})
    settings.CHANGES_PER_KEY = 1
    prefixes.move(caller(key), OTHER)

    with pytest.raises(TooManyChanges):
        prefixes.move(caller(key), PREFIX)

    assert (stored(camera)[1], stored(nas)[1]) == ("2001:db8:3:1:200:5eff:fe00:532a", "2001:db8:3:33::5")
    assert [noted.what[3] for noted in next(iter(requests._by_key.values()))] == ["toomany"]


def test_the_same_prefix_again_counts_as_nothing(nas, key, settings):
    settings.CHANGES_PER_KEY = settings.CHANGES_PER_HOSTNAME = 1
    for _ in range(3):
        prefixes.move(caller(key), PREFIX)

    assert AddressUpdate.objects.count() == 1


def test_a_hostname_that_changes_too_often_stays_behind_and_holds_up_no_other(nas, camera, key, settings):
    settings.CHANGES_PER_HOSTNAME = 1
    address_updates.update(caller(key), [camera.name], Wish(Addresses(ipv6=IPv6Address("2001:db8:9::1"))))

    with pytest.raises(TooManyChanges):
        prefixes.move(caller(key), PREFIX)

    assert (stored(camera)[1], stored(nas)[1]) == ("2001:db8:9::1", "2001:db8:2:33::5")
    background.flush()
    assert (requests.recent(camera)[0].code, requests.recent(nas)[0].code) == ("toomany", "good")


def test_what_has_no_host_part_yet_waits_for_its_first_address(office, key):
    prefixes.follow(office)

    assert prefixes.move(caller(key), PREFIX) == []


def test_hundreds_move_in_several_commits(alice, domain, key):
    publications = Publication.objects.bulk_create(
        Publication(zone=domain.zone, name=f"h{number}.ddns.test") for number in range(2 * prefixes.CHUNK + 1)
    )
    held = Hostname.objects.bulk_create(
        Hostname(
            account=alice,
            domain=domain,
            name=each.name,
            publication=each,
            follows_prefix=True,
            interface_id=str(IPv6Address(number + 1)),
        )
        for number, each in enumerate(publications)
    )

    moved = prefixes.move(caller(key), PREFIX)

    assert [name for name, _ in moved] == sorted(hostname.name for hostname in held)
    assert {outcome for _, outcome in moved} == {Changed()}
    assert stored(held[-1]) == (None, str(PREFIX[len(held)]))
    assert AddressUpdate.objects.count() == len(held)


# Strangers.


def test_bobs_key_never_moves_alices_hostnames(nas, bob):
    _, key = keys.create(bob, label="router")

    assert prefixes.move(caller(key), PREFIX) == []
    assert stored(nas) == ("203.0.113.5", "2001:db8:1:33::5")


def test_bobs_group_of_the_same_name_is_not_alices(nas, bob, alice):
    groups.assign(groups.create(alice, name="flat"), [nas])
    groups.create(bob, name="flat")
    _, key = keys.create(bob, label="router")

    assert prefixes.move(caller(key), PREFIX, group="flat") == []


def test_a_key_for_one_hostname_moves_that_alone(nas, camera, alice):
    _, key = keys.create(alice, label="nas", hostnames=[nas])

    assert prefixes.move(caller(key), PREFIX) == [("nas.ddns.test", Changed())]
    assert stored(camera) == (None, None)


def test_a_key_for_a_group_moves_the_group(nas, camera, alice):
    group = groups.create(alice, name="Flat")
    groups.assign(group, [camera])
    _, key = keys.create(alice, label="router", group=group)

    assert prefixes.move(caller(key), PREFIX) == [("camera.ddns.test", Changed())]
    assert stored(nas) == ("203.0.113.5", "2001:db8:1:33::5")


def test_a_group_may_be_named(nas, camera, key, alice):
    groups.assign(groups.create(alice, name="Flat"), [nas])

    assert prefixes.move(caller(key), PREFIX, group="flat") == [("nas.ddns.test", Changed())]


def test_a_key_for_one_hostname_moves_no_others_of_the_group_named(nas, camera, alice):
    groups.assign(groups.create(alice, name="flat"), [nas, camera])
    _, key = keys.create(alice, label="nas", hostnames=[nas])

    assert prefixes.move(caller(key), PREFIX, group="flat") == [("nas.ddns.test", Changed())]


def test_a_group_that_there_is_not_moves_nothing(nas, key):
    with pytest.raises(NoSuchGroup, match="There is no group of this name: flat"):
        prefixes.move(caller(key), PREFIX, group="flat")
    assert stored(nas) == ("203.0.113.5", "2001:db8:1:33::5")


@pytest.mark.parametrize("permission", [Permission.TXT, Permission.READ])
def test_a_key_that_may_not_update_addresses_moves_nothing(nas, alice, permission):
    _, key = keys.create(alice, label="x", permission=permission)

    with pytest.raises(KeyNotAllowed):
        prefixes.move(caller(key), PREFIX)


def test_a_key_may_be_used_from_its_networks_alone(nas, alice):
    _, key = keys.create(alice, label="x", networks=["192.0.2.0/24"])

    with pytest.raises(KeyNotAllowed):
        prefixes.move(caller(key), PREFIX)


def test_a_wrong_key_moves_nothing_and_learns_nothing_of_groups(nas):
    with pytest.raises(WrongKey):
        prefixes.move(caller("wrong"), PREFIX, group="flat")


# What a prefix may be.


@pytest.mark.parametrize(
    "prefix",
    ["::/0", "2000::/3", "2001:db8::/31", "2001:db8:1::/65", "2001:db8:1::/96", "2001:db8::5/128"],
)
def test_a_prefix_of_an_absurd_length_is_refused(nas, key, prefix):
    with pytest.raises(InvalidPrefix, match="length must be from 32 to 64"):
        prefixes.move(caller(key), IPv6Network(prefix))


@pytest.mark.parametrize("prefix", ["fd00:1::/48", "fe80::/64", "ff02::/64", "2001:db8::/56", "2002:a00::/32", "::/64"])
def test_a_prefix_that_the_internet_does_not_route_is_refused(nas, key, settings, prefix):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    with pytest.raises(InvalidPrefix, match="The Internet does not route to it"):
        prefixes.move(caller(key), IPv6Network(prefix))
    assert stored(nas) == ("203.0.113.5", "2001:db8:1:33::5")


def test_a_global_prefix_is_taken(nas, key, settings):
    """Global on purpose: whether it is, is what the case is about."""
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    prefixes.move(caller(key), IPv6Network("2001:500:88:200::/56"))

    assert stored(nas) == ("203.0.113.5", "2001:500:88:233::5")


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("2001:db8:1::/56", "2001:db8:1::/56"),
        (" 2001:0DB8:0001::/56 ", "2001:db8:1::/56"),
        ("2001:db8:1:2:3:4:5:6/56", "2001:db8:1::/56"),
    ],
)
def test_a_prefix_is_read_as_devices_write_it(text, prefix):
    assert prefixes.parse(text) == IPv6Network(prefix)


@pytest.mark.parametrize(
    "text", ["", "2001:db8:1::", "203.0.113.0/24", "2001:db8::/129", "2001:db8::/x", "x/56", "/56"]
)
def test_what_is_no_prefix_is_refused(text):
    with pytest.raises(InvalidPrefix):
        prefixes.parse(text)


# Who follows.


def test_following_says_which_interface_id_and_stopping_forgets_it(home):
    followed = prefixes.follow(home, interface_ids.parse("00:00:5e:00:53:2a"))
    assert (followed.follows_prefix, followed.interface_id) == (True, "::200:5eff:fe00:532a")

    followed = prefixes.follow(home)
    assert (followed.follows_prefix, followed.interface_id) == (True, None)

    unfollowed = prefixes.unfollow(followed)
    assert (unfollowed.follows_prefix, unfollowed.interface_id) == (False, None)


def test_what_follows_no_more_keeps_the_address_that_it_has(nas, key):
    prefixes.unfollow(nas)

    assert prefixes.move(caller(key), PREFIX) == []
    assert stored(nas) == ("203.0.113.5", "2001:db8:1:33::5")


@pytest.mark.parametrize("address", ["2001:db8::5", "::", "::1:0:0:0:0"])
def test_an_interface_id_that_is_none_is_refused(home, address):
    with pytest.raises(InvalidInterfaceId):
        prefixes.follow(home, IPv6Address(address))


def test_a_suspended_hostname_is_not_made_to_follow(home):
    hostnames.suspend(home)

    with pytest.raises(HostnameRestricted):
        prefixes.follow(home)
    with pytest.raises(HostnameRestricted):
        prefixes.unfollow(home)


def test_a_released_hostname_is_not_made_to_follow(home):
    hostnames.release(home)

    with pytest.raises(HostnameReleased):
        prefixes.follow(home)


# One request for both: addresses of the hostnames that it names, and a prefix.


def wish(*each: str) -> Wish:
    return Wish(Addresses.of(*map(ip_address, each)))


def test_the_router_gets_its_addresses_and_what_is_behind_it_the_prefix(home, nas, key):
    outcomes = prefixes.update(caller(key), ["home.ddns.test"], wish("203.0.113.7", "2001:db8:ffff::7"), PREFIX)

    assert outcomes == [Changed()]
    assert stored(home) == ("203.0.113.7", "2001:db8:ffff::7")
    assert stored(nas) == ("203.0.113.5", "2001:db8:2:33::5")


def test_unchanged_addresses_are_changed_if_something_moved(home, nas, key):
    addresses_of_home = wish("203.0.113.7")
    prefixes.update(caller(key), ["home.ddns.test"], addresses_of_home, PREFIX)

    again = prefixes.update(caller(key), ["home.ddns.test"], addresses_of_home, PREFIX)
    moved = prefixes.update(caller(key), ["home.ddns.test"], addresses_of_home, IPv6Network("2001:db8:3::/56"))

    assert (again, moved) == ([Unchanged()], [Changed()])


def test_a_router_that_follows_without_an_interface_id_keeps_what_it_says(home, key):
    prefixes.follow(having(home, "2001:db8:ffff::7"))

    prefixes.update(caller(key), ["home.ddns.test"], wish("2001:db8:eeee::7"), PREFIX)

    assert stored(home) == (None, "2001:db8:eeee::7")


def test_of_a_named_hostname_with_an_interface_id_the_prefix_says_the_address(camera, key):
    """Both would take turns otherwise, at every request."""
    sent = wish("203.0.113.7", "2001:db8:ffff::7")

    outcomes = [prefixes.update(caller(key), ["camera.ddns.test"], sent, PREFIX) for _ in range(2)]

    assert outcomes == [[Changed()], [Unchanged()]]
    assert stored(camera) == ("203.0.113.7", "2001:db8:2:1:200:5eff:fe00:532a")


def test_a_stranger_gets_neither(home, nas, bob):
    _, key = keys.create(bob, label="router")

    prefixes.update(caller(key), ["home.ddns.test"], wish("203.0.113.7"), PREFIX)

    assert (stored(home), stored(nas)) == ((None, None), ("203.0.113.5", "2001:db8:1:33::5"))


def test_the_present_address_is_the_interface_id_of_the_moment(nas, key):
    """A device that gives itself a new one and says so takes it along."""
    having(nas, "2001:db8:1:33::77")

    prefixes.move(caller(key), PREFIX)

    assert stored(nas)[1] == "2001:db8:2:33::77"
    assert addresses.parse(stored(nas)[1]) in PREFIX
