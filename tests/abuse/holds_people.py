"""Who deals with disclosures and holds in these tests, and an order that asks for information."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from abuse import disclosures, roles
from abuse.models import Disclosure, Officer, Order, OrderItem
from ddns.models import AddressUpdate, Hostname, User
from tests.abuse import order_rows

ALL = ("subscriber", "addresses", "log_ins")


def member(email: str, role: str) -> User:
    roles.make_missing()
    user = User.objects.create_user(email, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def lisa(db) -> User:
    """A liaison: prepares disclosures, and sees no sealed order that she does not handle."""
    return member("lisa@example.com", roles.LIAISON)


@pytest.fixture
def sam(db) -> User:
    """A senior: releases what others have prepared."""
    return member("sam@example.com", roles.SENIOR)


@pytest.fixture
def olivia(db) -> Officer:
    return order_rows.officer()


@pytest.fixture
def inquiry(olivia: Officer, home: Hostname) -> Order:
    """What is known about Alice's name, of the last thirty days."""
    return ask(olivia, [home])


def ask(olivia: Officer, held, *, parts=ALL, days: int | None = 30, **fields) -> Order:
    records = {"parts": list(parts)}
    if days:
        now = timezone.now()
        records |= {"since": (now - timedelta(days=days)).isoformat(), "until": (now + timedelta(days=1)).isoformat()}
    return order_rows.planned(
        held,
        **{"by": olivia, "kind": Order.Kind.INFORMATION, "wanted_records": records, "wanted_effect": "none", **fields},
    )


def prepare(order: Order, by: User, **fields) -> Disclosure:
    held = [item.hostname for item in OrderItem.objects.filter(order=order).select_related("hostname__account")]
    defaults = {
        "accounts": list({each.account for each in held if each}),
        "hostnames": [each for each in held if each],
        "parts": order.wanted_records["parts"],
        "reason": "As ordered.",
    }
    return disclosures.prepare(order, by=by, **{**defaults, **fields})


def moved(hostname: Hostname, ipv4: str, *, days: int = 0, **fields) -> AddressUpdate:
    values = {"source": "198.51.100.9", "agent": "ddclient/3.11", "protocol": "dyndns2", "new_ipv4": ipv4, **fields}
    return AddressUpdate.objects.create(hostname=hostname, at=timezone.now() - timedelta(days=days), **values)
