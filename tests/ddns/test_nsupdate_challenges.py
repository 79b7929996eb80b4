"""UPDATE messages of customers that set TXT records: challenges of certificates, at the names that ACME clients use."""

import dns.rcode
import pytest

from ddns import challenges, keys
from ddns.models import BelowName, Hostname
from tests.ddns.nsupdate_client import Client, client

NOERROR, REFUSED = dns.rcode.NOERROR, dns.rcode.REFUSED
CHALLENGE = "_acme-challenge.home"


@pytest.fixture
def certbot(alice, home) -> Client:
    """Has a key that may set challenges, and nothing else."""
    return client(keys.create(alice, label="certbot", permission="txt")[0])


def texts(hostname: Hostname, label: str = "_acme-challenge") -> list[str]:
    """What DNS shall answer."""
    publication = BelowName.objects.get(hostname=hostname, label=label).publication
    return sorted(publication.rrsets.get("TXT", {"rdata": []})["rdata"])


def add(client: Client, *values: str, name: str = CHALLENGE) -> dns.rcode.Rcode:
    update = client.update()
    for value in values:
        update.add(name, 120, "TXT", value)
    return client.send(update)


def test_values_of_the_name_and_its_wildcard_stand_side_by_side(certbot, home):
    assert add(certbot, "of-the-name") == NOERROR
    assert add(certbot, "of-the-wildcard") == NOERROR

    assert texts(home) == ['"of-the-name"', '"of-the-wildcard"']


def test_a_value_is_deleted_and_the_other_stays(certbot, home):
    add(certbot, "of-the-name", "of-the-wildcard")
    update = certbot.update()
    update.delete(CHALLENGE, "TXT", "of-the-name")

    assert certbot.send(update) == NOERROR
    assert texts(home) == ['"of-the-wildcard"']


def test_delete_and_add_replaces_all_values(certbot, home):
    add(certbot, "old", "older")
    update = certbot.update()
    update.replace(CHALLENGE, 120, "TXT", "new")

    assert certbot.send(update) == NOERROR
    assert texts(home) == ['"new"']


@pytest.mark.parametrize("rdtype", ["TXT", "ANY"])
def test_all_values_are_deleted(certbot, home, rdtype):
    add(certbot, "old", "older")
    update = certbot.update()
    update.delete(CHALLENGE, *(() if rdtype == "ANY" else ("TXT",)))

    assert certbot.send(update) == NOERROR
    assert texts(home) == []


def test_a_name_below_the_hostname_has_challenges_of_its_own(certbot, home):
    assert add(certbot, "of-www", name="_acme-challenge.www.home") == NOERROR

    assert texts(home, "_acme-challenge.www") == ['"of-www"']


def test_capitals_in_a_value_stay(certbot, home):
    add(certbot, "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0")

    assert texts(home) == ['"LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"']


def test_capitals_in_a_name_do_not_count(certbot, home):
    assert add(certbot, "of-home", name="_ACME-Challenge.HOME") == NOERROR

    assert texts(home) == ['"of-home"']


def test_cleaning_up_what_is_not_there_is_no_error(certbot, home):
    update = certbot.update()
    update.delete(CHALLENGE, "TXT", "never-there")
    update.delete(CHALLENGE)

    assert certbot.send(update) == NOERROR


@pytest.mark.parametrize("value", ['"two" "strings"', r'"\200"', r'"\010"', '""', r'"\"quoted\""', '" blank"'], ids=str)
def test_what_is_no_challenge_is_refused(certbot, home, value):
    assert add(certbot, value) == REFUSED
    assert challenges.values(home) == []


@pytest.mark.parametrize("name", ["home", "www.home", "_dmarc.home", "home._acme-challenge"])
def test_text_elsewhere_is_refused(certbot, home, name):
    assert add(certbot, "anything", name=name) == REFUSED


def test_a_challenge_and_an_address_in_one_message_are_both_or_neither(alice, home):
    device = client(keys.create(alice, label="router")[0])
    update = device.update()
    update.add(CHALLENGE, 120, "TXT", "value")
    update.add("home", 60, "A", "203.0.113.7")
    assert device.send(update) == NOERROR
    assert texts(home) == ['"value"']

    update = device.update()
    update.add(CHALLENGE, 120, "TXT", "second")
    update.add("home", 60, "MX", "10 mail.example.com.")

    assert device.send(update) == REFUSED
    assert texts(home) == ['"value"']
