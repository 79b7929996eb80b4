"""dyndns2: offline, wildcard, and what is ignored."""

import pytest

from ddns import hostnames
from ddns.models import AddressUpdate
from dnsupdate.models import Publication
from tests.ddns.devices import SOURCE, answered, stored

ADDRESS, OTHER = "203.0.113.5", "203.0.113.6"


@pytest.fixture
def ask(device):
    return lambda **parameters: device.update(hostname="home.ddns.test", **parameters).content.decode()


def wildcard_answer(hostname):
    publication = Publication.objects.filter(name=f"*.{hostname.name}").first()
    return None if publication is None else {rdtype: rrset["rdata"] for rdtype, rrset in publication.rrsets.items()}


@pytest.mark.parametrize("value", ["YES", "yes", "Yes", "1", "true"])
def test_offline_withdraws_the_name_and_keeps_its_addresses(ask, home, value):
    ask(myip=ADDRESS)

    assert ask(offline=value) == "good\n"
    assert (answered(home), stored(home)) == ({}, (ADDRESS, None))
    assert ask(offline=value) == "nochg\n"
    assert ask(myip=OTHER, offline=value) == f"nochg {OTHER}\n"
    assert (answered(home), stored(home)) == ({}, (ADDRESS, None))


@pytest.mark.parametrize("options", [{}, {"offline": "NO"}, {"offline": "no"}, {"offline": ""}, {"offline": "0"}])
def test_an_update_brings_a_hostname_back(ask, home, options):
    ask(myip=ADDRESS)
    ask(offline="YES")

    assert ask(myip=ADDRESS, **options) == f"good {ADDRESS}\n"
    assert answered(home) == {"A": [ADDRESS]}
    home.refresh_from_db()
    assert not home.offline


def test_an_update_that_says_nochg_changes_the_address_and_leaves_the_hostname_offline(ask, home):
    ask(myip=ADDRESS)
    ask(offline="YES")

    assert ask(myip=ADDRESS, offline="NOCHG") == f"nochg {ADDRESS}\n"
    assert ask(myip=OTHER, offline="NOCHG") == f"good {OTHER}\n"
    assert (answered(home), stored(home)) == ({}, (OTHER, None))


def test_coming_back_without_an_address_means_the_source(ask, home):
    ask(offline="YES")

    assert ask() == f"good {SOURCE}\n"
    assert answered(home) == {"A": [SOURCE]}


def test_going_offline_and_back_is_no_change_of_address_in_the_history(ask, home):
    ask(myip=ADDRESS)
    ask(offline="YES")
    ask(myip=ADDRESS)
    ask(myip=OTHER, wildcard="ON")

    changes = list(AddressUpdate.objects.filter(hostname=home).order_by("at").values_list("old_ipv4", "new_ipv4"))
    assert changes == [(None, ADDRESS), (ADDRESS, OTHER)]


@pytest.mark.parametrize("value", ["ON", "on", "On"])
def test_wildcard_on_makes_every_name_below_follow(ask, home, value):
    assert ask(myip=ADDRESS, wildcard=value) == f"good {ADDRESS}\n"
    assert wildcard_answer(home) == {"A": [ADDRESS]}

    assert ask(myip=OTHER) == f"good {OTHER}\n"
    assert wildcard_answer(home) == answered(home) == {"A": [OTHER]}
    assert ask(myip=OTHER, wildcard=value) == f"nochg {OTHER}\n"


def test_wildcard_off_withdraws_the_names_below_alone(ask, home):
    ask(myip=ADDRESS, wildcard="ON")

    assert ask(myip=ADDRESS, wildcard="OFF") == f"good {ADDRESS}\n"
    assert (wildcard_answer(home), answered(home)) == ({}, {"A": [ADDRESS]})
    assert ask(myip=OTHER) == f"good {OTHER}\n"
    assert wildcard_answer(home) == {}


@pytest.mark.parametrize("value", ["NOCHG", "", "YES", "nonsense", "%w"])
def test_other_values_leave_the_wildcard_as_it_is(ask, home, value):
    ask(myip=ADDRESS, wildcard="ON")

    assert ask(myip=ADDRESS, wildcard=value) == f"nochg {ADDRESS}\n"
    assert wildcard_answer(home) == {"A": [ADDRESS]}


def test_offline_and_suspension_take_the_wildcard_along(ask, home):
    ask(myip=ADDRESS, wildcard="ON")
    ask(offline="YES")
    assert wildcard_answer(home) == {}
    ask(myip=ADDRESS)
    assert wildcard_answer(home) == {"A": [ADDRESS]}

    hostnames.suspend(home)

    assert wildcard_answer(home) == answered(home) == {}
    hostnames.reinstate(home)
    assert wildcard_answer(home) == answered(home) == {"A": [ADDRESS]}


@pytest.mark.parametrize(
    "ignored",
    [
        {"system": "dyndns"}, {"system": "statdns"}, {"system": "custom"}, {"system": "noip"}, {"system": "nonsense"},
        {"mx": ""}, {"mx": "mail.example.com"}, {"mx": "NOCHG"}, {"backmx": "NO"}, {"backmx": "YES"}, {"url": "http://x"},
        {"action": "edit", "started": "1"}, {"dummy": "1"}, {"txt": "x"}, {"group": "g"}, {"cmd": "x"},
        # pfSense, Synology
        {"system": "dyndns", "wildcard": "OFF", "mx": "", "backmx": "NO"},
        {"system": "dyndns", "wildcard": "NOCHG", "mx": "NOCHG", "backmx": "NOCHG"},
    ],
)  # fmt: skip
def test_deprecated_and_unknown_parameters_are_ignored(ask, home, ignored):
    assert ask(myip=ADDRESS, **ignored) == f"good {ADDRESS}\n"
    assert (answered(home), wildcard_answer(home)) == ({"A": [ADDRESS]}, None)
