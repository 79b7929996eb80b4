"""Account exports: everything that is stored about an account as one JSON document, written while it is read."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext_lazy as _

from ddns.models import (
    AcmeAccount,
    AddressUpdate,
    Hostname,
    Notification,
    Preference,
    Record,
    UpdateKey,
    User,
    Webhook,
)

# Rows in memory at a time, however many there are.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Section:
    """A list in the document; says is what the page tells of it."""

    name: str
    says: Any
    rows: Callable[[User], Iterable[dict]]


def document(account: User) -> Iterator[str]:
    """The document in pieces, for a response that is sent as it is made."""
    yield '{\n"account": ' + _json(_account(account))
    for section in SECTIONS:
        yield f',\n"{section.name}": ['
        for number, row in enumerate(section.rows(account)):
            yield (",\n" if number else "\n") + _json(row)
        yield "\n]"
    yield "\n}\n"


def _account(account: User) -> dict:
    wanted = (
        "email",
        "date_joined",
        "last_login",
        "rules_accepted_at",
        "sign_up_network",
        "plan",
        "language",
        "is_staff",
    )
    return {name: getattr(account, name) for name in wanted}


def _addresses(account: User) -> Iterable[dict]:
    return EmailAddress.objects.filter(user=account).values("email", "verified", "primary").iterator(CHUNK)


def _second_factors(account: User) -> Iterator[dict]:
    for factor in Authenticator.objects.filter(user=account).iterator(CHUNK):
        yield {
            "type": factor.type,
            "name": str(factor),
            "created_at": factor.created_at,
            "last_used_at": factor.last_used_at,
        }


def _sessions(account: User) -> Iterable[dict]:
    return UserSession.objects.filter(user=account).values("created_at", "ip", "user_agent").iterator(CHUNK)


def _hostnames(account: User) -> Iterable[dict]:
    wanted = ("name", "ipv4", "ipv6", "wildcard", "offline", "parked", "ttl", "created_at", "changed_at", "released_at")
    joined = ("group__name", "restriction__kind", "restriction__since")
    contact = ("contact__at", "contact__source", "contact__agent", "contact__protocol")
    return Hostname.objects.filter(account=account).order_by("pk").values(*wanted, *joined, *contact).iterator(CHUNK)


def _records(account: User) -> Iterable[dict]:
    wanted = ("hostname__name", "label", "rdtype", "rdata", "ttl", "created_at")
    return Record.objects.filter(hostname__account=account).order_by("pk").values(*wanted).iterator(CHUNK)


def _keys(account: User) -> Iterator[dict]:
    wanted = ("label", "prefix", "permission", "networks", "covers_account", "created_at", "expires_at", "revoked_at")
    use = ("used_at", "used_from", "used_by")
    keys = (
        UpdateKey.objects.filter(account=account).order_by("pk").select_related("group").prefetch_related("hostnames")
    )
    for key in keys.iterator(CHUNK):
        facts = {name: getattr(key, name) for name in (*wanted, *use)}
        yield facts | {"group": key.group and key.group.name, "hostnames": [each.name for each in key.hostnames.all()]}


def _acme_accounts(account: User) -> Iterator[dict]:
    wanted = ("fulldomain", "domain", "texts", "networks", "source", "agent", "created_at", "used_at")
    for each in AcmeAccount.objects.owned_by(account).with_owner().order_by("pk").iterator(CHUNK):
        yield {name: getattr(each, name) for name in wanted} | {"key": each.key and each.key.prefix}


def _history(account: User) -> Iterable[dict]:
    wanted = ("hostname__name", "at", "source", "agent", "protocol", "old_ipv4", "new_ipv4", "old_ipv6", "new_ipv6")
    return AddressUpdate.objects.filter(hostname__account=account).order_by("at").values(*wanted).iterator(CHUNK)


def _notifications(account: User) -> Iterable[dict]:
    wanted = ("kind", "hostname__name", "details", "at", "read_at")
    return Notification.objects.filter(account=account).order_by("pk").values(*wanted).iterator(CHUNK)


def _preferences(account: User) -> Iterable[dict]:
    wanted = ("kind", "by_mail", "by_webhook", "days")
    return Preference.objects.filter(account=account).order_by("pk").values(*wanted).iterator(CHUNK)


def _webhooks(account: User) -> Iterable[dict]:
    wanted = ("url", "is_enabled", "created_at", "failing_since", "disabled_at")
    return Webhook.objects.filter(account=account).order_by("pk").values(*wanted).iterator(CHUNK)


def _json(value: dict) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


SECTIONS = [
    Section("email_addresses", _("E-mail addresses, and whether they are confirmed."), _addresses),
    Section(
        "second_factors", _("Authenticator apps, security keys, recovery codes: which and since when."), _second_factors
    ),
    Section("sessions", _("Browsers that are logged in: since when, from where."), _sessions),
    Section(
        "hostnames", _("Hostnames, those given up included, with addresses, options and last contact."), _hostnames
    ),
    Section("records", _("Records of these hostnames besides their addresses."), _records),
    Section("keys", _("Update keys: what they may do, when and from where they were used last."), _keys),
    Section("acme_accounts", _("acme-dns accounts that were registered with these keys."), _acme_accounts),
    Section("history", _("Changes of addresses: when, from where, by which client."), _history),
    Section("notifications", _("Notifications: what you were told, and when you read it."), _notifications),
    Section("preferences", _("What you chose to be told of by mail and webhook."), _preferences),
    Section("webhooks", _("Webhooks, without their secrets."), _webhooks),
]
