"""Who may not, and what may not, by UPDATE messages: the answer, and that nothing was written."""

import dns.rcode
import dns.tsig
import dns.update
import pytest

from abuse import suspensions
from ddns import challenges, hostnames, keys, requests
from ddns.models import AddressUpdate, Hostname, User
from tests.ddns.devices import answered, stored
from tests.ddns.nsupdate_client import ZONE, Client, client

NOERROR, REFUSED = dns.rcode.NOERROR, dns.rcode.REFUSED


def made(account: User, **options) -> Client:
    return client(keys.create(account, label="router", **options)[0])


@pytest.fixture
def router(alice, home) -> Client:
    return made(alice)


def with_address(client: Client, *names: str) -> dns.update.UpdateMessage:
    update = client.update()
    for name in names:
        update.replace(name, 60, "A", "203.0.113.7")
    return update


def last_code(hostname: Hostname) -> str:
    requests.flush()
    return requests.recent(hostname)[0].code


def noted_codes() -> dict[str, list[str]]:
    """Of requests since the last flush."""
    return {name: [each.what[3] for each in noted] for name, noted in requests._by_name.items()}


def test_somebody_elses_hostname_is_refused(bob, home, foreign):
    stranger = made(bob)

    assert stranger.send(with_address(stranger, "home")) == REFUSED
    assert stored(home) == (None, None)


def test_an_own_and_somebody_elses_hostname_in_one_message_are_both_refused(bob, home, foreign):
    stranger = made(bob)

    assert stranger.send(with_address(stranger, "bob", "home")) == REFUSED
    assert (stored(home), stored(foreign)) == ((None, None), (None, None))
    assert not AddressUpdate.objects.exists()


def test_a_challenge_of_somebody_elses_hostname_is_refused(bob, home, foreign):
    stranger = made(bob)
    update = stranger.update()
    update.add("_acme-challenge.home", 60, "TXT", "of-bob")

    assert stranger.send(update) == REFUSED
    assert challenges.values(home) == []


def test_a_hostname_outside_the_keys_scope_is_refused(alice, home, office):
    router = made(alice, hostnames=[office])

    assert router.send(with_address(router, "home")) == REFUSED
    assert router.send(with_address(router, "office")) == NOERROR
    assert stored(home) == (None, None)


def test_a_hostname_that_there_is_not_is_refused_like_somebody_elses(router, foreign):
    assert router.send(with_address(router, "absent")) == REFUSED
    assert router.send(with_address(router, "bob")) == REFUSED


@pytest.mark.parametrize("permission", ["read", "txt"])
def test_a_key_that_may_not_update_changes_no_address(alice, home, permission):
    router = made(alice, permission=permission)

    assert router.send(with_address(router, "home")) == REFUSED
    assert stored(home) == (None, None)
    assert last_code(home) == "notallowed"


@pytest.mark.parametrize("permission", ["read", "update"])
def test_a_key_that_may_not_write_text_sets_no_challenge(alice, home, permission):
    router = made(alice, permission=permission)
    update = router.update()
    update.add("_acme-challenge.home", 60, "TXT", "value")

    assert router.send(update) == REFUSED
    assert challenges.values(home) == []


def test_a_network_that_the_key_may_not_be_used_from_is_refused(alice, home):
    router = made(alice, networks=["192.0.2.0/24"])

    assert router.send(with_address(router, "home")) == REFUSED
    assert stored(home) == (None, None)
    assert last_code(home) == "notallowed"
    router.source = "192.0.2.9"
    assert router.send(with_address(router, "home")) == NOERROR


def test_a_suspended_hostname_is_refused_and_nothing_is_written(router, home, office):
    suspensions.suspend(home, reason="phishing", by=User.objects.create_superuser("oscar@example.com"))

    assert router.send(with_address(router, "office", "home")) == REFUSED
    assert (stored(home), stored(office)) == ((None, None), (None, None))
    assert not AddressUpdate.objects.exists()
    assert last_code(home) == "abuse"


@pytest.mark.parametrize("restrict", [hostnames.hold, lambda home: hostnames.divert(home, answer={})])
def test_a_held_or_diverted_hostname_is_refused(router, home, restrict):
    restrict(home)

    assert router.send(with_address(router, "home")) == REFUSED
    assert stored(home) == (None, None)


def test_a_challenge_of_a_suspended_hostname_is_refused(router, home):
    hostnames.suspend(home)
    update = router.update()
    update.add("_acme-challenge.home", 60, "TXT", "value")

    assert router.send(update) == REFUSED
    assert challenges.values(home) == []


def test_a_wildcard_that_the_plan_does_not_have_is_refused_with_the_whole_message(router, home, settings):
    settings.PLANS = {"free": {"has_wildcard": False}}

    assert router.send(with_address(router, "home", "*.home")) == REFUSED
    assert stored(home) == (None, None)
    assert answered(home) == {}


def test_of_a_message_that_was_refused_nothing_else_is_said_to_have_been_done(router, home, office):
    update = with_address(router, "home", "office")
    update.add("_acme-challenge.office", 60, "TXT", '"two" "strings"')
    requests.flush()

    assert router.send(update) == REFUSED
    assert noted_codes() == {"office.ddns.test": ["notallowed"]}
    assert not AddressUpdate.objects.exists()


def test_a_message_beyond_the_rate_of_changes_is_put_off_and_seen_by_the_holder(router, home, office, settings):
    settings.CHANGES_PER_KEY = 1
    requests.flush()

    assert router.send(with_address(router, "home", "office")) == dns.rcode.SERVFAIL
    assert noted_codes() == {"home.ddns.test": ["toomany"], "office.ddns.test": ["toomany"]}
    assert not AddressUpdate.objects.exists()


def test_more_hostnames_than_in_a_request_by_http_are_refused(router):
    assert router.send(with_address(router, *(f"name{number}" for number in range(21)))) == REFUSED


RECORDS = [
    ("home", "MX", "10 mail.example.com."),
    ("home", "CNAME", "www.example.com."),
    ("home", "TXT", "text"),
    ("home", "NS", "ns.example.com."),
    ("home", "CAA", '0 issue "ca.example"'),
    ("www.home", "A", "203.0.113.7"),
    ("*.www.home", "A", "203.0.113.7"),
    ("_acme-challenge.home", "A", "203.0.113.7"),
    ("_acme-challenge.home", "CNAME", "elsewhere.example.com."),
    ("*", "A", "203.0.113.7"),
    ("@", "A", "203.0.113.7"),
    ("@", "SOA", "ns hostmaster 1 2 3 4 5"),
    ("@", "NS", "ns.example.com."),
    ("home\\000", "A", "203.0.113.7"),
    ("home\\.ddns", "A", "203.0.113.7"),
]


@pytest.mark.parametrize(("name", "rdtype", "rdata"), RECORDS, ids=lambda text: text.split()[0])
def test_records_that_are_not_for_customers_are_not_added(router, home, name, rdtype, rdata):
    update = router.update()
    update.add(name, 60, rdtype, rdata)

    assert router.send(update) == REFUSED
    assert answered(home) == {}


@pytest.mark.parametrize(("name", "rdtype", "rdata"), RECORDS, ids=lambda text: text.split()[0])
def test_nor_are_they_deleted(router, home, name, rdtype, rdata):
    for arguments in ((name, rdtype), (name, rdtype, rdata)):
        update = router.update()
        update.delete(*arguments)

        assert router.send(update) == REFUSED


def test_a_name_outside_the_zone_is_notzone(router, home):
    update = router.update()
    update.add("home.example.com.", 60, "A", "203.0.113.7")

    assert router.send(update) == dns.rcode.NOTZONE


@pytest.mark.parametrize("zone", ["example.com", "home.ddns.test", "test", "."])
def test_a_zone_that_is_not_on_offer_is_notauth(router, zone):
    assert router.send(router.update(zone)) == dns.rcode.NOTAUTH


def test_an_unsigned_update_is_refused(home):
    nobody = Client()

    assert nobody.send(with_address(nobody, "home")) == REFUSED
    assert stored(home) == (None, None)


def test_a_wrong_secret_is_badsig_and_seen_by_the_holder(router, home):
    router.key = dns.tsig.Key(router.key.name, b"guessed", router.key.algorithm)

    with pytest.raises(dns.tsig.PeerBadSignature):
        router.send(with_address(router, "home"))

    assert stored(home) == (None, None)
    assert last_code(home) == "badauth"


@pytest.mark.parametrize("name", ["kaaaaaaaaaa", "alice.example.com"])
def test_an_unknown_key_is_badkey(home, name):
    guessing = Client(dns.tsig.Key(name, b"guessed", dns.tsig.HMAC_SHA256))

    with pytest.raises(dns.tsig.PeerBadKey):
        guessing.send(with_address(guessing, "home"))


@pytest.mark.parametrize("algorithm", [dns.tsig.HMAC_SHA512, dns.tsig.HMAC_MD5])
def test_another_algorithm_than_the_keys_is_badkey(router, home, algorithm):
    router.key = dns.tsig.Key(router.key.name, router.key.secret, algorithm)

    with pytest.raises(dns.tsig.PeerBadKey):
        router.send(with_address(router, "home"))


def test_a_revoked_key_is_badkey(alice, home):
    key, _ = keys.create(alice, label="router")
    router = client(key)
    keys.revoke(key)

    with pytest.raises(dns.tsig.PeerBadKey):
        router.send(with_address(router, "home"))
    assert stored(home) == (None, None)


def test_a_wrong_clock_is_badtime_and_seen_by_the_holder(router, home, monkeypatch):
    update = with_address(router, "home")
    monkeypatch.setattr("dns.message.time.time", lambda: 1_000_000_000.0)
    wire = update.to_wire()
    monkeypatch.undo()

    answer = router.exchange(wire)

    assert dns.message.from_wire(answer, keyring=False, continue_on_error=True).tsig_error == dns.rcode.BADTIME
    assert stored(home) == (None, None)
    assert last_code(home) == "badtime"


def test_the_class_of_the_zone_is_in(router):
    update = dns.update.UpdateMessage(ZONE, rdclass="CH", keyring=router.key)

    assert router.send(update) == dns.rcode.NOTAUTH


def test_two_zones_are_malformed(router):
    update = router.update()
    update.zone.append(update.zone[0])

    # dnspython reads no such message back.
    assert router.exchange(update.to_wire())[3] & 0xF == dns.rcode.FORMERR
