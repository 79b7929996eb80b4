"""Notifications: written with what they tell of, delivered by the ways that their owner has chosen, forgotten in the end."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from ddns import key_expiries, keys, notifications, preferences, tasks, webhooks, wordings
from ddns.models import Delivery, Notification, UpdateKey, User
from ddns.models.notifications import ALWAYS_MAILED, Kind
from tests.ddns.webhooks import added

pytestmark = pytest.mark.django_db
URL = "https://hooks.example/"


def ways_of(notification: Notification) -> list[str]:
    return ["webhook" if each.webhook_id else "mail" for each in notification.deliveries.order_by("-pk")]


def test_a_key_that_is_made_or_rotated_is_told_to_its_owner_by_mail(alice: User):
    key, _ = keys.create(alice, label="attic router")
    keys.rotate(key, overlap=timedelta(hours=1))

    told = Notification.objects.of(alice)
    assert [each.kind for each in told] == [Kind.NEW_KEY, Kind.NEW_KEY]
    assert wordings.of(told[1]).headline == f"A key was made: attic router ({key.prefix}…)"
    assert ways_of(told[0]) == ["mail"]


def test_where_no_mail_can_be_sent_none_waits(alice: User, settings):
    settings.CAN_MAIL = False
    assert ways_of(notifications.tell(alice, Kind.SUSPENDED)) == []


def test_every_enabled_webhook_gets_its_own_delivery(alice: User, bob: User):
    first, _ = added(alice, URL + "1")
    added(alice, URL + "2")
    added(bob, URL + "3")
    assert ways_of(notifications.tell(alice, Kind.NEW_KEY, details={})) == ["webhook", "webhook", "mail"]
    webhooks.disable(first)
    assert ways_of(notifications.tell(alice, Kind.NEW_KEY, details={})) == ["webhook", "mail"]


@pytest.mark.parametrize("by_mail", [True, False])
@pytest.mark.parametrize("by_webhook", [True, False])
def test_what_an_account_has_chosen_is_done(alice: User, by_mail: bool, by_webhook: bool):
    added(alice, URL)
    preferences.choose(alice, Kind.NEW_KEY, by_mail=by_mail, by_webhook=by_webhook)
    expected = ["webhook"] * by_webhook + ["mail"] * by_mail
    assert ways_of(notifications.tell(alice, Kind.NEW_KEY, details={})) == expected


@pytest.mark.parametrize("kind", sorted(ALWAYS_MAILED))
def test_nobody_can_switch_off_what_saves_a_hostname(alice: User, kind: Kind):
    preferences.choose(alice, kind, by_mail=False, by_webhook=False)
    assert ways_of(notifications.tell(alice, kind)) == ["mail"]


def test_an_occasion_is_told_once(alice: User, bob: User):
    notifications.tell(alice, Kind.NEW_KEY, occasion="1")
    notifications.tell(bob, Kind.NEW_KEY, occasion="1")
    with pytest.raises(IntegrityError), transaction.atomic():
        notifications.tell(alice, Kind.NEW_KEY, occasion="1")


def test_what_is_rolled_back_is_not_told(alice: User):
    with transaction.atomic():
        notifications.tell(alice, Kind.NEW_KEY)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_telling_many_takes_as_many_queries_as_telling_one(alice: User, bob: User, django_assert_num_queries):
    for account in (alice, bob):
        added(account, URL)
    news = [Notification(account=each, kind=Kind.NEW_KEY) for each in (alice, bob) for _ in range(20)]
    # Two of them are the savepoint.
    with django_assert_num_queries(6):
        notifications.tell_all(news)
    assert Delivery.objects.count() == 80


def test_only_what_somebody_has_seen_is_marked_as_read(alice: User, bob: User):
    first = notifications.tell(alice, Kind.SUSPENDED)
    later, other = notifications.tell(alice, Kind.LIFTED), notifications.tell(bob, Kind.LIFTED)
    assert notifications.read_all(alice, up_to=first.pk) == 1
    assert set(Notification.objects.unread()) == {later, other}


def test_a_key_that_expires_is_told_once_a_week_before(alice: User):
    now = timezone.now()
    soon, _ = keys.create(alice, label="soon", expires_at=now + timedelta(days=6))
    keys.create(alice, label="later", expires_at=now + timedelta(days=8))
    keys.create(alice, label="within the hour", expires_at=now + timedelta(hours=1))
    revoked, _ = keys.create(alice, label="revoked", expires_at=now + timedelta(days=6))
    keys.revoke(revoked)

    tasks.look_for_key_expiries()
    assert key_expiries.look() == 0
    (told,) = Notification.objects.filter(kind=Kind.KEY_EXPIRING)
    assert told.details["label"] == "soon"
    UpdateKey.objects.filter(pk=soon.pk).update(expires_at=now + timedelta(days=5))
    assert key_expiries.look() == 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_has_words_that_need_no_query(alice: User, home, language: str):
    now = timezone.now().isoformat()
    details = {
        "old": [], "new": ["203.0.113.7"], "source": "198.51.100.9", "count": 3, "since": now, "active_at": now,
        "expires_at": now, "label": "router", "prefix": "abcdefgh", "url": URL, "answer": "status 500.",
        "headline": "home.ddns.test is on hold", "text": "Why.",
    }  # fmt: skip
    for kind in Kind:
        with translation.override(language):
            words = wordings.of(Notification(account=alice, hostname=home, kind=kind, details=details))
        assert words.headline
        assert words.text
        assert "%(" not in "".join(words)


def test_retention_ends_what_is_old_with_its_deliveries(alice: User, settings):
    settings.NOTIFICATION_RETENTION = timedelta(days=30)
    old, new = notifications.tell(alice, Kind.SUSPENDED), notifications.tell(alice, Kind.LIFTED)
    test = webhooks.test(added(alice, URL)[0])
    long_ago = timezone.now() - timedelta(days=31)
    Notification.objects.filter(pk=old.pk).update(at=long_ago)
    Delivery.objects.filter(pk=test.pk).update(created_at=long_ago)

    tasks.purge_notifications()
    tasks.purge_notifications()
    assert list(Notification.objects.all()) == [new]
    assert [each.notification for each in Delivery.objects.all()] == [new]


def test_a_flapping_hostname_fills_no_table(alice: User, bob: User, monkeypatch):
    monkeypatch.setattr(notifications, "KEPT_PER_ACCOUNT", 3)
    monkeypatch.setattr(notifications, "PURGE_CHUNK", 2)
    for account in (alice, bob):
        for _ in range(8 if account is alice else 2):
            last = notifications.tell(account, Kind.NEW_KEY)
    newest = list(Notification.objects.of(alice))[:3]

    notifications.purge(timezone.now() - timedelta(days=1))
    assert list(Notification.objects.of(alice)) == newest
    assert last in Notification.objects.of(bob)
    assert Notification.objects.of(bob).count() == 2
