"""DuckDNS: labels, tokens, addresses, challenges, and answers that clients compare byte by byte."""

from urllib.parse import quote

import pytest

from ddns import accounts, challenges, domains, hostnames, keys
from ddns.models import AddressUpdate, Domain, Hostname
from ddns.models.keys import Permission
from dnsupdate import tsig_keys, zones
from tests.ddns.devices import SOURCE, Device, answered, stored

ADDRESS, ADDRESS_6 = "203.0.113.5", "2001:db8::5"


@pytest.fixture
def other_domain(domain: Domain) -> Domain:
    key = tsig_keys.generate("other")
    return domains.offer(zones.add("other.test", host="127.0.0.1", port=5301, key=key))


@pytest.fixture
def ask(home, key):
    """The body of an update, which has status 200 whatever became of it."""

    def ask(url: str = "/update", *, source: str = SOURCE, token: str = key, **parameters: str) -> str:
        parameters = {"domains": "home", "token": token} | parameters
        query = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
        response = Device(source=source).get(f"{url}?{query}")
        assert (response.status_code, response["Content-Type"]) == (200, "text/plain")
        return response.content.decode()

    return ask


@pytest.mark.parametrize(
    "spelling",
    [
        "home",
        "HOME",
        " home ",
        "home.duckdns.org",
        "home.DuckDNS.org.",
        "home.ddns.test",
        "home.ddns.test.",
        "home,",
        ",home",
    ],
)
def test_a_hostname_is_named_by_its_label_with_a_suffix_or_in_full(ask, home, spelling):
    assert ask(domains=spelling, ip=ADDRESS) == "OK"
    assert stored(home) == (ADDRESS, None)


def test_a_label_of_several_hostnames_is_ambiguous_and_the_full_name_is_not(ask, alice, home, other_domain):
    other = hostnames.register(alice, domain=other_domain, label="home")

    assert ask(ip=ADDRESS) == "KO"
    assert ask(ip=ADDRESS, verbose="true").splitlines()[:2] == ["KO", "ambiguous"]
    assert stored(home) == stored(other) == (None, None)
    assert ask(domains="home.other.test", ip=ADDRESS) == "OK"
    assert (stored(home), stored(other)) == ((None, None), (ADDRESS, None))


def test_a_label_is_the_hostname_that_the_key_covers(ask, alice, home, other_domain):
    other = hostnames.register(alice, domain=other_domain, label="home")
    _, token = keys.create(alice, label="one", hostnames=[other])

    assert ask(token=token, ip=ADDRESS) == "OK"
    assert (stored(home), stored(other)) == ((None, None), (ADDRESS, None))


@pytest.mark.parametrize("around", ["{} ", " {}", "\t{}\r\n"])
def test_blanks_that_were_copied_with_a_token_do_not_count(ask, key, around):
    assert ask(token=around.format(key), ip=ADDRESS) == "OK"


@pytest.mark.parametrize(
    ("sent", "source", "expected"),
    [
        ({}, SOURCE, (SOURCE, None)),
        ({"ip": ""}, SOURCE, (SOURCE, None)),
        ({"ip": "auto"}, SOURCE, (SOURCE, None)),
        ({}, "2001:db8::99", (None, "2001:db8::99")),
        ({"ip": ADDRESS}, SOURCE, (ADDRESS, None)),
        ({"ip": ADDRESS_6}, SOURCE, (None, ADDRESS_6)),
        ({"ipv6": ADDRESS_6}, SOURCE, (None, ADDRESS_6)),
        ({"ip": "", "ipv6": ADDRESS_6}, SOURCE, (None, ADDRESS_6)),
        ({"ip": ADDRESS, "ipv6": ADDRESS_6}, SOURCE, (ADDRESS, ADDRESS_6)),
        ({"myip": "203.0.113.99"}, SOURCE, (SOURCE, None)),
    ],
)
def test_an_address_is_the_sent_one_or_the_source(ask, home, sent, source, expected):
    assert ask(source=source, **sent) == "OK"
    assert stored(home) == expected


def test_a_family_that_is_not_sent_stays(ask, home):
    ask(ip=ADDRESS)
    ask(ipv6=ADDRESS_6)

    assert stored(home) == (ADDRESS, ADDRESS_6)


@pytest.mark.parametrize("address", ["203.0.113", "x", "203.0.113.5;", "1" * 5000, "::1%eth0"])
def test_what_is_no_address_changes_nothing(ask, home, address):
    assert ask(ip=address) == "KO"
    assert ask(ip=address, verbose="true").splitlines()[1] == "dnserr"
    assert stored(home) == (None, None)


def test_an_address_that_the_internet_does_not_route_is_refused_where_that_is_the_rule(ask, home, settings):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False

    assert ask(ip="192.168.1.1", verbose="true").splitlines()[1] == "dnserr"
    assert stored(home) == (None, None)


def test_clear_removes_both_addresses_and_ignores_those_that_are_sent(ask, home):
    ask(ip=ADDRESS, ipv6=ADDRESS_6)

    assert ask(clear="true", ip="203.0.113.9", verbose="true") == "OK\n\n\nUPDATED"
    assert (stored(home), answered(home)) == ((None, None), {})
    assert ask(clear="true", verbose="true") == "OK\n\n\nNOCHANGE"


def test_an_update_brings_a_hostname_back_that_was_offline(ask, home):
    hostnames.configure(home, offline=True)

    assert ask(ip=ADDRESS) == "OK"
    assert answered(home) == {"A": [ADDRESS]}


class TestChallenges:
    def test_values_stand_side_by_side(self, ask, home):
        assert [ask(txt="one"), ask(domains="home.duckdns.org", clear="false", txt="two")] == ["OK", "OK"]
        assert challenges.values(home) == ["one", "two"]
        assert stored(home) == (None, None)

    @pytest.mark.parametrize("sent", [{"txt": "", "clear": "true"}, {"txt": "one", "clear": "true"}, {"txt": ""}])
    def test_clear_removes_all(self, ask, home, sent):
        ask(txt="one")
        ask(txt="two")

        assert ask(verbose="true", **sent) == "OK\n\nUPDATED"
        assert challenges.values(home) == []

    def test_verbose_tells_the_value_and_whether_it_is_new(self, ask):
        assert ask(txt="one", verbose="true") == "OK\none\nUPDATED"
        assert ask(txt="one", verbose="true") == "OK\none\nNOCHANGE"

    @pytest.mark.parametrize("value", ["x" * 256, "a\x00b", "a\nb", "ä"])
    def test_what_is_no_challenge_is_refused(self, ask, home, value):
        assert ask(txt=value, verbose="true").splitlines()[1] == "dnserr"
        assert challenges.values(home) == []

    def test_a_key_for_challenges_sets_no_address(self, ask, alice, home):
        _, token = keys.create(alice, label="acme", permission=Permission.TXT)

        assert ask(token=token, txt="one") == "OK"
        assert ask(token=token, ip=ADDRESS) == "KO"
        assert (challenges.values(home), stored(home)) == (["one"], (None, None))

    def test_a_key_for_addresses_sets_no_challenge(self, ask, alice, home):
        _, token = keys.create(alice, label="router", permission=Permission.UPDATE)

        assert ask(token=token, txt="one") == "KO"
        assert challenges.values(home) == []


def test_several_domains_are_well_if_all_are_and_each_is_done_by_itself(ask, home, office, foreign):
    assert ask(domains="home,office", ip=ADDRESS) == "OK"
    assert ask(domains="home,bob,office", ip="203.0.113.6") == "KO"
    assert (stored(home), stored(office)) == (("203.0.113.6", None), ("203.0.113.6", None))
    assert stored(foreign) == (None, None)


@pytest.mark.parametrize(
    ("spelling", "code"),
    [("nobody", "nohost"), ("bob", "nohost"), ("bob.ddns.test", "nohost"), ("", "notfqdn"), ("a b", "notfqdn"),
     ("*", "notfqdn"), ("%00", "notfqdn"), ("ho%", "notfqdn"), ("ho_e", "notfqdn"), ("home," * 21, "numhost")],
)  # fmt: skip
def test_what_is_wrong_with_a_domain_is_told_if_asked(ask, foreign, spelling, code):
    assert ask(domains=spelling, ip=ADDRESS) == "KO"
    assert ask(domains=spelling, ip=ADDRESS, verbose="true").splitlines()[:2] == ["KO", code]
    assert stored(foreign) == (None, None)


def test_a_stranger_changes_nothing_and_learns_nothing(ask, bob, home, foreign):
    _, token = keys.create(bob, label="x")

    for parameters in ({"ip": ADDRESS}, {"txt": "one"}, {"clear": "true"}):
        for domain in ("home", "home.ddns.test"):
            body = ask(token=token, domains=domain, verbose="true", **parameters)
            assert body == ask(token=token, domains="nobody.ddns.test", verbose="true", **parameters)
            assert body.splitlines()[:2] == ["KO", "nohost"]
    assert (stored(home), challenges.values(home)) == ((None, None), [])


@pytest.mark.parametrize("token", ["wrong", "", "x" * 40, "%00"])
def test_a_wrong_token_is_told_so_before_anything_else(ask, home, token):
    for spelling in ("home", "home.ddns.test", "a b", "home," * 30):
        for address in ("nonsense", ADDRESS):
            body = ask(token=token, domains=spelling, ip=address, verbose="true")
            assert body.splitlines()[:2] == ["KO", "badauth"]
    assert stored(home) == (None, None)


def test_restricted_hostnames_and_deactivated_accounts_are_ko(ask, alice, home):
    hostnames.suspend(home)
    assert ask(ip=ADDRESS, verbose="true").splitlines()[1] == "abuse"
    assert ask(txt="one", verbose="true").splitlines()[1] == "abuse"

    accounts.deactivate(alice)
    assert ask(ip=ADDRESS, verbose="true").splitlines()[1] == "badauth"
    assert (stored(home), challenges.values(home)) == ((None, None), [])


def test_a_source_that_repeats_wrong_tokens_is_told_to_come_back_later(key, home, settings):
    settings.WRONG_KEYS_PER_PREFIX = 2
    responses = [Device().get("/update?domains=home&token=wrong") for _ in range(3)]

    assert [response.status_code for response in responses] == [200, 200, 503]
    assert (responses[-1].content, responses[-1]["Retry-After"]) == (b"KO", "600")


@pytest.mark.parametrize("end", ["", "/", f"/{ADDRESS}", f"/{ADDRESS}/"])
def test_the_form_without_parameters_answers_the_same(home, key, end):
    response = Device().get(f"/update/home/{key}{end}")

    assert (response.status_code, response.content) == (200, b"OK")
    assert stored(home) == (ADDRESS if ADDRESS in end else SOURCE, None)


def test_the_form_without_parameters_refuses_a_wrong_token(home, key):
    assert Device().get(f"/update/home/wrong/{ADDRESS}").content == b"KO"
    assert (
        Device().get(f"/update/home.ddns.test/{key[:-1]}/{ADDRESS}?verbose=true").content.startswith(b"KO\nbadauth\n")
    )
    assert stored(home) == (None, None)


@pytest.mark.parametrize(
    "path", ["/update/home", "/update//x", "/update/a/b/c/d", "/updates/home/x", "/x/update/home/x"]
)
def test_other_paths_are_not_duckdns(home, path):
    assert Device().get(path).status_code in (401, 404)


def test_without_a_token_the_path_is_dyndns2(device, home):
    assert device.get(f"/update?domains=home.ddns.test&ip={ADDRESS}").content == f"good {ADDRESS}\n".encode()
    assert Device().get(f"/update?domains=home&ip={ADDRESS}").status_code == 401


def test_the_history_names_the_protocol(ask, home):
    ask(ip=ADDRESS)

    assert AddressUpdate.objects.get(hostname=home).protocol == "duckdns"


HOSTILE = [
    "domains=%00&token=%00", "domains=&token=", "domains=home&token=%FF", "domains=%F0%9F%92%A9&token=x",
    "domains=" + "a" * 9000, "domains=" + "a," * 5000, "domains=home&txt=%00", "domains=home&clear=true&txt=%FF",
    "domains=xn--",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_parameters_are_answered_with_ok_or_ko(key, home, query):
    for with_key in (query, f"{query}&token={key}", f"{query}&token={key}&verbose=true"):
        response = Device().get(f"/update?{with_key if 'token=' in with_key else with_key + '&token=x'}")

        assert (response.status_code, response.content[:2]) in ((200, b"OK"), (200, b"KO"), (503, b"KO"))
    assert not Hostname.objects.exclude(pk=home.pk).exists()
