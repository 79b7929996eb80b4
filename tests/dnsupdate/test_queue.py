"""The queue: read in order from where the last read ended, urgent first, so that a batch is read while another is on the wire."""

from datetime import timedelta

from django.utils import timezone

from dnsupdate import batches, leases, outbox
from dnsupdate.batches import Queue
from dnsupdate.models import PendingPublication, Zone
from dnsupdate.models.pending import Urgency
from tests.dnsupdate.real_zones import a


def publish(zone: Zone, *labels: str, urgency: Urgency = Urgency.ORDINARY) -> None:
    outbox.publish(zone, {f"{label}.{zone.name}": a("192.0.2.1") for label in labels}, urgency)


def labels(changes: list) -> list[str]:
    return [change.name.split(".")[0] for change in changes]


def test_every_name_is_read_once_however_many_were_queued_at_once(quiet_zone: Zone):
    wanted = [f"host-{number:04}" for number in range(1000)]
    publish(quiet_zone, *wanted)
    queue, read = Queue(quiet_zone.pk), []
    while batch := queue.read(130):
        read += labels(batch)
    assert sorted(read) == wanted


def test_an_urgent_name_comes_next_and_not_behind_what_waits(quiet_zone: Zone):
    publish(quiet_zone, *(f"host-{number}" for number in range(20)))
    queue = Queue(quiet_zone.pk)
    queue.read(5)
    publish(quiet_zone, "mallory", urgency=Urgency.WITHDRAWAL)
    assert labels(queue.read(5))[0] == "mallory"


def test_a_name_that_was_read_and_became_urgent_is_read_again(quiet_zone: Zone):
    publish(quiet_zone, "mallory", "alice", "bob")
    queue = Queue(quiet_zone.pk)
    queue.read(3)
    publish(quiet_zone, "mallory", urgency=Urgency.WITHDRAWAL)
    assert labels(queue.read(3)) == ["mallory"]


def test_what_was_queued_earlier_and_committed_later_is_read_after_a_rewind(quiet_zone: Zone):
    publish(quiet_zone, "alice")
    queue = Queue(quiet_zone.pk)
    lease, changes = leases.claim(quiet_zone.pk), queue.read(10)
    publish(quiet_zone, "bob")
    PendingPublication.objects.filter(publication__name__startswith="bob").update(
        queued_at=timezone.now() - timedelta(minutes=1)
    )
    assert queue.read(10) == []
    batches.mark_published(lease, changes)
    queue.rewind()
    assert labels(queue.read(10)) == ["bob"]


def test_what_is_set_aside_is_not_read_until_its_pause_is_over(quiet_zone: Zone):
    publish(quiet_zone, "mallory", "alice")
    batches.set_aside(batches.read(quiet_zone.pk)[1], "test")
    assert len(batches.read(quiet_zone.pk)) == 1
    PendingPublication.objects.update(retry_at=timezone.now())
    assert len(batches.read(quiet_zone.pk)) == 2


def test_names_and_messages_are_counted(quiet_zone: Zone):
    lease = leases.claim(quiet_zone.pk)
    publish(quiet_zone, "alice", "bob")
    batches.mark_published(lease, batches.read(quiet_zone.pk))
    publish(quiet_zone, "alice")
    batches.mark_published(lease, batches.read(quiet_zone.pk))
    quiet_zone.refresh_from_db()
    assert (quiet_zone.message_count, quiet_zone.name_count) == (2, 3)


def test_a_name_that_changed_while_it_was_sent_waits_since_then_and_is_read_without_a_rewind(quiet_zone: Zone):
    publish(quiet_zone, "alice", "bob")
    queue, lease = Queue(quiet_zone.pk), leases.claim(quiet_zone.pk)
    first = PendingPublication.objects.get(publication__name__startswith="alice").queued_at
    changes = queue.read(10)
    publish(quiet_zone, "alice")
    batches.mark_published(lease, changes)
    assert PendingPublication.objects.get().queued_at > first
    assert labels(queue.read(10)) == ["alice"]


def test_a_waiting_name_that_becomes_urgent_is_behind_no_cursor(quiet_zone: Zone):
    """It was queued before a withdrawal that was read already."""
    publish(quiet_zone, "mallory")
    publish(quiet_zone, "trudy", urgency=Urgency.WITHDRAWAL)
    queue = Queue(quiet_zone.pk)
    assert labels(queue.read(1)) == ["trudy"]
    publish(quiet_zone, "mallory", urgency=Urgency.WITHDRAWAL)
    assert labels(queue.read(1)) == ["mallory"]
