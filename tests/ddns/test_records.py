"""Records: what a hostname answers besides its addresses, at its own name and below it."""

import pytest

from ddns import address_updates, hostnames, records
from ddns.address_updates import Changed, Unchanged, Wish
from ddns.addresses import Addresses, parse
from ddns.errors import HostnameRestricted, InvalidRecord, TooManyRecords
from ddns.models import BelowName, Hostname, Record
from dnsupdate.models import Publication
from tests.ddns.devices import answered, caller


def below(name: str) -> dict[str, list[str]]:
    """What DNS shall answer at a name, by type."""
    rrsets = Publication.objects.get(name=name).rrsets
    return {rdtype: rrset["rdata"] for rdtype, rrset in rrsets.items()}


def fresh(hostname: Hostname) -> Hostname:
    return Hostname.objects.get(pk=hostname.pk)


# Addresses are compared with what the abuse desk has blocked.
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rdtype", "given", "stored"),
    [
        ("A", " 203.0.113.9 ", "203.0.113.9"),
        ("AAAA", "2001:DB8:0::9", "2001:db8::9"),
        ("TXT", "v=spf1 -all", '"v=spf1 -all"'),
        ("TXT", 'say "hi"; \\o/', '"say \\"hi\\"; \\\\o/"'),
        ("TXT", '"two" "strings"', '"two" "strings"'),
        ("TXT", "ä", '"\\195\\164"'),
        ("CNAME", "Other.Example.COM", "other.example.com."),
        ("MX", "10 Mail.example.com.", "10 mail.example.com."),
        ("SRV", "0 5 5060 sip.example.com", "0 5 5060 sip.example.com."),
        ("CAA", '0 issue "letsencrypt.org"', '0 issue "letsencrypt.org"'),
    ],
)
def test_rdata_is_stored_in_one_spelling(rdtype, given, stored):
    assert records.parse_rdata(rdtype, given) == stored


@pytest.mark.parametrize(
    ("rdtype", "given"),
    [
        ("A", "2001:db8::9"),
        ("A", "203.0.113"),
        ("AAAA", "203.0.113.9"),
        ("MX", "mail.example.com"),
        ("MX", "99999 mail.example.com"),
        ("SRV", "0 5 sip.example.com"),
        ("CAA", "issue letsencrypt.org"),
        ("CNAME", "-"),
        ("CNAME", "a..b"),
        ("TXT", '"open'),
        ("TXT", "x" * 801),
        ("NS", "ns1.example.com"),
        ("SOA", "."),
        ("A\0", "203.0.113.9"),
    ],
)
def test_what_is_no_record_is_refused(rdtype, given):
    if given == "-":
        given = "a" * 64 + ".example.com"
    with pytest.raises(InvalidRecord):
        records.parse_rdata(rdtype, given)


@pytest.mark.parametrize("text", ["plain", "x" * 300, 'q"\\q', "ä€😀", " two  blanks ", "a\tb\x00c"])
def test_a_text_comes_back_as_it_was_given(text):
    assert records.unquote(records.quote(text)) == text


def test_private_address_is_no_record_of_a_provider(settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    with pytest.raises(InvalidRecord, match="does not route"):
        records.parse_rdata("A", "192.168.1.1")


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("", ""), ("@", ""), ("home.ddns.test", ""), ("home.ddns.test.", ""), ("_sip._tcp", "_sip._tcp"),
        ("WWW", "www"), ("www.home.ddns.test.", "www"), ("mail._domainkey", "mail._domainkey"), ("büro", "xn--bro-hoa"),
    ],
)  # fmt: skip
def test_labels_are_relative_whole_or_the_name_itself(home, given, label):
    assert records.parse_label(given, home) == label


@pytest.mark.parametrize("given", ["*", "*.a", "a..b", "-a", "a.b.c.d.e.f", "a b", "x" * 64, "a/b", "\0"])
def test_other_labels_are_refused(home, given):
    with pytest.raises(InvalidRecord):
        records.parse_label(given, home)


def test_records_at_the_name_stand_beside_its_addresses(home, key):
    records.add(home, rdtype="TXT", rdata="hello")
    address_updates.update(caller(key), ["home.ddns.test"], Wish(Addresses.of(parse("203.0.113.1"))))
    records.add(home, rdtype="MX", rdata="10 mail.example.com")

    assert answered(home) == {"A": ["203.0.113.1"], "TXT": ['"hello"'], "MX": ["10 mail.example.com."]}


def test_further_addresses_are_answered_with_the_first(home, key):
    records.add(home, rdtype="A", rdata="203.0.113.2")
    address_updates.update(caller(key), ["home.ddns.test"], Wish(Addresses.of(parse("203.0.113.1"))))

    assert answered(home) == {"A": ["203.0.113.1", "203.0.113.2"]}


def test_cname_takes_the_place_of_addresses_which_stay_stored(home, key):
    address_updates.update(caller(key), ["home.ddns.test"], Wish(Addresses.of(parse("203.0.113.1"))))

    record = records.add(home, rdtype="CNAME", rdata="other.example.com")
    assert answered(home) == {"CNAME": ["other.example.com."]}

    records.remove(record)
    assert answered(home) == {"A": ["203.0.113.1"]}


def test_cname_beside_another_record_is_refused_and_nothing_is_stored(home):
    records.add(home, rdtype="TXT", rdata="hello")

    with pytest.raises(InvalidRecord, match="stands alone"):
        records.add(home, rdtype="CNAME", rdata="other.example.com")

    assert answered(home) == {"TXT": ['"hello"']}
    assert Record.objects.count() == 1


def test_names_below_are_published_and_withdrawn_with_their_records(home):
    record = records.add(home, label="_sip._tcp", rdtype="SRV", rdata="0 5 5060 home.ddns.test")
    assert below("_sip._tcp.home.ddns.test") == {"SRV": ["0 5 5060 home.ddns.test."]}

    records.remove(record)
    assert below("_sip._tcp.home.ddns.test") == {}


def test_suspension_withdraws_the_names_below_and_its_end_brings_them_back(home):
    records.add(home, label="www", rdtype="A", rdata="203.0.113.3")

    hostnames.suspend(home)
    assert below("www.home.ddns.test") == {}

    hostnames.reinstate(home)
    assert below("www.home.ddns.test") == {"A": ["203.0.113.3"]}


def test_diverted_hostname_answers_nothing_of_its_own_below(home):
    records.add(home, label="www", rdtype="A", rdata="203.0.113.3")

    hostnames.divert(home, answer={"A": {"ttl": 60, "rdata": ["203.0.113.99"]}})

    assert below("www.home.ddns.test") == {}


def test_held_hostname_keeps_what_stood_below(home):
    records.add(home, label="www", rdtype="A", rdata="203.0.113.3")

    hostnames.hold(home)

    assert below("www.home.ddns.test") == {"A": ["203.0.113.3"]}


def test_offline_hostname_and_released_one_answer_nothing_below(home, office):
    for hostname in (home, office):
        records.add(hostname, label="www", rdtype="A", rdata="203.0.113.3")

    hostnames.configure(home, offline=True)
    hostnames.release(office)

    assert below("www.home.ddns.test") == below("www.office.ddns.test") == {}


@pytest.mark.parametrize("verb", ["add", "remove", "replace"])
def test_records_of_a_suspended_hostname_cannot_be_changed(home, verb):
    record = records.add(home, rdtype="TXT", rdata="hello")
    hostnames.suspend(home)
    change = {
        "add": lambda: records.add(home, rdtype="TXT", rdata="more"),
        "remove": lambda: records.remove(record),
        "replace": lambda: records.replace(home, rdtype="TXT", rdata=[]),
    }

    with pytest.raises(HostnameRestricted):
        change[verb]()

    assert [each.rdata for each in Record.objects.all()] == ['"hello"']


def test_replacing_an_rrset_leaves_the_others(home):
    records.add(home, rdtype="TXT", rdata="one")
    records.add(home, rdtype="MX", rdata="10 mail.example.com")

    records.replace(home, rdtype="TXT", rdata=["two", "three", "two"])

    assert answered(home) == {"TXT": ['"two"', '"three"'], "MX": ["10 mail.example.com."]}


def test_same_record_twice_is_one_with_the_last_ttl(home):
    records.add(home, rdtype="TXT", rdata="one")
    records.add(home, rdtype="TXT", rdata="one", ttl=300)

    home.publication.refresh_from_db()
    assert home.publication.rrsets["TXT"] == {"ttl": 300, "rdata": ['"one"']}


def test_rrset_has_the_least_ttl_of_its_records(home):
    records.add(home, rdtype="TXT", rdata="one", ttl=300)
    records.add(home, rdtype="TXT", rdata="two", ttl=200)

    home.publication.refresh_from_db()
    assert home.publication.rrsets["TXT"]["ttl"] == 200


def test_hostname_with_a_ttl_of_its_own_answers_with_it_at_every_update(home, key):
    records.add(home, rdtype="TXT", rdata="one")
    hostnames.set_ttl(home, 120)
    address_updates.update(caller(key), ["home.ddns.test"], Wish(Addresses.of(parse("203.0.113.1"))))

    home.publication.refresh_from_db()
    assert {rdtype: rrset["ttl"] for rdtype, rrset in home.publication.rrsets.items()} == {"A": 120, "TXT": 120}


@pytest.mark.parametrize("ttl", [29, 301, 0])
def test_ttl_outside_the_bounds_of_the_domain_is_refused(home, ttl):
    with pytest.raises(InvalidRecord, match="between 30 and 300"):
        hostnames.set_ttl(home, ttl)
    with pytest.raises(InvalidRecord, match="between 30 and 300"):
        records.add(home, rdtype="TXT", rdata="x", ttl=ttl)


def test_plan_limits_the_records_of_a_hostname(home, settings):
    settings.PLANS = {"free": {"records": 2}}
    for number in range(2):
        records.add(home, rdtype="TXT", rdata=str(number))

    with pytest.raises(TooManyRecords, match="2"):
        records.add(home, label="www", rdtype="TXT", rdata="3")

    assert Record.objects.count() == 2
    assert not BelowName.objects.exists()


def test_wish_for_further_addresses_replaces_them(home, key):
    def update(*addresses: str) -> list:
        first, *others = map(parse, addresses)
        return address_updates.update(caller(key), ["home.ddns.test"], Wish(Addresses.of(first), others=tuple(others)))

    assert update("203.0.113.1", "203.0.113.2", "203.0.113.3") == [Changed()]
    assert answered(home) == {"A": ["203.0.113.1", "203.0.113.2", "203.0.113.3"]}
    assert update("203.0.113.1", "203.0.113.2", "203.0.113.3") == [address_updates.Unchanged()]
    assert update("203.0.113.1") == [Changed()]
    assert answered(home) == {"A": ["203.0.113.1"]}


def test_removed_family_is_answered_no_more(home, key):
    both = Wish(Addresses.of(parse("203.0.113.1"), parse("2001:db8::1")))
    address_updates.update(caller(key), ["home.ddns.test"], both)

    gone = Wish(Addresses(), removed=frozenset({4}))
    assert address_updates.update(caller(key), ["home.ddns.test"], gone) == [Changed()]
    assert address_updates.update(caller(key), ["home.ddns.test"], gone) == [address_updates.Unchanged()]

    assert answered(home) == {"AAAA": ["2001:db8::1"]}
    assert fresh(home).ipv4 is None


def test_hold_of_an_offline_hostname_brings_nothing_back_below(home):
    records.add(home, label="www", rdtype="TXT", rdata="x")
    hostnames.configure(home, offline=True)

    hostnames.hold(home)

    assert Publication.objects.get(name="www.home.ddns.test").rrsets == {}


def test_plan_limits_the_texts_of_one_challenge_that_are_not_set_by_a_key(home, settings):
    settings.PLANS = {"free": {"texts": 2}}
    with pytest.raises(TooManyRecords):
        records.replace(home, label="_acme-challenge", rdtype="TXT", rdata=["one", "two", "three"])
    records.replace(home, label="_acme-challenge", rdtype="TXT", rdata=["one", "two"])

    with pytest.raises(TooManyRecords):
        records.add(home, label="_acme-challenge", rdtype="TXT", rdata="three")

    assert Record.objects.count() == 2


def test_challenges_that_are_not_set_by_a_key_stand_at_so_many_names(home, monkeypatch):
    monkeypatch.setattr(records, "MAX_CHALLENGE_NAMES", 2)
    for label in ("a", "b"):
        records.add(home, label=f"_acme-challenge.{label}", rdtype="TXT", rdata="one")

    with pytest.raises(TooManyRecords):
        records.add(home, label="_acme-challenge.c", rdtype="TXT", rdata="one")


def test_further_addresses_beside_a_cname_are_stored_and_not_answered(home, key):
    records.add(home, rdtype="CNAME", rdata="www.example.com")
    wish = Wish(Addresses(parse("203.0.113.1")), others=(parse("203.0.113.2"),))

    assert address_updates.update(caller(key), ["home.ddns.test"], wish) == [Changed()]
    assert address_updates.update(caller(key), ["home.ddns.test"], wish) == [Unchanged()]
    assert answered(home) == {"CNAME": ["www.example.com."]}
    records.replace(home, rdtype="CNAME", rdata=[])
    assert answered(home) == {"A": ["203.0.113.1", "203.0.113.2"]}
