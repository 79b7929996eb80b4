"""Prerequisites (RFC 2136 §2.4) of customers: what the hostname shall answer decides, whatever DNS has by now."""

import dns.rcode
import pytest

from ddns import hostnames, keys, requests
from ddns.models import Hostname
from tests.ddns.devices import stored
from tests.ddns.nsupdate_client import Client, client


@pytest.fixture
def router(alice, home) -> Client:
    router = client(keys.create(alice, label="router")[0])
    update = router.update()
    update.add("home", 60, "A", "203.0.113.7")
    update.add("_acme-challenge.home", 60, "TXT", "value")
    assert router.send(update) == dns.rcode.NOERROR
    return router


HELD = {
    "the name is in use": lambda update: update.present("home"),
    "the name of a challenge is in use": lambda update: update.present("_acme-challenge.home"),
    "there is an RRset": lambda update: update.present("home", "A"),
    "there is this RRset": lambda update: update.present("home", "A", "203.0.113.7"),
    "a name is not in use": lambda update: update.absent("*.home"),
    "there is no RRset": lambda update: update.absent("home", "AAAA"),
    "all of them": lambda update: [update.present("home"), update.absent("home", "AAAA")],
}
FAILED = {
    "a name is in use": (lambda update: update.present("*.home"), dns.rcode.NXDOMAIN),
    "there is an RRset": (lambda update: update.present("home", "AAAA"), dns.rcode.NXRRSET),
    "there is another RRset": (lambda update: update.present("home", "A", "203.0.113.8"), dns.rcode.NXRRSET),
    "there are more in the RRset": (
        lambda update: update.present("home", "A", "203.0.113.7", "203.0.113.8"),
        dns.rcode.NXRRSET,
    ),
    "the name is not in use": (lambda update: update.absent("home"), dns.rcode.YXDOMAIN),
    "there is no RRset": (lambda update: update.absent("home", "A"), dns.rcode.YXRRSET),
    "outside the zone": (lambda update: update.absent("home.example.com."), dns.rcode.NOTZONE),
}


def last_code(hostname: Hostname) -> str:
    requests.flush()
    return requests.recent(hostname)[0].code


@pytest.mark.parametrize("what", HELD)
def test_what_is_so_lets_the_update_through(router, home, what):
    update = router.update()
    HELD[what](update)
    update.replace("home", 60, "A", "203.0.113.9")

    assert router.send(update) == dns.rcode.NOERROR
    assert stored(home) == ("203.0.113.9", None)


@pytest.mark.parametrize("what", FAILED)
def test_what_is_not_so_stops_it_with_its_own_code(router, home, what):
    demand, rcode = FAILED[what]
    update = router.update()
    demand(update)
    update.replace("home", 60, "A", "203.0.113.9")

    assert router.send(update) == rcode
    assert stored(home) == ("203.0.113.7", None)


def test_the_holder_sees_that_a_prerequisite_failed(router, home):
    update = router.update()
    update.absent("home")
    update.replace("home", 60, "A", "203.0.113.9")

    router.send(update)

    assert last_code(home) == "prereq"


def test_an_offline_hostname_is_not_in_use(router, home):
    hostnames.configure(home, offline=True)
    update = router.update()
    update.absent("home")

    assert router.send(update) == dns.rcode.NOERROR


def test_nothing_is_told_of_somebody_elses_names(router, foreign):
    for demand in ("present", "absent"):
        update = router.update()
        getattr(update, demand)("bob")

        assert router.send(update) == dns.rcode.REFUSED
