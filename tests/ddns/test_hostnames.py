"""Hostnames: registered, configured, restricted, reinstated, released."""

from datetime import timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from ddns import accounts, address_updates, domains, hostnames, keys
from ddns.address_updates import Wish
from ddns.addresses import Addresses, parse
from ddns.errors import HostnameReleased, HostnameRestricted, NameUnavailable, TooManyHostnames
from ddns.models import Hostname, ReservedName, Restriction
from ddns.models.hostnames import State
from dnsupdate import tsig_keys, zones
from dnsupdate.errors import InvalidName
from dnsupdate.models import PendingPublication, Publication
from dnsupdate.models.pending import Urgency
from tests.ddns.devices import Device, answered, caller, stored

SINKHOLE = {"A": {"ttl": 60, "rdata": ["192.0.2.80"]}}


def divert(hostname: Hostname) -> None:
    hostnames.divert(hostname, answer=SINKHOLE)


RESTRICTIONS = [hostnames.suspend, hostnames.hold, divert]


@pytest.fixture
def live(home, device) -> Hostname:
    """Answers 203.0.113.5."""
    device.update(hostname="home.ddns.test", myip="203.0.113.5")
    home.refresh_from_db()
    return home


def urgency(hostname: Hostname) -> int:
    return PendingPublication.objects.get(pk=hostname.publication_id).urgency


class TestRegister:
    @pytest.mark.parametrize(
        ("label", "name"),
        [
            ("home", "home"), ("HOME", "home"), (" home ", "home"), ("a", "a"), ("0", "0"), ("1a-b2", "1a-b2"),
            ("a" * 63, "a" * 63),
            ("bücher", "xn--bcher-kva"), ("BÜCHER", "xn--bcher-kva"), ("xn--bcher-kva", "xn--bcher-kva"), ("例え", "xn--r8jz45g"),
            ("ｈｏｍｅ", "home"), ("straße", "xn--strae-oqa"), ("ⅳ", "iv"),
        ],
    )  # fmt: skip
    def test_a_label_is_stored_in_its_one_spelling(self, alice, domain, label, name):
        hostname = hostnames.register(alice, domain=domain, label=label)

        assert hostname.name == f"{name}.ddns.test"
        assert (hostname.state, answered(hostname), stored(hostname)) == (State.LIVE, {}, (None, None))

    @pytest.mark.parametrize(
        "label",
        [
            "", " ", "-a", "a-", "-", "a_b", "_dmarc", "*", "a.b", "a..b", ".", "a b", "a\x00b", "a/b", "a'b", "a" * 64,
            "a--b-", "ab--c",
            "xn--", "xn--a", "xn--bcher-kv", "xn--abc-", "☃" * 80, "💩", "a\u202eb", "a\u200db", "\u0301a", "ü" * 60,
        ],
    )  # fmt: skip
    def test_what_is_no_label_of_a_host_is_refused(self, alice, domain, label):
        with pytest.raises(InvalidName):
            hostnames.register(alice, domain=domain, label=label)
        assert not Hostname.objects.exists()
        assert not Publication.objects.exists()

    def test_a_name_that_is_held_is_unavailable_in_every_spelling(self, bob, home, domain):
        for label in ("home", "HOME", "ｈｏｍｅ"):
            with pytest.raises(NameUnavailable, match="taken"):
                hostnames.register(bob, domain=domain, label=label)

    def test_a_refused_registration_leaves_the_holder_alone(self, bob, live, domain):
        revision = Publication.objects.get(pk=live.publication_id).revision
        with pytest.raises(NameUnavailable):
            hostnames.register(bob, domain=domain, label="home")

        assert answered(live) == {"A": ["203.0.113.5"]}
        assert live.publication.revision == revision

    def test_the_same_label_is_another_name_in_another_domain(self, bob, home):
        key = tsig_keys.generate("other")
        other = domains.offer(zones.add("other.test", host="127.0.0.1", port=5301, key=key))

        assert hostnames.register(bob, domain=other, label="home").name == "home.other.test"

    @pytest.mark.parametrize(
        "label", ["www", "WWW", "ns1", "mail", "wpad", "autoconfig", "localhost", "checkip", "postmaster"]
    )
    def test_a_label_that_people_trust_belongs_to_nobody(self, alice, domain, label):
        # Tests that empty the tables may have come before; the migration brings these rows.
        import_module("ddns.migrations.0003_reserve_usual_names").reserve(apps, None)

        with pytest.raises(NameUnavailable, match="reserved"):
            hostnames.register(alice, domain=domain, label=label)

    @pytest.mark.parametrize("label", ["ns", "ns6", "NS10", "dns", "dns1", "ｄｎｓ２", "ns01"])
    def test_a_label_that_nameservers_bear_belongs_to_nobody(self, alice, domain, label):
        with pytest.raises(NameUnavailable, match="reserved"):
            hostnames.register(alice, domain=domain, label=label)
        assert not Publication.objects.exists()

    @pytest.mark.parametrize("label", ["nsa", "dns-lab", "mydns1", "ns1x", "x-ns1"])
    def test_a_label_that_only_resembles_a_nameservers_is_free(self, alice, domain, label):
        assert hostnames.register(alice, domain=domain, label=label)

    def test_the_name_of_the_zones_own_nameserver_cannot_be_taken_over(self, alice, domain):
        ReservedName.objects.create(name="alpha.ddns.test", reason="nameserver of ddns.test")

        for label in ("alpha", "ALPHA", "ａｌｐｈａ"):
            with pytest.raises(NameUnavailable, match="reserved"):
                hostnames.register(alice, domain=domain, label=label)
        # A publication would withdraw the operator's address records.
        assert not Publication.objects.exists()

    @pytest.mark.parametrize("reserved", ["shop", "shop.ddns.test"])
    def test_a_reservation_covers_a_label_or_a_whole_name(self, alice, domain, reserved):
        ReservedName.objects.create(name=reserved, reason="test")

        with pytest.raises(NameUnavailable, match="reserved"):
            hostnames.register(alice, domain=domain, label="shop")

    def test_a_reservation_of_a_name_elsewhere_covers_nothing_here(self, alice, domain):
        ReservedName.objects.create(name="shop.other.test", reason="test")

        assert hostnames.register(alice, domain=domain, label="shop")

    def test_a_reservation_ends(self, alice, domain):
        ReservedName.objects.create(name="past", reason="test", until=timezone.now() - timedelta(seconds=1))
        ReservedName.objects.create(name="future", reason="test", until=timezone.now() + timedelta(hours=1))

        assert hostnames.register(alice, domain=domain, label="past")
        with pytest.raises(NameUnavailable):
            hostnames.register(alice, domain=domain, label="future")

    def test_a_closed_domain_takes_no_new_names(self, alice, home, domain):
        domain.is_open = False

        with pytest.raises(NameUnavailable, match="no new names"):
            hostnames.register(alice, domain=domain, label="later")

    def test_an_account_has_as_many_hostnames_as_the_setting_says(self, alice, bob, domain, settings):
        settings.HOSTNAMES_PER_ACCOUNT = 2
        hostnames.register(alice, domain=domain, label="a")
        hostnames.register(alice, domain=domain, label="b")
        with pytest.raises(TooManyHostnames):
            hostnames.register(alice, domain=domain, label="c")
        assert hostnames.register(bob, domain=domain, label="c")

    def test_a_name_that_rests_counts_as_one_of_the_account_until_it_is_free_again(
        self, alice, bob, home, office, domain, settings
    ):
        settings.HOSTNAMES_PER_ACCOUNT = 2
        with time_machine.travel(timezone.now(), tick=False) as clock:
            hostnames.release(home)
            clock.shift(hostnames.RELEASE_REST - timedelta(seconds=1))
            with pytest.raises(TooManyHostnames, match=r"2\. Names given up in the last 30 days count too"):
                hostnames.register(alice, domain=domain, label="later")
            assert hostnames.register(bob, domain=domain, label="bobs")

            clock.shift(timedelta(seconds=1))
            assert hostnames.register(alice, domain=domain, label="later")


class TestRelease:
    def test_it_goes_out_of_dns_behind_what_the_abuse_desk_withdraws(self, live):
        released = hostnames.release(live)

        assert (released.state, answered(live), urgency(live)) == (State.RELEASED, {}, Urgency.ORDINARY)
        assert not Hostname.objects.unreleased().exists()

    def test_nobody_gets_the_name_while_it_rests_and_anybody_after_it(self, alice, bob, live, domain):
        with time_machine.travel(timezone.now(), tick=False):
            hostnames.release(live)
            for account in (alice, bob):
                with pytest.raises(NameUnavailable, match="reserved"):
                    hostnames.register(account, domain=domain, label="home")
            reserved = ReservedName.objects.get(name="home.ddns.test")
            assert reserved.until == timezone.now() + hostnames.RELEASE_REST
        ReservedName.objects.update(until=timezone.now() - timedelta(seconds=1))

        again = hostnames.register(bob, domain=domain, label="home")

        assert (again.account, again.pk != live.pk, stored(again), answered(again)) == (bob, True, (None, None), {})

    def test_a_reservation_for_good_stays_as_it_is_when_the_name_is_released(self, live):
        ReservedName.objects.create(name=live.name, reason="order of a court")
        hostnames.release(live)

        reserved = ReservedName.objects.get(name=live.name)
        assert (reserved.until, reserved.reason) == (None, "order of a court")

    @pytest.mark.parametrize(("had", "has"), [(-1, 30), (1, 30), (29, 30), (31, 31), (365, 365)])
    def test_a_reservation_with_an_end_is_only_ever_extended(self, live, had, has):
        with time_machine.travel(timezone.now(), tick=False):
            ReservedName.objects.create(name=live.name, reason="test", until=timezone.now() + timedelta(days=had))
            hostnames.release(live)

            assert ReservedName.objects.get(name=live.name).until == timezone.now() + timedelta(days=has)

    def test_a_name_is_released_once(self, live):
        hostnames.release(live)

        with pytest.raises(HostnameReleased):
            hostnames.release(live)

    @pytest.mark.parametrize("restrict", RESTRICTIONS)
    def test_a_restricted_name_can_be_neither_released_nor_registered_again(self, alice, bob, live, domain, restrict):
        restrict(live)

        with pytest.raises(HostnameRestricted):
            hostnames.release(live)
        for account in (alice, bob):
            with pytest.raises(NameUnavailable):
                hostnames.register(account, domain=domain, label="home")
        assert stored(live) == ("203.0.113.5", None)


class TestRestrict:
    def test_a_suspended_name_answers_nothing_and_keeps_what_is_stored(self, live):
        hostnames.suspend(live)
        live = Hostname.objects.get()

        assert (live.state, answered(live), stored(live)) == (State.SUSPENDED, {}, ("203.0.113.5", None))
        assert urgency(live) == Urgency.WITHDRAWAL

    def test_a_held_name_answers_what_stood(self, live):
        hostnames.hold(live)

        assert (Hostname.objects.get().state, answered(live)) == (State.HELD, {"A": ["203.0.113.5"]})

    def test_a_diverted_name_answers_the_target(self, live):
        hostnames.divert(live, answer=SINKHOLE)

        assert (Hostname.objects.get().state, answered(live)) == (State.DIVERTED, {"A": ["192.0.2.80"]})

    def test_reinstating_restores_exactly_what_was(self, live):
        hostnames.configure(live, wildcard=True)
        before = list(Publication.objects.order_by("name").values_list("name", "rrsets"))
        hostnames.suspend(live)
        assert set(Publication.objects.values_list("name", flat=True)) == {"home.ddns.test", "*.home.ddns.test"}
        assert not any(Publication.objects.values_list("rrsets", flat=True))

        hostnames.reinstate(live)

        assert list(Publication.objects.order_by("name").values_list("name", "rrsets")) == before
        assert not Restriction.objects.exists()

    @pytest.mark.parametrize("first", RESTRICTIONS)
    @pytest.mark.parametrize("second", [hostnames.hold, divert])
    def test_no_hold_or_diversion_takes_the_place_of_a_restriction(self, live, first, second):
        first(live)
        before = list(Restriction.objects.values()), answered(live)

        with pytest.raises(HostnameRestricted):
            second(live)
        assert (list(Restriction.objects.values()), answered(live)) == before

    @pytest.mark.parametrize("first", RESTRICTIONS)
    def test_a_suspension_takes_the_place_of_any_restriction_until_the_name_is_reinstated(self, live, first):
        first(live)
        hostnames.suspend(live)
        assert (Hostname.objects.get().state, answered(live)) == (State.SUSPENDED, {})

        hostnames.reinstate(live)
        assert (Hostname.objects.get().state, answered(live)) == (State.LIVE, {"A": ["203.0.113.5"]})

    def test_an_offline_name_stays_offline_when_it_is_reinstated(self, live):
        hostnames.configure(live, offline=True)
        hostnames.suspend(live)
        hostnames.reinstate(live)

        assert (Hostname.objects.get().state, answered(live)) == (State.OFFLINE, {})

    def test_only_the_named_hostname_is_touched(self, live, office, foreign):
        before = {each.pk: Publication.objects.get(pk=each.publication_id).revision for each in (office, foreign)}

        hostnames.suspend(live)

        assert before == {
            each.pk: Publication.objects.get(pk=each.publication_id).revision for each in (office, foreign)
        }

    @pytest.mark.parametrize("change", [{"wildcard": True}, {"offline": True}, {"offline": False}])
    def test_a_restricted_name_cannot_be_configured(self, live, change):
        hostnames.suspend(live)

        with pytest.raises(HostnameRestricted):
            hostnames.configure(live, **change)

    def test_a_released_name_cannot_be_restricted_or_configured(self, live):
        hostnames.release(live)

        for verb in (*RESTRICTIONS, hostnames.configure):
            with pytest.raises(HostnameReleased):
                verb(live)


class TestAccounts:
    def test_deactivating_withdraws_every_hostname_and_ends_the_keys(self, alice, bob, live, office, foreign, key):
        bobs = keys.create(bob, label="x")[1]
        Device("bob", bobs).update(hostname="bob.ddns.test", myip="203.0.113.7")

        assert accounts.deactivate(alice) == 2
        assert (answered(live), answered(office), answered(foreign)) == ({}, {}, {"A": ["203.0.113.7"]})
        assert urgency(live) == Urgency.WITHDRAWAL
        assert Device("alice", key).update(hostname="home.ddns.test").status_code == 401
        assert Device("bob", bobs).update(hostname="bob.ddns.test", myip="203.0.113.8").content == b"good 203.0.113.8\n"
        alice.refresh_from_db()
        assert not alice.is_active

    def test_reactivating_restores_what_was(self, alice, live, office, key):
        hostnames.suspend(office)
        accounts.deactivate(alice)

        assert accounts.reactivate(alice) == 2
        assert (answered(live), answered(office)) == ({"A": ["203.0.113.5"]}, {})
        assert (
            Device("alice", key).update(hostname="home.ddns.test", myip="203.0.113.5").content == b"nochg 203.0.113.5\n"
        )
        assert Device("alice", key).update(hostname="office.ddns.test").content == b"abuse\n"

    def test_a_suspension_that_ends_while_the_account_is_deactivated_brings_nothing_back(self, alice, live):
        hostnames.suspend(live)
        accounts.deactivate(alice)
        hostnames.reinstate(live)
        assert answered(live) == {}

        accounts.reactivate(alice)
        assert answered(live) == {"A": ["203.0.113.5"]}


def test_hold_of_a_name_whose_account_is_deactivated_freezes_what_it_answers_otherwise(alice, home, key):
    address_updates.update(caller(key), ["home.ddns.test"], Wish(Addresses(parse("203.0.113.1"))))
    accounts.deactivate(alice)
    hostnames.hold(Hostname.objects.get(pk=home.pk))
    assert answered(home) == {}

    accounts.reactivate(alice)

    assert answered(home) == {"A": ["203.0.113.1"]}


def test_end_of_a_restriction_over_a_name_that_was_given_up_leaves_its_next_holder_alone(home, bob, domain):
    hostnames.release(home)
    ReservedName.objects.filter(name="home.ddns.test").delete()
    next_holder = hostnames.register(bob, domain=domain, label="home")
    Hostname.objects.filter(pk=next_holder.pk).update(ipv4="203.0.113.9")
    hostnames.configure(next_holder)

    hostnames.reinstate(home)

    assert answered(next_holder) == {"A": ["203.0.113.9"]}
