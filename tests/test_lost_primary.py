"""The whole platform at work: a primary loses its disk, and nobody does anything about it."""

from datetime import timedelta

import pytest

from deploy.local.deadline import wait_for
from tests.stack import Stack

pytestmark = pytest.mark.timeout(300)
LABELS = [f"lost{number}" for number in range(50)]

PUBLISH = """
from dnsupdate import outbox
from dnsupdate.models import Zone
zone = Zone.objects.get(name=apex)
outbox.publish(zone, {f"{label}.{apex}": {"A": {"ttl": 60, "rdata": ["192.0.2.7"]}} for label in labels})
"""


def test_a_primary_that_lost_its_disk_answers_again_by_itself(stack: Stack):
    apex = stack.zones[0]
    stack.run(PUBLISH, apex=apex, labels=LABELS)
    stack.wait_for_answer(f"lost49.{apex}", "A", "192.0.2.7")
    with stack.database() as database:

        def ask(sql: str) -> list[tuple]:
            return database.execute(sql, [apex]).fetchall()

        of_zone = "JOIN dnsupdate_zone zone ON zone.id = zone_id WHERE zone.name = %s"
        is_seen = f"SELECT FROM dnsupdate_watch {of_zone} AND serial > 1 AND verified_serial > 1"
        wait_for(lambda: ask(is_seen), timedelta(seconds=60), "the first verification")
        stack.bind.stop()
        for path in stack.bind.directory.glob(f"{apex}.zone*"):
            path.unlink()
        stack.bind.start()
        assert stack.answer(f"lost49.{apex}") == []
        wait_for(lambda: stack.answer(f"lost49.{apex}"), timedelta(seconds=60), "the refill")
        assert stack.answer(f"lost0.{apex}") == ["192.0.2.7"]
        drift = f"SELECT text FROM dnsupdate_alarm alarm {of_zone} AND alarm.kind = 'drift' AND closed_at IS NOT NULL"
        wait_for(lambda: ask(drift), timedelta(seconds=60), "the end of the alarm")
        ((text,),) = ask(drift)
        assert "The serial went back" in text
