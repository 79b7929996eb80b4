"""Preferences: by which ways each account wants to be told of what, and after how long a device counts as silent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from ddns.models import Preference, User, Webhook
from ddns.models.notifications import ALWAYS_MAILED, MAILED_BY_DEFAULT, Kind


@dataclass(frozen=True, slots=True)
class Ways:
    """Whether it goes by mail, and to the account's webhooks."""

    by_mail: bool
    by_webhook: bool


class Wanted(NamedTuple):
    """What shall become of a kind's ways; what is None stays."""

    by_mail: bool | None = None
    by_webhook: bool | None = None


def usual(kind: Kind) -> Ways:
    """Where the account has said nothing."""
    return Ways(kind in MAILED_BY_DEFAULT, True)


def of(account: User) -> dict[Kind, Ways]:
    """All kinds. One query."""
    chosen = _chosen([account.pk])
    return {kind: chosen.get((account.pk, kind), usual(kind)) for kind in Kind}


def of_all(accounts: Collection[int]) -> dict[tuple[int, Kind], Ways]:
    """Of every account and kind, by their numbers. One query."""
    chosen = _chosen(accounts)
    return {(each, kind): chosen.get((each, kind), usual(kind)) for each in accounts for kind in Kind}


@transaction.atomic
def choose(account: User, kind: Kind, *, by_mail: bool, by_webhook: bool) -> None:
    """What must be mailed stays so."""
    chosen = {"by_mail": by_mail or kind in ALWAYS_MAILED, "by_webhook": by_webhook}
    Preference.objects.update_or_create(account=account, kind=kind, defaults=chosen)


@transaction.atomic
def change(account: User, wanted: Mapping[Kind, Wanted]) -> None:
    """As choose, for several kinds, and leaving the rest of each as it is."""
    present = of(account)
    for kind, (by_mail, by_webhook) in wanted.items():
        ways = present[kind]
        choose(
            account,
            kind,
            by_mail=ways.by_mail if by_mail is None else by_mail,
            by_webhook=ways.by_webhook if by_webhook is None else by_webhook,
        )


def switches_mail_off(account: User, wanted: Mapping[Kind, Wanted]) -> bool:
    """Whether anything that is mailed now would not be."""
    present = of(account)
    return any(present[kind].by_mail and each.by_mail is False for kind, each in wanted.items())


def choose_days(account: User, days: int | None) -> None:
    """Of silence until NOT_SEEN; None: the usual."""
    ways = of(account)[Kind.NOT_SEEN]
    anew = {"by_mail": ways.by_mail, "by_webhook": ways.by_webhook, "days": days}
    Preference.objects.update_or_create(
        account=account, kind=Kind.NOT_SEEN, defaults={"days": days}, create_defaults=anew
    )


def days_of(account: User) -> int:
    """Of silence until NOT_SEEN."""
    row = Preference.objects.filter(account=account, kind=Kind.NOT_SEEN).first()
    return row.days if row and row.days else settings.SILENCE_DAYS


def wanting(kind: Kind) -> QuerySet[User]:
    """Accounts that are told of a kind that nobody is mailed by default: who asked for mail, or has a webhook for it."""
    own = Preference.objects.filter(account=OuterRef("pk"), kind=kind)
    webhooks = Webhook.objects.filter(account=OuterRef("pk"), is_enabled=True)
    by_webhook = Exists(webhooks) & ~Exists(own.filter(by_webhook=False))
    return User.objects.filter(Exists(own.filter(by_mail=True)) | by_webhook)


def _chosen(accounts: Collection[int]) -> dict[tuple[int, Kind], Ways]:
    rows = Preference.objects.filter(account__in=accounts).values_list("account_id", "kind", "by_mail", "by_webhook")
    return {
        (account_id, Kind(kind)): Ways(by_mail or kind in ALWAYS_MAILED, by_webhook)
        for account_id, kind, by_mail, by_webhook in rows
    }
