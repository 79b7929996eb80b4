"""The publisher: the zone says what the rows say, on BIND, Knot and the embedded nameserver."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from deploy.local.deadline import wait_for
from deploy.local.server import Server
from dnsupdate import batches, leases, outbox, primaries, publisher, transfers, tsig_keys
from dnsupdate.messages import FENCE_LABEL, Change
from dnsupdate.models import Nameserver, PendingPublication, Publication, Zone
from dnsupdate.models.pending import Urgency
from dnsupdate.primary import Primary
from dnsupdate.statements import Statement, planned_without
from tests.dnsupdate.real_zones import a, answers, by_hand, dirty_names, drain, exists, send_by_hand

PATIENCE = timedelta(seconds=20)
DUAL = a("192.0.2.1") | {"AAAA": {"ttl": 60, "rdata": ["2001:db8::1"]}}


def send(zone: Zone, changes: list[Change]) -> None:
    """As the publisher does before it marks."""
    with primaries.lend(zone.pk) as session:
        session.learn_fence()
        session.send(changes)


@pytest.fixture
def alice(zone: Zone) -> str:
    return f"alice.{zone.name}"


# --- The zone follows the rows -----------------------------------------------------------------------------


def test_an_update_is_in_dns(primary: Server, zone: Zone, alice: str):
    outbox.publish(zone, {alice: DUAL})
    drain(zone)
    assert answers(primary, alice, "A") == {"192.0.2.1"}
    assert answers(primary, alice, "AAAA") == {"2001:db8::1"}
    row = Publication.objects.get()
    assert (row.published_revision, row.is_dirty, row.is_withdrawn) == (1, False, False)
    assert row.published_at is not None
    assert dirty_names(zone) == set()


def test_a_change_replaces_all_that_was_there(primary: Server, zone: Zone, alice: str):
    outbox.publish(zone, {alice: DUAL})
    drain(zone)
    outbox.publish(zone, {alice: a("192.0.2.2", "192.0.2.3", ttl=30)})
    drain(zone)
    assert answers(primary, alice, "A") == {"192.0.2.2", "192.0.2.3"}
    assert answers(primary, alice, "AAAA") == set()
    assert {ttl for ttl, _ in transfers.transfer(zone)[alice].values()} == {30}


def test_records_that_nobody_wrote_go_with_the_next_change(primary: Server, zone: Zone, alice: str):
    update = by_hand(primary, zone.name)
    update.add(f"{alice}.", 60, "TXT", "left by hand")
    send_by_hand(primary, update)
    outbox.publish(zone, {alice: a("192.0.2.1")})
    drain(zone)
    assert set(transfers.transfer(zone)[alice]) == {"A"}


def test_a_withdrawn_name_does_not_exist(primary: Server, zone: Zone, alice: str):
    outbox.publish(zone, {alice: DUAL})
    drain(zone)
    outbox.publish(zone, {alice: {}}, Urgency.WITHDRAWAL)
    drain(zone)
    assert not exists(primary, alice)
    assert Publication.objects.get().is_withdrawn


def test_withdrawing_a_name_that_never_was_is_no_failure(zone: Zone, alice: str):
    outbox.publish(zone, {alice: {}})
    drain(zone)
    assert Publication.objects.get().is_withdrawn


def test_a_wildcard_answers_every_name_below_it(primary: Server, zone: Zone, alice: str):
    outbox.publish(zone, {alice: a("192.0.2.1"), f"*.{alice}": a("192.0.2.1")})
    drain(zone)
    assert answers(primary, f"whatever.{alice}") == {"192.0.2.1"}
    outbox.publish(zone, {f"*.{alice}": {}})
    drain(zone)
    assert not exists(primary, f"whatever.{alice}")
    assert answers(primary, alice) == {"192.0.2.1"}


def test_a_name_changes_between_addresses_and_an_alias(primary: Server, zone: Zone, alice: str):
    for records in (a("192.0.2.1"), {"CNAME": {"ttl": 60, "rdata": ["bob.example."]}}, DUAL):
        outbox.publish(zone, {alice: records})
        drain(zone)
        assert set(transfers.transfer(zone)[alice]) == set(records)


def test_the_apex_and_its_nameserver_are_left_alone(zone: Zone, alice: str):
    before = transfers.transfer(zone)
    outbox.publish(zone, {alice: DUAL})
    drain(zone)
    after = transfers.transfer(zone)
    assert after[zone.name]["NS"] == before[zone.name]["NS"]
    assert set(after) - set(before) == {alice, f"{FENCE_LABEL}.{zone.name}"}


# --- Batches -------------------------------------------------------------------------------------------------


def test_six_hundred_names_take_three_messages(primary: Server, zone: Zone, monkeypatch: pytest.MonkeyPatch):
    sent = record_batches(monkeypatch)
    wanted = {f"host-{number}.{zone.name}": a(f"192.0.2.{number % 250}") for number in range(600)}
    outbox.publish(zone, wanted)
    drain(zone)
    assert sorted(sent) == [100, 250, 250]
    found = transfers.transfer(zone)
    assert {name for name in found if name.startswith("host-")} == set(wanted)
    assert answers(primary, f"host-599.{zone.name}") == {"192.0.2.99"}
    assert dirty_names(zone) == set()


def test_a_batch_is_prepared_while_the_one_before_is_on_the_wire(zone: Zone, monkeypatch: pytest.MonkeyPatch):
    events = []
    for verb in ("prepare", "post", "collect"):
        original = getattr(Primary, verb)

        def noted(self, *arguments, verb=verb, original=original):
            events.append(verb)
            return original(self, *arguments)

        monkeypatch.setattr(Primary, verb, noted)
    outbox.publish(zone, {f"host-{number}.{zone.name}": a("192.0.2.1") for number in range(600)})
    drain(zone)
    assert events == ["prepare", "post", "prepare", "collect", "post", "prepare", "collect", "post", "collect"]


def test_a_connection_with_an_answer_outstanding_is_not_used_again(primary: Server, zone: Zone, alice: str):
    with primaries.lend(zone.pk) as session:
        session.learn_fence()
        session.post(session.prepare([Change(1, alice, 1, a("192.0.2.1"))]))
    wait_for(lambda: answers(primary, alice) == {"192.0.2.1"}, PATIENCE)
    with primaries.lend(zone.pk) as again:
        assert again is session
        again.learn_fence()
        again.send([Change(1, alice, 2, a("192.0.2.2"))])
    assert transfers.transfer(zone)[alice]["A"][1] == {bytes([192, 0, 2, 2])}


def test_changes_of_one_name_that_wait_become_one_message(
    primary: Server, zone: Zone, alice: str, monkeypatch: pytest.MonkeyPatch
):
    sent = record_batches(monkeypatch)
    for last in range(1, 50):
        outbox.publish(zone, {alice: a(f"192.0.2.{last}")})
    drain(zone)
    assert sent == [1]
    assert answers(primary, alice) == {"192.0.2.49"}
    assert Publication.objects.get().published_revision == 49


def test_names_too_long_for_one_message_are_sent_in_several(zone: Zone):
    long = {"TXT": {"ttl": 60, "rdata": ['"' + "x" * 255 + '"', '"' + "y" * 255 + '"']}}
    wanted = {f"host-{number}.{zone.name}": long for number in range(200)}
    outbox.publish(zone, wanted)
    drain(zone)
    assert dirty_names(zone) == set()
    assert set(wanted) <= set(transfers.transfer(zone))


def test_urgent_names_go_first_and_then_the_oldest(quiet_zone: Zone):
    for name in ("old", "urgent", "new"):
        outbox.publish(quiet_zone, {f"{name}.ddns.example": a("192.0.2.1")})
    outbox.publish(quiet_zone, {"old.ddns.example": a("192.0.2.2")})
    outbox.publish(quiet_zone, {"urgent.ddns.example": {}}, Urgency.WITHDRAWAL)
    order = [change.name.split(".")[0] for change in batches.read(quiet_zone.pk)]
    assert order == ["urgent", "old", "new"]


def test_a_withdrawal_goes_with_the_first_message_however_many_wait(quiet_zone: Zone):
    outbox.publish(quiet_zone, {f"host-{number}.ddns.example": a("192.0.2.1") for number in range(300)})
    outbox.publish(quiet_zone, {"mallory.ddns.example": {}}, Urgency.WITHDRAWAL)
    changes = batches.read(quiet_zone.pk)
    assert len(changes) == 250
    assert changes[0].name == "mallory.ddns.example"


def test_one_zone_does_not_read_the_names_of_another(quiet_zone: Zone):
    other = Zone.objects.create(name="other.example", primary=quiet_zone.primary)
    outbox.publish(other, {"bob.other.example": a("192.0.2.2")})
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1")})
    assert [change.name for change in batches.read(quiet_zone.pk)] == ["alice.ddns.example"]


def record_batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many names each acknowledged message carried."""
    sent: list[int] = []
    original = batches.mark_published

    def mark(lease, changes) -> None:
        original(lease, changes)
        sent.append(len(changes))

    monkeypatch.setattr(batches, "mark_published", mark)
    return sent


# --- Changes, crashes and publishers in between ----------------------------------------------------------------


def test_a_change_made_while_sending_stays_dirty_and_follows(primary: Server, zone: Zone, alice: str):
    outbox.publish(zone, {alice: a("192.0.2.1")})
    lease = leases.claim(zone.pk)
    changes = batches.read(zone.pk)
    outbox.publish(zone, {alice: a("192.0.2.2")})
    send(zone, changes)
    batches.mark_published(lease, changes)
    row = Publication.objects.get()
    assert (row.revision, row.published_revision) == (2, 1)
    assert dirty_names(zone) == {alice}
    assert answers(primary, alice) == {"192.0.2.1"}
    lease.release()
    drain(zone)
    assert answers(primary, alice) == {"192.0.2.2"}
    assert dirty_names(zone) == set()


def test_a_change_committed_while_marking_stays_dirty(quiet_zone: Zone):
    """The marking waits for the change's lock, and must then see the new revision and not the one of its snapshot."""
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1")})
    lease, changes = leases.claim(quiet_zone.pk), batches.read(quiet_zone.pk)

    def mark() -> None:
        batches.mark_published(lease, changes)
        connection.close()

    marking = threading.Thread(target=mark)
    with transaction.atomic():
        outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.2")})
        marking.start()
        wait_for(_somebody_waits, PATIENCE)
    marking.join()
    assert Publication.objects.get().published_revision == 1
    assert dirty_names(quiet_zone) == {"alice.ddns.example"}


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def test_an_older_revision_never_overwrites_what_is_marked(quiet_zone: Zone):
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1")})
    lease, older = leases.claim(quiet_zone.pk), batches.read(quiet_zone.pk)
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.2")})
    batches.mark_published(lease, batches.read(quiet_zone.pk))
    batches.mark_published(lease, older)
    row = Publication.objects.get()
    assert (row.revision, row.published_revision) == (2, 2)
    assert dirty_names(quiet_zone) == set()


def test_withdrawn_since_follows_from_what_was_sent(quiet_zone: Zone):
    """Lifted, sent, and suspended again before the mark: DNS answered in between, and the evidence says so."""
    lease, alice = leases.claim(quiet_zone.pk), "alice.ddns.example"
    outbox.publish(quiet_zone, {alice: {}})
    batches.mark_published(lease, batches.read(quiet_zone.pk))
    first = Publication.objects.get().withdrawn_at
    outbox.publish(quiet_zone, {alice: a("192.0.2.1")})
    lifted = batches.read(quiet_zone.pk)
    outbox.publish(quiet_zone, {alice: {}})
    batches.mark_published(lease, lifted)
    assert Publication.objects.get().withdrawn_at is None
    batches.mark_published(lease, batches.read(quiet_zone.pk))
    assert Publication.objects.get().withdrawn_at > first


def test_a_batch_is_read_and_marked_by_indexes_however_empty_the_tables_were_when_that_was_planned(quiet_zone: Zone):
    """With the plan for an empty queue, marking compared every name of the batch with every row that waited."""
    lease = leases.claim(quiet_zone.pk)
    batches.mark_published(lease, batches.read(quiet_zone.pk))

    first_read = ", ".join(["1", "250", *["'-infinity', 0"] * len(Urgency)])
    reading = plan(batches._READ, first_read, ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"))
    marking = plan(batches._MARK, "1, '{1}', '{1}', NULL, '6 seconds', '{f}'", ("seqscan", "nestloop"))

    assert "Seq Scan on" not in reading + marking
    assert reading.count("using pending_in_order") == len(Urgency)
    # The batch itself is sorted, and no lane of the queue.
    assert reading.count("Sort Key:") == 1
    assert "Index Cond: (publication_id = ANY" in marking
    assert marking.count("Index Cond: (id = ANY ($2))") == 2


def plan(statement: Statement, parameters: str, methods: tuple[str, ...]) -> str:
    with planned_without(*methods), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN EXECUTE {statement.name.decode()} ({parameters})")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_what_another_publisher_got_through_is_not_set_aside(quiet_zone: Zone):
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1")})
    lease, changes = leases.claim(quiet_zone.pk), batches.read(quiet_zone.pk)
    batches.mark_published(lease, changes)
    batches.set_aside(changes[0], "The nameserver refuses these records: FORMERR.")
    assert Publication.objects.get().refusal == ""
    assert dirty_names(quiet_zone) == set()


def test_a_worker_killed_between_sending_and_marking_only_repeats_itself(primary: Server, zone: Zone, alice: str):
    outbox.publish(zone, {alice: a("192.0.2.1")})
    send(zone, batches.read(zone.pk))
    assert dirty_names(zone) == {alice}
    drain(zone)
    assert answers(primary, alice) == {"192.0.2.1"}
    assert dirty_names(zone) == set()


def test_a_drain_that_runs_out_of_time_says_that_work_is_left(zone: Zone, alice: str):
    outbox.publish(zone, {alice: a("192.0.2.1")})
    assert publisher.drain(zone.pk, budget=timedelta(0)) is False
    assert publisher.drain(zone.pk) is True
    assert not PendingPublication.objects.exists()


def test_publishing_again_after_a_long_rest_uses_a_new_connection(
    primary: Server, zone: Zone, alice: str, monkeypatch: pytest.MonkeyPatch
):
    outbox.publish(zone, {alice: a("192.0.2.1")})
    drain(zone)
    primary.stop()
    primary.start()
    monkeypatch.setattr("dnsupdate.primary.IDLE_SECONDS", -1)
    outbox.publish(zone, {alice: a("192.0.2.2")})
    drain(zone)
    zone.refresh_from_db()
    assert answers(primary, alice) == {"192.0.2.2"}
    assert zone.failed_at is None


# --- What keeps a zone from being published is said on it --------------------------------------------------------


def test_a_key_that_cannot_be_unsealed_is_a_failure_of_the_zone(quiet_zone: Zone, settings):
    key = tsig_keys.generate("publisher")
    key.save()
    Nameserver.objects.update(key=key)
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1")})
    settings.SECRET_KEY = "another key of at least fifty characters, for this test only"
    drain(quiet_zone)
    assert_backs_off(quiet_zone, "DDNS_SECRET_KEY_FALLBACKS")


def test_an_impossible_host_name_is_a_failure_of_the_zone(quiet_zone: Zone):
    key = tsig_keys.generate("publisher")
    key.save()
    Nameserver.objects.update(key=key, host="ns..example")
    outbox.publish(quiet_zone, {"alice.ddns.example": a("192.0.2.1")})
    drain(quiet_zone)
    assert_backs_off(quiet_zone, "ns..example")


def assert_backs_off(zone: Zone, reason: str) -> None:
    zone.refresh_from_db()
    assert reason in zone.failure
    assert zone.is_failing
    assert zone.retry_at is not None
    assert zone.lease_token is None
