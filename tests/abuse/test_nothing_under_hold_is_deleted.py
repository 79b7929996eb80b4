"""Every verb that deletes: of an account under a hold the rows stay, or a copy of what they said; another's go."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from abuse import holds, order_notices, retention, stays
from abuse.models import Case, Order, OrderNotice, Stay
from ddns import (
    accounts,
    acme_accounts,
    address_updates,
    groups,
    hostnames,
    kept_rows,
    keys,
    notifications,
    records,
    renewals,
    tsig_keys,
    webhooks,
)
from ddns.models import (
    AcmeAccount,
    AddressUpdate,
    Delivery,
    Group,
    Hostname,
    KeptRow,
    Notification,
    Record,
    TsigKey,
    UpdateKey,
    User,
    Webhook,
)
from ddns.models.notifications import Kind
from tests.abuse import order_rows
from tests.abuse.stories import open_case

LONG_AGO = timezone.now() - timedelta(days=5000)


@pytest.fixture
def held(alice, home) -> Hostname:
    """Alice's name; of her nothing is deleted for a year."""
    order = order_rows.order(kind=Order.Kind.PRESERVATION, hold_days=365)
    holds.place_all(order, [alice.pk], now=timezone.now())
    return Hostname.objects.get(pk=home.pk)


def history(of: Hostname) -> None:
    AddressUpdate.objects.create(hostname=of, at=LONG_AGO, protocol="dyndns2", new_ipv4="203.0.113.9")


def notes(of: Hostname) -> None:
    Notification.objects.create(account=of.account, kind=Kind.NEW_KEY, at=LONG_AGO)


def crowd(of: Hostname) -> None:
    Notification.objects.create(account=of.account, kind=Kind.NEW_KEY, details={"first": True})
    rows = [Notification(account=of.account, kind=Kind.NEW_KEY) for _ in range(notifications.KEPT_PER_ACCOUNT)]
    Notification.objects.bulk_create(rows)


def webhook_test(of: Hostname) -> None:
    webhook = Webhook.objects.create(account=of.account, url="https://example.net/", next_at=timezone.now())
    Delivery.objects.create(account=of.account, webhook=webhook, created_at=LONG_AGO)


def stay(of: Hostname) -> None:
    Stay.objects.create(hostname=of, address="203.0.113.9", since=LONG_AGO, until=LONG_AGO)


def closed_case(of: Hostname) -> None:
    case = open_case(of)
    Case.objects.filter(pk=case.pk).update(closed_at=LONG_AGO, state=Case.State.CLOSED)


def close(of: Hostname) -> None:
    keys.create(of.account, label="router", hostnames=[of])
    User.objects.filter(pk=of.account_id).update(closed_at=LONG_AGO, is_active=False)


def unconfirmed(of: Hostname) -> None:
    """A sign-up that nobody has confirmed holds nothing."""
    Hostname.objects.filter(pk=of.pk).delete()
    User.objects.filter(pk=of.account_id).update(rules_accepted_at=LONG_AGO, date_joined=LONG_AGO)
    EmailAddress.objects.filter(user=of.account_id).update(verified=False)


def told(of: Hostname) -> None:
    """An account that was forgotten before the hold."""
    User.objects.filter(pk=of.account_id).update(forgotten_at=LONG_AGO)
    order = Order.objects.first()
    OrderNotice.objects.create(order=order, account=of.account, about="names", due_at=LONG_AGO, text="Ordered.")


def idle(of: Hostname) -> None:
    Hostname.objects.filter(pk=of.pk).update(created_at=LONG_AGO, changed_at=LONG_AGO)


def purge_history() -> None:
    address_updates.purge(timezone.now() - settings.HISTORY_RETENTION)


def purge_notifications() -> None:
    notifications.purge(timezone.now() - settings.NOTIFICATION_RETENTION)


def count_of(model: Any, by: str, **fields: Any) -> Callable[[Hostname], int]:
    """How many rows there are of the name, or of its account."""
    return lambda of: model.objects.filter(
        **{by: of.account_id if by in ("account", "user", "pk") else of.pk}, **fields
    ).count()


# What is there, what deletes, and how many rows say that it is there still.
PURGES = {
    "history of addresses": (history, purge_history, count_of(AddressUpdate, "hostname")),
    "old notifications": (notes, purge_notifications, count_of(Notification, "account")),
    "too many notifications": (crowd, purge_notifications, count_of(Notification, "account", details__first=True)),
    "tests of webhooks": (webhook_test, purge_notifications, count_of(Delivery, "account")),
    "stays at addresses": (stay, lambda: stays.purge(timezone.now() - stays.KEPT), count_of(Stay, "hostname")),
    "cases": (closed_case, lambda: retention.purge(timezone.now()), count_of(Case, "account", purged_at=None)),
    "notices of orders": (
        told,
        lambda: order_notices.purge(timezone.now()),
        count_of(OrderNotice, "account", text="Ordered."),
    ),
    "closed accounts": (
        close,
        lambda: accounts.forget_due(timezone.now()),
        lambda of: count_of(User, "pk", forgotten_at=None)(of) * count_of(UpdateKey, "account", label="router")(of),
    ),
    "sign-ups": (unconfirmed, lambda: accounts.purge_unconfirmed(timezone.now()), count_of(User, "pk")),
}


@pytest.mark.parametrize("what", PURGES)
def test_purging_passes_over_what_is_under_hold(what, held, foreign):
    prepare, purge, count = PURGES[what]
    for each in (held, foreign):
        prepare(each)
        assert count(each) == 1
    purge()
    assert (count(held), count(foreign)) == (1, 0)


def test_hold_that_is_placed_after_the_list_was_made_is_seen(held):
    close(held)
    assert accounts._forget(held.account_id, timezone.now()) is False


def test_idle_names_do_not_expire(held, foreign):
    assert list(Hostname.objects.under_no_decision()) == [foreign]
    for each in (held, foreign):
        idle(each)
    renewals.look()
    assert not hasattr(Hostname.objects.get(pk=held.pk), "expiry")


def test_after_the_hold_everything_goes_as_ever(held, root):
    history(held)
    notes(held)
    order = Order.objects.get()
    holds.release_all(order, by=root, reason="Over.")
    purge_history()
    purge_notifications()
    assert not AddressUpdate.objects.exists()
    assert not Notification.objects.exists()


# --- What customers, staff and libraries delete: a copy stays ---------------------------------------------------


def log_out(of: Hostname) -> None:
    session = Session.objects.create(session_key=f"key{of.pk}", expire_date=timezone.now() + timedelta(days=1))
    UserSession.objects.create(
        user=of.account, ip="198.51.100.7", user_agent="Firefox", session_key=session.session_key
    )
    session.delete()
    accounts.purge_sessions(timezone.now())
    assert not UserSession.objects.filter(user=of.account).exists()


def end_sessions(of: Hostname) -> None:
    UserSession.objects.create(user=of.account, ip="198.51.100.7", user_agent="Firefox", session_key=f"key{of.pk}")
    accounts.end_sessions(of.account)


def look_at_sessions(of: Hostname) -> None:
    """allauth's page deletes what has ended."""
    UserSession.objects.create(user=of.account, ip="198.51.100.7", user_agent="Firefox", session_key=f"key{of.pk}")
    UserSession.objects.purge_and_list(of.account)


def move_session(of: Hostname) -> None:
    UserSession.objects.create(user=of.account, ip="198.51.100.7", user_agent="Firefox", session_key=f"key{of.pk}")
    UserSession.objects.filter(user=of.account).update(ip="198.51.100.8")


def vouch(of: Hostname) -> None:
    EmailAddress.objects.create(user=of.account, email=f"other{of.pk}@example.com")
    accounts.vouch(of.account)


def change_mail(of: Hostname) -> None:
    User.objects.filter(pk=of.account_id).update(email=f"new{of.pk}@example.com")


def drop_record(of: Hostname) -> None:
    record = Record.objects.create(hostname=of, label="", rdtype="TXT", rdata='"lure"')
    records.remove(record)


def drop_group(of: Hostname) -> None:
    groups.delete(Group.objects.create(account=of.account, name="cameras"))


def drop_webhook(of: Hostname) -> None:
    row = Webhook.objects.create(
        account=of.account, url="https://example.net/hook", sealed_secret="secret", next_at=timezone.now()
    )
    webhooks.delete(row)


def drop_tsig_key(of: Hostname) -> None:
    key, _ = keys.create(of.account, label="router", hostnames=[of])
    row = TsigKey(key=key, name=f"tsig{of.pk}")
    row.secret = "c2VjcmV0"
    row.save()
    tsig_keys.delete(key)


def drop_acme_account(of: Hostname) -> None:
    key, _ = keys.create(of.account, label="acme", hostnames=[of])
    row = AcmeAccount.objects.create(
        key=key, zone=of.domain.zone, digest=b"d" * 32, source="198.51.100.7", created_at=LONG_AGO
    )
    acme_accounts.end(row)


# What deletes, and what of it is to be read afterwards.
DELETIONS = {
    "log-out": (log_out, "198.51.100.7"),
    "end of sessions": (end_sessions, "198.51.100.7"),
    "page of sessions": (look_at_sessions, "198.51.100.7"),
    "session that moves": (move_session, "198.51.100.7"),
    "vouching for an address": (vouch, "@example.com"),
    "another mail address": (change_mail, "alice@example.com"),
    "record": (drop_record, "lure"),
    "group": (drop_group, "cameras"),
    "webhook": (drop_webhook, "https://example.net/hook"),
    "TSIG key": (drop_tsig_key, "tsig"),
    "acme-dns account": (drop_acme_account, "198.51.100.7"),
}


@pytest.mark.parametrize("what", DELETIONS)
def test_deleting_keeps_a_copy_under_hold(what, held, foreign):
    delete, said = DELETIONS[what]
    for each in (held, foreign):
        delete(each)
    kept = KeptRow.objects.get()
    assert kept.account == held.account
    assert said in str(kept.row)
    assert not {"digest", "sealed_secret", "session_key", "data"} & set(kept.row)


def test_copies_go_when_the_hold_is_over(held, root):
    end_sessions(held)
    assert kept_rows.purge(timezone.now()) == 0
    holds.release_all(Order.objects.get(), by=root, reason="Over.")
    assert kept_rows.purge(timezone.now()) == 1


def test_customer_deletes_as_ever_and_sees_no_copy(held):
    from ddns import exports

    end_sessions(held)
    assert "198.51.100.7" not in "".join(exports.document(held.account))


def test_released_hostname_stays_a_row(held):
    hostnames.release(held)
    assert Hostname.objects.get(pk=held.pk).released_at is not None
