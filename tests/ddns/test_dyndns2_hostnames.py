"""dyndns2: which hostnames an update means, and one line for each."""

import pytest

from ddns import hostnames, keys
from ddns.models import AddressUpdate
from tests.ddns.devices import answered, stored

ADDRESS = "203.0.113.5"


@pytest.fixture
def ask(device):
    """The body of the answer to an update of these hostnames."""
    return lambda names: device.get(f"/nic/update?hostname={names}&myip={ADDRESS}").content.decode()


def test_a_list_is_answered_line_by_line_in_its_order(ask, home, office, foreign):
    ask("office.ddns.test")

    assert ask("bob.ddns.test,office.ddns.test,nonsense,home.ddns.test,nobody.ddns.test") == (
        f"nohost\nnochg {ADDRESS}\nnotfqdn\ngood {ADDRESS}\nnohost\n"
    )
    assert stored(home) == stored(office) == (ADDRESS, None)
    assert stored(foreign) == (None, None)


@pytest.mark.parametrize(
    "spelling",
    [
        "HOME.ddns.TEST", "home.ddns.test.", "%20home.ddns.test%20", "home.ddns.test,", ",home.ddns.test,,",
        "home%2Eddns%2Etest", "home%E3%80%82ddns%E3%80%82test",
    ],
)  # fmt: skip
def test_a_name_is_compared_as_a_name(ask, spelling):
    assert ask(spelling) == f"good {ADDRESS}\n"


def test_a_comma_may_arrive_escaped(ask, office):
    assert ask("home.ddns.test%2Coffice.ddns.test") == f"good {ADDRESS}\ngood {ADDRESS}\n"


def test_an_international_name_is_meant_by_both_its_spellings(ask, alice, domain):
    hostnames.register(alice, domain=domain, label="bücher")

    assert ask("xn--bcher-kva.ddns.test") == f"good {ADDRESS}\n"
    assert ask("b%C3%BCcher.ddns.test") == f"nochg {ADDRESS}\n"
    assert ask("B%C3%9CCHER.ddns.test") == f"nochg {ADDRESS}\n"


def test_a_name_that_is_listed_twice_is_changed_once(ask, home):
    assert ask("home.ddns.test,HOME.ddns.test") == f"good {ADDRESS}\nnochg {ADDRESS}\n"
    assert AddressUpdate.objects.filter(hostname=home).count() == 1


@pytest.mark.parametrize(
    "name", ["nobody.ddns.test", "bob.ddns.test", "home.example.com", "ddns.test", "x.home.ddns.test"]
)
def test_unknown_and_foreign_names_cannot_be_told_apart(ask, foreign, name):
    assert ask(name) == "nohost\n"
    assert stored(foreign) == (None, None)


def test_a_released_name_is_nohost(ask, home):
    hostnames.release(home)

    assert ask("home.ddns.test") == "nohost\n"


@pytest.mark.parametrize(
    "name", ["home", "localhost", "a..b", "-home.ddns.test", "home.ddns.test/x", "*.home.ddns.test", f"{'a' * 64}.ddns.test",
             f"{'a.' * 127}test", "192.168.1", "home%20.ddns.test", "%00.ddns.test", "home.ddns.test%0d%0aX:1"],
)  # fmt: skip
def test_what_is_no_full_name_is_notfqdn(ask, name):
    assert ask(name) == ("nohost\n" if name == "192.168.1" else "notfqdn\n")


@pytest.mark.parametrize(
    "name", ["%7B%7D.ddns.test", "%22.ddns.test", "a%22%2C%22b.ddns.test", "home.ddns.test%22%7D", "%5C.ddns.test"]
)
def test_braces_and_quotes_do_not_reach_the_database(ask, home, name):
    assert set(ask(name).split()) == {"notfqdn"}
    assert stored(home) == (None, None)


def test_twenty_names_are_answered_and_twenty_one_are_numhost_once(ask):
    assert ask(",".join(["home.ddns.test"] * 20)).count("\n") == 20
    assert ask(",".join(["home.ddns.test"] * 21)) == "numhost\n"
    assert ask(",".join(["nonsense"] * 21)) == "numhost\n"
    assert ask(",".join(["nonsense"] * 2)) == "notfqdn\nnotfqdn\n"


def test_too_many_names_change_nothing(ask, home):
    ask(",".join(["home.ddns.test"] * 21))

    assert stored(home) == (None, None)


@pytest.mark.parametrize("parameter", ["host", "domain", "domains", "host_id"])
def test_other_parameters_may_name_the_host(device, parameter):
    assert device.update(**{parameter: "home.ddns.test", "myip": ADDRESS}).content == f"good {ADDRESS}\n".encode()


def test_dyndns1_says_yes_for_the_hostname_and_names_it_elsewhere(device):
    query = f"action=edit&started=1&hostname=YES&host_id=home.ddns.test&myip={ADDRESS}"

    assert device.get(f"/nic/update?{query}").content == f"good {ADDRESS}\n".encode()


@pytest.mark.parametrize(
    "query", ["", "hostname=", "hostname=,", "hostname=%h", "hostname=<domain>", "hostname=[DOMAIN]"]
)
class TestWithoutAHostname:
    def ask(self, device, query):
        return device.get(f"/nic/update?{query}&myip={ADDRESS}").content.decode()

    def test_the_user_name_is_meant_if_it_is_a_full_name(self, device, home, office, query):
        device.user = "Home.ddns.test"

        assert self.ask(device, query) == f"good {ADDRESS}\n"
        assert (stored(home), stored(office)) == ((ADDRESS, None), (None, None))

    def test_the_only_hostname_of_the_account_is_meant(self, device, query):
        assert self.ask(device, query) == f"good {ADDRESS}\n"

    def test_the_only_hostname_of_the_key_is_meant(self, alice, device, home, office, query):
        device.key = keys.create(alice, label="one", hostnames=[office])[1]

        assert self.ask(device, query) == f"good {ADDRESS}\n"
        assert (stored(home), stored(office)) == ((None, None), (ADDRESS, None))

    def test_several_hostnames_are_notfqdn(self, device, home, office, query):
        assert self.ask(device, query) == "notfqdn\n"
        assert stored(home) == stored(office) == (None, None)

    def test_none_at_all_is_notfqdn(self, device, home, query):
        hostnames.release(home)

        assert self.ask(device, query) == "notfqdn\n"

    def test_a_wrong_key_is_badauth(self, device, query):
        device.key = "wrong"

        assert self.ask(device, query) == "badauth\n"


@pytest.mark.parametrize(
    "restrict",
    [
        hostnames.suspend,
        hostnames.hold,
        lambda hostname: hostnames.divert(hostname, answer={"A": {"ttl": 60, "rdata": ["192.0.2.80"]}}),
    ],
    ids=["suspended", "held", "diverted"],
)
class TestRestricted:
    def test_it_is_abuse_at_its_own_line_of_a_list(self, ask, home, office, restrict):
        restrict(home)

        assert ask("office.ddns.test,home.ddns.test,nobody.ddns.test") == f"good {ADDRESS}\nabuse\nnohost\n"
        assert stored(home) == (None, None)
        assert stored(office) == (ADDRESS, None)

    def test_it_is_abuse_for_the_same_address_too(self, ask, home, restrict):
        ask("home.ddns.test")
        restrict(home)

        assert ask("home.ddns.test") == "abuse\n"

    def test_neither_offline_nor_wildcard_gets_around_it(self, device, home, restrict):
        restrict(home)
        before = answered(home)

        assert device.update(hostname="home.ddns.test", offline="YES").content == b"abuse\n"
        assert device.update(hostname="home.ddns.test", wildcard="ON", myip=ADDRESS).content == b"abuse\n"
        home.refresh_from_db()
        assert (home.offline, home.wildcard, answered(home)) == (False, False, before)

    def test_it_is_nohost_for_a_stranger(self, bob, device, home, restrict):
        device.key = keys.create(bob, label="x")[1]
        restrict(home)

        assert device.update(hostname="home.ddns.test", myip=ADDRESS).content == b"nohost\n"

    def test_updates_work_again_after_it_is_reinstated(self, ask, home, restrict):
        restrict(home)
        hostnames.reinstate(home)

        assert ask("home.ddns.test") == f"good {ADDRESS}\n"
