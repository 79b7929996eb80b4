"""A zone whose delegation is watched at a real parent, for the tests of what may become of it."""

from datetime import timedelta

import pytest

from dnsupdate.models import Alarm, Delegation
from tests.dnsupdate.parent_zone import Family

State = Delegation.State


def alarm(family: Family) -> Alarm | None:
    return Alarm.objects.open().filter(kind=Alarm.Kind.DELEGATION, zone=family.zone).first()


def later(family: Family, **fields: timedelta) -> None:
    """As if these times of the delegation were that much longer ago."""
    row = Delegation.objects.get(zone=family.zone)
    Delegation.objects.filter(pk=row.pk).update(**{name: getattr(row, name) - ago for name, ago in fields.items()})


@pytest.fixture(name="watched")
def watched_family(family: Family) -> Family:
    """Its delegation is taken over."""
    assert family.watch().state == State.EXPECTED
    return family
