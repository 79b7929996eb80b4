"""seed_demo: the demo's data, made once and mended where somebody has played with it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from ddns import hostnames
from ddns.models import Domain, Hostname, UpdateKey, User
from dnsupdate import tsig_keys


@pytest.fixture
def seed(db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict]:
    """Runs the command as ./run does at each start, and gives the facts."""
    key = tsig_keys.generate("demo")
    monkeypatch.setenv("DDNS_DNS_PORT", "5300")
    monkeypatch.setenv("DDNS_DEMO_TSIG_KEY", f"{key.name}:{key.algorithm}:{key.secret}")
    path = tmp_path / "demo.json"

    def run() -> dict:
        call_command("seed_demo", facts=str(path))
        return json.loads(path.read_text())

    return run


def give_up(name: str) -> None:
    hostnames.release(Hostname.objects.unreleased().get(name=name))


def test_a_second_run_changes_nothing(seed):
    facts = seed()

    assert facts["hostname"] == "home.ddns.example"
    assert seed() == facts
    assert (User.objects.count(), Hostname.objects.count(), UpdateKey.objects.count()) == (2, 1, 1)


def test_a_name_given_up_is_replaced_by_a_free_one(seed):
    facts = seed()
    give_up("home.ddns.example")

    assert seed() == {**facts, "hostname": "home2.ddns.example"}
    assert seed() == {**facts, "hostname": "home2.ddns.example"}
    give_up("home2.ddns.example")
    assert seed()["hostname"] == "home3.ddns.example"


def test_a_name_given_up_is_replaced_by_one_that_the_customer_has(seed):
    facts = seed()
    customer = User.objects.get(email=facts["username"])
    hostnames.register(customer, domain=Domain.objects.get(), label="attic")
    assert seed() == facts
    give_up("home.ddns.example")

    assert seed() == {**facts, "hostname": "attic.ddns.example"}


def test_a_label_that_another_customer_holds_is_passed_over(seed, bob):
    seed()
    give_up("home.ddns.example")
    hostnames.register(bob, domain=Domain.objects.get(), label="home2")

    assert seed()["hostname"] == "home3.ddns.example"


@pytest.mark.parametrize("obstacle", ["quota", "closed"])
def test_where_no_name_can_be_had_the_last_one_stays_in_the_facts(seed, settings, obstacle):
    facts = seed()
    give_up("home.ddns.example")
    if obstacle == "quota":
        settings.HOSTNAMES_PER_ACCOUNT = 1
    else:
        Domain.objects.update(is_open=False)

    assert seed() == facts
    assert not Hostname.objects.unreleased().exists()
