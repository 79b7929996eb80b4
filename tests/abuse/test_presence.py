"""Who has a case open: two people see each other, whoever leaves is gone, and without Redis nothing breaks."""

from datetime import timedelta

import pytest
import redis

from abuse import presence
from dnsupdate import wake

pytestmark = pytest.mark.django_db
CASE, OTHER = 900_001, 900_002


@pytest.fixture(autouse=True)
def _nobody_looks():
    wake.redis_client().delete(*(f"desk:viewers:{case}" for case in (CASE, OTHER)))


@pytest.fixture
def no_redis(monkeypatch):
    """A client that finds nothing listening."""
    client = redis.Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2)
    monkeypatch.setattr(wake, "_client", client)


def test_two_people_see_each_other(oscar, root):
    assert presence.beat(CASE, oscar) == []
    assert [each.name for each in presence.beat(CASE, root)] == ["oscar@example.com"]
    assert [each.name for each in presence.beat(CASE, oscar)] == ["root@example.com"]
    assert {case: [each.name for each in those] for case, those in presence.on([CASE, OTHER]).items()} == {
        CASE: ["oscar@example.com", "root@example.com"]
    }


def test_since_is_when_the_page_was_opened(oscar, root, monkeypatch):
    presence.beat(CASE, oscar)
    (first,) = presence.beat(CASE, root)
    presence.beat(CASE, oscar)
    (again,) = presence.beat(CASE, root)
    assert again.since == first.since


def test_whoever_leaves_is_gone(oscar, root):
    presence.beat(CASE, oscar)
    presence.leave(CASE, oscar)
    assert presence.beat(CASE, root) == []


def test_whoever_is_not_heard_of_is_gone(oscar, root, monkeypatch):
    presence.beat(CASE, oscar)
    now = presence.timezone.now()
    monkeypatch.setattr(presence.timezone, "now", lambda: now + presence.GONE_AFTER + timedelta(seconds=1))
    assert presence.beat(CASE, root) == []
    assert next(iter(presence.on([CASE])[CASE])).name == "root@example.com"


def test_nothing_stays_in_redis(oscar):
    presence.beat(CASE, oscar)
    assert 0 < wake.redis_client().ttl(f"desk:viewers:{CASE}") <= presence.GONE_AFTER.total_seconds()


def test_without_redis_nobody_knows_and_nothing_breaks(oscar, no_redis):
    assert presence.beat(CASE, oscar) is None
    assert presence.on([CASE]) is None
    presence.leave(CASE, oscar)
