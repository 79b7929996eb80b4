"""The outbox: what a name shall answer is written with the decision, or not at all."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from deploy.local.deadline import wait_for
from dnsupdate import batches, outbox, wake
from dnsupdate.errors import InvalidName, InvalidRRset
from dnsupdate.leases import Lease
from dnsupdate.messages import Change
from dnsupdate.models import PendingPublication, Publication, Zone
from dnsupdate.models.pending import Urgency
from tests.dnsupdate.real_zones import a, dirty_names

PATIENCE = timedelta(seconds=20)
ALICE, BOB = "alice.ddns.example", "bob.ddns.example"


def test_a_name_is_written_and_queued(quiet_zone: Zone):
    ids = outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    row = Publication.objects.get()
    assert ids == {ALICE: row.pk}
    assert (row.name, row.rrsets, row.revision, row.published_revision) == (ALICE, a("192.0.2.1"), 1, 0)
    assert dirty_names(quiet_zone) == {ALICE}


def test_every_change_raises_the_revision_of_the_one_row(quiet_zone: Zone):
    for last in range(1, 6):
        outbox.publish(quiet_zone, {ALICE: a(f"192.0.2.{last}")})
    row = Publication.objects.get()
    assert (row.revision, row.rrsets) == (5, a("192.0.2.5"))
    assert PendingPublication.objects.count() == 1


def test_a_change_keeps_its_place_in_the_queue(quiet_zone: Zone):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    queued_at = PendingPublication.objects.get().queued_at
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.2")})
    assert PendingPublication.objects.get().queued_at == queued_at


def test_urgency_never_falls_while_a_name_waits(quiet_zone: Zone):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    outbox.publish(quiet_zone, {ALICE: {}}, Urgency.WITHDRAWAL)
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.2")})
    assert PendingPublication.objects.get().urgency == Urgency.WITHDRAWAL


def test_a_rolled_back_decision_leaves_nothing(quiet_zone: Zone, broker):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    wake.forget(quiet_zone.pk)

    with transaction.atomic():
        outbox.publish(quiet_zone, {ALICE: {}, BOB: a("192.0.2.2")}, Urgency.WITHDRAWAL)
        transaction.set_rollback(True)
    row = Publication.objects.get()
    assert (row.name, row.revision, row.rrsets) == (ALICE, 1, a("192.0.2.1"))
    assert PendingPublication.objects.get().urgency == Urgency.ORDINARY
    assert not wake.redis_client().exists(f"publish:{quiet_zone.pk}")


def test_nothing_wanted_writes_and_wakes_nothing(quiet_zone: Zone):
    assert outbox.publish(quiet_zone, {}) == {}
    assert not wake.redis_client().exists(f"publish:{quiet_zone.pk}")


@pytest.mark.parametrize(
    "name",
    [
        "alice.example",
        "aliceddns.example",
        "alice.ddns.example.test",
        "ddns.example",
        "_publisher.ddns.example",
        "Alice.ddns.example",
        "alice.ddns.example.",
        "bücher.ddns.example",
        "",
    ],
)
def test_only_normalised_names_of_its_own_below_the_apex_are_taken(quiet_zone: Zone, name: str):
    with pytest.raises(InvalidName):
        outbox.publish(quiet_zone, {BOB: a("192.0.2.2"), name: a("192.0.2.1")})
    assert not Publication.objects.exists()


def test_a_cname_beside_other_records_is_refused(quiet_zone: Zone):
    beside = a("192.0.2.1") | {"CNAME": {"ttl": 60, "rdata": ["bob.example."]}}
    with pytest.raises(InvalidRRset, match="stands alone"):
        outbox.publish(quiet_zone, {BOB: a("192.0.2.2"), ALICE: beside})
    assert not Publication.objects.exists()


def test_a_new_revision_ends_a_refusal_and_its_pause(quiet_zone: Zone):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    Publication.objects.update(refusal="The nameserver refuses these records: FORMERR.")
    PendingPublication.objects.update(retry_at=timezone.now(), refusal_count=3)
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.2")})
    pending = PendingPublication.objects.get()
    assert (pending.retry_at, pending.refusal_count) == (None, 0)
    assert Publication.objects.get().refusal == ""


def test_republishing_sends_the_same_records_again(quiet_zone: Zone):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1"), BOB: a("192.0.2.2")})
    PendingPublication.objects.all().delete()
    Publication.objects.update(published_revision=1)
    outbox.republish(quiet_zone, [ALICE])
    assert dirty_names(quiet_zone) == {ALICE}
    assert Publication.objects.get(name=ALICE).rrsets == a("192.0.2.1")


def test_republished_withdrawals_go_first(quiet_zone: Zone):
    outbox.publish(quiet_zone, {ALICE: {}, BOB: a("192.0.2.2")})
    PendingPublication.objects.all().delete()
    outbox.republish(quiet_zone, [ALICE, BOB])
    urgency = dict(PendingPublication.objects.values_list("publication__name", "urgency"))
    assert urgency == {ALICE: Urgency.WITHDRAWAL, BOB: Urgency.ORDINARY}


def test_a_stray_is_withdrawn_and_a_row_is_left_alone(quiet_zone: Zone):
    outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    outbox.withdraw_strays(quiet_zone, [BOB, ALICE])
    rows = {row.name: (row.rrsets, row.revision) for row in Publication.objects.all()}
    assert rows == {ALICE: (a("192.0.2.1"), 1), BOB: ({}, 1)}
    assert PendingPublication.objects.get(publication__name=BOB).urgency == Urgency.WITHDRAWAL
    with pytest.raises(InvalidName):
        outbox.withdraw_strays(quiet_zone, ["_publisher.ddns.example"])


def test_names_of_several_zones_are_withdrawn_at_once_before_all_others(quiet_zone: Zone, broker):
    other = Zone.objects.create(name="other.example", primary=quiet_zone.primary)
    ids = outbox.publish(quiet_zone, {ALICE: a("192.0.2.1"), BOB: a("192.0.2.2")})
    carol = outbox.publish(other, {"carol.other.example": a("192.0.2.3")})["carol.other.example"]
    wake.forget(quiet_zone.pk)
    wake.forget(other.pk)
    outbox.answer([ids[ALICE], carol], {}, Urgency.WITHDRAWAL)

    rows = {row.name: (row.rrsets, row.revision) for row in Publication.objects.all()}
    assert rows == {ALICE: ({}, 2), "carol.other.example": ({}, 2), BOB: (a("192.0.2.2"), 1)}
    assert set(PendingPublication.objects.due().filter(urgency=Urgency.WITHDRAWAL).values_list("pk", flat=True)) == {
        ids[ALICE], carol,
    }  # fmt: skip
    assert all(wake.redis_client().exists(f"publish:{zone.pk}") for zone in (quiet_zone, other))


def test_only_records_that_can_stand_are_answered(quiet_zone: Zone):
    ids = outbox.publish(quiet_zone, {ALICE: a("192.0.2.1")})
    beside = a("192.0.2.1") | {"CNAME": {"ttl": 60, "rdata": ["bob.example."]}}
    with pytest.raises(InvalidRRset):
        outbox.answer(list(ids.values()), beside, Urgency.ORDINARY)
    outbox.answer([], {}, Urgency.ORDINARY)
    assert Publication.objects.get().revision == 1


def publish_all(zone: Zone, names: list[str]) -> None:
    outbox.publish(zone, {name: a("192.0.2.1") for name in names})


def republish_all(zone: Zone, names: list[str]) -> None:
    outbox.republish(zone, names)


def withdraw_all(zone: Zone, names: list[str]) -> None:
    outbox.withdraw_strays(zone, names)


def lock_all(zone: Zone, names: list[str]) -> None:
    with transaction.atomic():
        outbox.lock(list(Publication.objects.filter(name__in=names).values_list("pk", flat=True)))


def mark_all(zone: Zone, names: list[str]) -> None:
    rows = Publication.objects.filter(name__in=names).order_by("?")
    batches.mark_published(
        Lease(zone.pk, uuid4()), [Change(row.pk, row.name, row.revision, row.rrsets) for row in rows]
    )


def in_thread(work: Callable[..., None], *arguments: object, errors: list[BaseException]) -> threading.Thread:
    def run() -> None:
        try:
            work(*arguments)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


@pytest.mark.parametrize("write", [publish_all, republish_all, lock_all, mark_all])
def test_every_writer_locks_names_in_the_same_order(quiet_zone: Zone, write: Callable[..., None]):
    """The order of JSON objects, of ids and of indexes all differ from it here; two orders would be a deadlock."""
    names = [f"host-{number}.ddns.example" for number in range(20, 0, -1)]
    publish_all(quiet_zone, names)
    random.shuffle(names)
    held, errors = sorted(names)[10], []
    with transaction.atomic():
        Publication.objects.select_for_update().get(name=held)
        writer = in_thread(write, quiet_zone, names, errors=errors)
        wait_for(somebody_waits, PATIENCE)
        free = Publication.objects.select_for_update(skip_locked=True).values_list("name", flat=True)
        assert set(free) == {name for name in names if name >= held}
    writer.join()
    assert errors == []


@pytest.mark.parametrize("write", [republish_all, withdraw_all])
def test_bulk_work_is_committed_chunk_by_chunk(
    quiet_zone: Zone, write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    """The last name is not free; those of the chunks before its own are nobody's to wait for."""
    monkeypatch.setattr(outbox, "CHUNK", 2)
    names = [f"host-{number}.ddns.example" for number in range(6)]
    if write is republish_all:
        publish_all(quiet_zone, names)
        PendingPublication.objects.all().delete()
    errors: list[BaseException] = []
    with transaction.atomic():
        publish_all(quiet_zone, names[5:])
        writer = in_thread(write, quiet_zone, names, errors=errors)
        wait_for(somebody_waits, PATIENCE)
        queued = PendingPublication.objects.values_list("publication__name", flat=True)
        assert set(queued) == {*names[:4], names[5]}
    writer.join()
    assert errors == []
    assert Publication.objects.get(name=names[5]).rrsets == a("192.0.2.1")


def test_publishers_of_overlapping_names_all_get_through(quiet_zone: Zone):
    names = [f"host-{number}.ddns.example" for number in range(60)]
    rounds, together, errors = 10, threading.Barrier(2), []

    def publish_in_rounds(own: list[str]) -> None:
        for _ in range(rounds):
            together.wait(timeout=30)
            publish_all(quiet_zone, own)

    writers = [in_thread(publish_in_rounds, own, errors=errors) for own in (names[:40], list(reversed(names[20:])))]
    for writer in writers:
        writer.join()
    assert errors == []
    assert set(Publication.objects.filter(name__in=names[20:40]).values_list("revision", flat=True)) == {2 * rounds}
