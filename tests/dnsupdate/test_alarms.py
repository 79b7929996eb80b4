"""Alarms: one per subject, told once per change by mail and webhook, never lost."""

import hmac
import json
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from dnsupdate import alarms
from dnsupdate.models import Alarm, Nameserver, Notice, Zone
from tests.receivers import Receiver

pytestmark = pytest.mark.django_db
TEXT = "The parent names other servers."


@pytest.fixture
def zone() -> Zone:
    server = Nameserver.objects.create(name="ns1", host="127.0.0.1", port=9)
    return Zone.objects.create(name="ddns.example", primary=server)


def test_the_same_alarm_twice_is_one(zone: Zone, settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    first = alarms.open(Alarm.Kind.DELEGATION, TEXT, zone=zone)
    assert alarms.open(Alarm.Kind.DELEGATION, TEXT, zone=zone) == first
    assert alarms.send_notices() == 1
    assert [each.subject for each in mail.outbox] == ["[DDNS] opened: the delegation changed: ddns.example"]
    assert TEXT in mail.outbox[0].body


def test_two_servers_of_a_zone_have_an_alarm_each(zone: Zone):
    other = Nameserver.objects.create(name="ns2", host="127.0.0.2", port=9)
    alarms.open(Alarm.Kind.SERVER, TEXT, zone=zone, nameserver=zone.primary)
    alarms.open(Alarm.Kind.SERVER, TEXT, zone=zone, nameserver=other)
    assert Alarm.objects.open().count() == 2


def test_the_database_holds_one_open_alarm_per_subject(zone: Zone):
    alarms.open(Alarm.Kind.ZONE, TEXT, zone=zone)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(kind=Alarm.Kind.ZONE, zone=zone, text=TEXT)


def test_a_new_text_is_told_again(zone: Zone, settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    alarms.open(Alarm.Kind.DELEGATION, TEXT, zone=zone)
    alarms.open(Alarm.Kind.DELEGATION, "And now DS is gone.", zone=zone)
    alarms.send_notices()
    assert [notice.event for notice in Notice.objects.all()] == ["opened", "changed"]
    assert TEXT in mail.outbox[0].body
    assert "DS is gone" in mail.outbox[0].body


def test_a_nameserver_that_dies_with_all_its_zones_is_one_mail(zone: Zone, settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    for number in range(23):
        alarms.open(Alarm.Kind.ZONE, TEXT, zone=Zone.objects.create(name=f"z{number}.example", primary=zone.primary))
    assert alarms.send_notices() == 23
    [sent] = mail.outbox
    assert sent.subject.endswith("z0.example, and 22 more")
    assert sent.body.count(TEXT) == 23


def test_what_is_over_is_told_and_may_come_again(zone: Zone, settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    alarms.open(Alarm.Kind.ZONE, TEXT, zone=zone)
    assert alarms.close(Alarm.Kind.ZONE, zone=zone)
    assert not alarms.close(Alarm.Kind.ZONE, zone=zone)
    alarms.open(Alarm.Kind.ZONE, TEXT, zone=zone)
    assert [notice.event for notice in Notice.objects.all()] == ["opened", "closed", "opened"]
    assert [alarm.is_open for alarm in Alarm.objects.all()] == [True, False]


def test_without_a_channel_the_alarm_is_there_and_nobody_is_told(zone: Zone):
    alarms.open(Alarm.Kind.ZONE, TEXT, zone=zone)
    assert Alarm.objects.open().exists()
    assert not Notice.objects.exists()


def test_the_webhook_gets_signed_json(zone: Zone, settings, receiver: Receiver):
    settings.ALARM_WEBHOOK, settings.ALARM_WEBHOOK_SECRET = receiver.url, "between us"
    alarm = alarms.open(Alarm.Kind.DRIFT, TEXT, zone=zone)
    assert alarms.send_notices() == 1
    headers, body = receiver.received[0]
    assert headers["X-Signature-256"] == "sha256=" + hmac.new(b"between us", body, "sha256").hexdigest()
    said = json.loads(body)
    assert (said["alarm"], said["event"], said["kind"], said["zone"]) == (alarm.pk, "opened", "drift", "ddns.example")
    assert (said["text"], said["nameserver"], said["closed_at"]) == (TEXT, None, None)


def test_what_a_webhook_refuses_is_tried_again_later_and_sent_once(zone: Zone, settings, receiver: Receiver):
    settings.ALARM_WEBHOOK = receiver.url
    alarms.open(Alarm.Kind.DRIFT, TEXT, zone=zone)
    receiver.status = 503
    assert alarms.send_notices() == 0
    notice = Notice.objects.get()
    assert "503" in notice.failure
    assert notice.retry_at > timezone.now() + timedelta(seconds=10)
    assert alarms.send_notices() == 0
    assert len(receiver.received) == 1
    receiver.status = 204
    Notice.objects.update(retry_at=timezone.now())
    assert alarms.send_notices() == 1
    assert alarms.send_notices() == 0
    assert len(receiver.received) == 2


def test_an_unreachable_webhook_does_not_keep_the_mail(zone: Zone, settings, free_port: int):
    settings.ALARM_MAIL, settings.ALARM_WEBHOOK = ["ops@example.org"], f"http://127.0.0.1:{free_port}/"
    alarms.open(Alarm.Kind.ZONE, TEXT, zone=zone)
    assert alarms.send_notices() == 1
    assert len(mail.outbox) == 1


def test_an_alarm_that_is_not_committed_is_not_told(zone: Zone, settings):
    settings.ALARM_MAIL = ["ops@example.org"]
    with transaction.atomic():
        alarms.open(Alarm.Kind.ZONE, TEXT, zone=zone)
        transaction.set_rollback(True)
    assert alarms.send_notices() == 0


def test_a_zone_that_was_retired_meanwhile_raises_no_alarm(zone: Zone):
    Zone.objects.filter(pk=zone.pk).update(retired_at=timezone.now())
    assert alarms.open(Alarm.Kind.ZONE, TEXT, zone=zone) is None
    assert not Alarm.objects.exists()


def test_after_a_webhook_that_fails_the_others_wait(zone: Zone, settings, receiver: Receiver):
    settings.ALARM_WEBHOOK, receiver.status = receiver.url, 503
    alarms.open(Alarm.Kind.ZONE, TEXT, zone=zone)
    alarms.open(Alarm.Kind.DRIFT, TEXT, zone=zone)
    assert alarms.send_notices() == 0
    assert len(receiver.received) == 1
    receiver.status = 204
    Notice.objects.update(retry_at=None)
    assert alarms.send_notices() == 2
