"""seed_demo_order: the desk of ./run has an order of an authority to decide, made once."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from abuse import plans, roles
from abuse.models import Officer, Order


@pytest.fixture
def seed(home, tmp_path: Path) -> Callable[[], None]:
    """Runs the commands as ./run does at its first start."""
    roles.make_missing()
    path = tmp_path / "demo.json"
    path.write_text(json.dumps({"zone": home.domain.name, "hostname": home.name}))

    def run() -> None:
        call_command("seed_demo_reports", facts=str(path))
        call_command("seed_demo_order", facts=str(path))

    return run


def test_order_names_the_lures_and_what_such_lists_have(seed):
    seed()
    plans.make_due()

    order = Order.objects.get()
    assert order.state == Order.State.PLANNED
    assert dict(order.items.values_list("text", "outcome")) == {
        "hxxps://examplebank-login[.]ddns.test/login": "live",
        "EXAMPLEBANK-SECURE.ddns.test": "live",
        "examplebank-login(dot)ddns.test:443 # seen again": "repeated",
        "examplebank-update.ddns.test": "never",
        "ns1.ddns.test": "protected",
        "www.examplebank.example": "not_ours",
        "page 2 of 2": "invalid",
    }


def test_a_second_run_changes_nothing(seed):
    seed()
    seed()
    assert (Order.objects.count(), Officer.objects.count()) == (1, 1)


def test_a_provider_gets_none(seed, settings):
    settings.IS_PROVIDER = True
    with pytest.raises(CommandError):
        seed()
