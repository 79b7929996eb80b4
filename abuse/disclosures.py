"""Disclosures: prepared by one person within the scope of an order, released by another, fetched by its officer, then gone."""

import hashlib
import secrets
import string
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from abuse import (
    disclosure_packages,
    disclosure_scopes,
    ledger,
    officer_mails,
    officers,
    order_notices,
    orders,
    receipts,
    wordings,
)
from abuse.errors import (
    AlreadyDecided,
    NotAllowed,
    NotInOffice,
    NotUndoable,
    OrderNotThere,
    PlanChanged,
    ReasonMissing,
    SamePerson,
)
from abuse.models import Disclosure, Officer, Order, OrderNotice, Receipt
from ddns.models import Hostname, User
from dnsupdate import secrets as sealing

State = Disclosure.State

# Read aloud on the phone: nothing that sounds or looks like another. 24 of 31 signs are 118 bits.
PASSWORD_SIGNS = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("il1o0")))
PASSWORD_LENGTH = 24
KINDS = (Order.Kind.INFORMATION, Order.Kind.EMERGENCY)
_NOT_THERE = (Order.State.RECEIVED, Order.State.REFUSED, Order.State.WITHDRAWN)


@transaction.atomic
def prepare(
    order: Order,
    *,
    accounts: Collection[User],
    hostnames: Collection[Hostname],
    parts: Collection[str],
    since: datetime | None = None,
    until: datetime | None = None,
    reason: str,
    by: User,
) -> Disclosure:
    """Says what shall be handed out; nothing is gathered yet. since and until: the order's, where nothing is said.

    Raises NotAllowed, ReasonMissing, OrderNotThere, OutOfScope, InvalidParameter.
    """
    _check_person(order, by, "disclose")
    if not reason.strip():
        raise ReasonMissing
    _check_order(order)
    scope = disclosure_scopes.check(
        order, accounts=accounts, hostnames=hostnames, parts=parts, since=since, until=until
    )
    disclosure = Disclosure.objects.create(
        order=order,
        parts=list(scope.parts),
        since=scope.since,
        until=scope.until,
        reason=reason.strip(),
        digest=scope.digest(order),
        prepared_by=by,
        prepared_at=timezone.now(),
    )
    disclosure.accounts.set(scope.accounts)
    disclosure.hostnames.set(scope.hostnames)
    _enter("prepare-disclosure", disclosure, by, reason.strip(), **_scope(scope))
    return disclosure


@transaction.atomic
def release(disclosure: Disclosure, *, by: User, digest: str) -> Disclosure:
    """By another person than prepared it, who was shown the scope with this digest. Gathers, signs and encrypts the package.

    The order is answered with it, where nothing else of it is under way. Locks the disclosure, then the order. Raises
    NotAllowed, SamePerson, AlreadyDecided, OrderNotThere, OutOfScope, and PlanChanged where it is not what by was shown.
    """
    disclosure = _lock_prepared(disclosure)
    order = disclosure.order
    _check_person(order, by, "approve_order")
    if disclosure.prepared_by_id == by.pk:
        raise SamePerson
    _check_order(order)
    scope, now = disclosure_scopes.of(disclosure), timezone.now()
    if not secrets.compare_digest(digest, disclosure.digest) or scope.digest(order) != disclosure.digest:
        raise PlanChanged("refuse this disclosure, and prepare it anew.")
    disclosure.state, disclosure.released_by, disclosure.released_at = State.RELEASED, by, now
    disclosure.available_until = now + settings.ABUSE_DISCLOSURE_KEPT
    texts = disclosure_packages.files(scope, disclosure, at=now)
    disclosure.manifest = {
        "order": str(order.pk),
        "disclosure": disclosure.pk,
        "gathered_at": now.isoformat(),
        "files": disclosure_packages.manifest(texts),
    }
    texts["manifest.json"] = disclosure_packages.as_json(disclosure.manifest)
    sha256 = hashlib.sha256(texts["manifest.json"].encode()).hexdigest()
    receipt = _receipt(disclosure, sha256)
    texts["manifest.receipt.json"] = disclosure_packages.as_json(receipts.document(receipt))
    password = new_password()
    package = disclosure_packages.encrypt(texts, password)
    disclosure.package, disclosure.sealed_password = package, sealing.seal(password)
    disclosure.package_sha256 = hashlib.sha256(package).hexdigest()
    disclosure.save()
    _enter(
        "release-disclosure",
        disclosure,
        by,
        disclosure.reason,
        manifest=sha256,
        package=disclosure.package_sha256,
        receipt=str(receipt.pk),
        **_scope(scope),
    )
    _answer(order, by)
    _tell_officer(disclosure)
    return disclosure


@transaction.atomic
def refuse(disclosure: Disclosure, *, by: User, reason: str) -> Disclosure:
    """Nothing is handed out. Whoever prepared it may take it back so.

    Locks it. Raises NotAllowed, ReasonMissing, AlreadyDecided.
    """
    disclosure = _lock_prepared(disclosure)
    _check_person(disclosure.order, by, "disclose" if disclosure.prepared_by_id == by.pk else "approve_order")
    if not reason.strip():
        raise ReasonMissing
    disclosure.state, disclosure.refusal = State.REFUSED, reason.strip()
    disclosure.save(update_fields=["state", "refusal"])
    _enter("refuse-disclosure", disclosure, by, reason.strip())
    return disclosure


@transaction.atomic
def take_back(disclosure: Disclosure, *, by: User, reason: str) -> Disclosure:
    """Before anybody has fetched it: the package and its password are deleted, its manifest and receipt stay.

    Locks it. Raises NotAllowed, ReasonMissing, OrderNotThere, and NotUndoable once it was fetched.
    """
    disclosure = _lock(disclosure)
    _check_person(disclosure.order, by, "approve_order")
    if not reason.strip():
        raise ReasonMissing
    if disclosure.state != State.RELEASED:
        raise OrderNotThere("the disclosure is not released.")
    if disclosure.fetched_at is not None:
        raise NotUndoable(f"it was fetched at {disclosure.fetched_at:%Y-%m-%d %H:%M} UTC.")
    disclosure.state, disclosure.package, disclosure.sealed_password = State.TAKEN_BACK, None, ""
    disclosure.save(update_fields=["state", "package", "sealed_password"])
    _enter("take-back-disclosure", disclosure, by, reason.strip())
    return disclosure


@transaction.atomic
def password_of(disclosure: Disclosure, *, by: User) -> str:
    """To be read to the officer at the agency's own number, which we have found ourselves; every look is in the ledger.

    For who released it alone. Raises NotAllowed, and OrderNotThere where there is no package any more.
    """
    disclosure = _lock(disclosure)
    _check_person(disclosure.order, by, "approve_order")
    if disclosure.released_by_id != by.pk:
        raise NotAllowed("the password is for who released it.")
    if disclosure.state != State.RELEASED or not disclosure.sealed_password:
        raise OrderNotThere("there is no package any more.")
    _enter("show-disclosure-password", disclosure, by, "Read to the officer on the phone.")
    return sealing.unseal(disclosure.sealed_password)


@transaction.atomic
def fetch(disclosure: Disclosure, *, officer: Officer, source: str = "") -> bytes:
    """The encrypted package, for an officer in office of the order's agency; every time is in the ledger, with the address.

    With the first time the customers are to be told, once the order is not sealed. Locks it. Raises NotInOffice, NotAllowed,
    OrderNotThere.
    """
    if not Officer.objects.in_office().filter(pk=officer.pk).exists():
        raise NotInOffice
    disclosure = _lock(disclosure)
    if disclosure.order.agency_id != officer.agency_id:
        raise NotAllowed("it is another agency's.")
    now = timezone.now()
    if disclosure.state != State.RELEASED or disclosure.package is None or not _is_available(disclosure, now):
        raise OrderNotThere(_("the package is not available any more."))
    if disclosure.fetched_at is None:
        disclosure.fetched_at = now
        disclosure.save(update_fields=["fetched_at"])
        accounts = disclosure.accounts.values_list("pk", flat=True)
        order_notices.queue(disclosure.order, OrderNotice.About.DISCLOSURE, accounts)
    _enter("fetch-disclosure", disclosure, officer.account, "Fetched in the portal.", officer=officer.pk, source=source)
    return bytes(disclosure.package)


def purge(now: datetime) -> int:
    """Deletes the packages whose time is over, and their passwords; gives how many. Manifests and receipts stay."""
    over = Disclosure.objects.filter(available_until__lte=now, package__isnull=False)
    return sum(_purge(pk, now) for pk in over.order_by("pk").values_list("pk", flat=True))


def new_password() -> str:
    return "".join(secrets.choice(PASSWORD_SIGNS) for _ in range(PASSWORD_LENGTH))


def spelled(password: str) -> str:
    """In groups of four, as it is read aloud."""
    return " ".join(password[at : at + 4] for at in range(0, len(password), 4))


@transaction.atomic
def _purge(pk: int, now: datetime) -> bool:
    disclosure = _lock(Disclosure(pk=pk))
    if disclosure.package is None or _is_available(disclosure, now):
        return False
    disclosure.package, disclosure.sealed_password = None, ""
    disclosure.save(update_fields=["package", "sealed_password"])
    _enter("purge-disclosure", disclosure, None, "The time to fetch it is over.")
    return True


def _is_available(disclosure: Disclosure, now: datetime) -> bool:
    return disclosure.available_until is not None and disclosure.available_until > now


def _lock(disclosure: Disclosure) -> Disclosure:
    locked = Disclosure.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("order__agency", "order__officer__account").get(pk=disclosure.pk)


def _lock_prepared(disclosure: Disclosure) -> Disclosure:
    locked = _lock(disclosure)
    if locked.state != State.PREPARED:
        raise AlreadyDecided(f"it is {locked.get_state_display()}.")
    return locked


def _check_person(order: Order, by: User, right: str) -> None:
    if not by.has_perm(f"abuse.{right}"):
        raise NotAllowed("disclosures to authorities.")
    if not Order.objects.visible_to(by).filter(pk=order.pk).exists():
        raise NotAllowed("the order is sealed.")


def _check_order(order: Order) -> None:
    if order.kind not in KINDS:
        raise OrderNotThere("it asks for no information.")
    if order.state in _NOT_THERE:
        raise OrderNotThere(f"it is {order.get_state_display()}.")
    if officers.is_doubted(order.officer):
        raise OrderNotThere(
            "the officer who filed it was frozen or refused: a colleague files it anew, or the officer is vetted anew."
        )


def _receipt(disclosure: Disclosure, manifest_sha256: str) -> Receipt:
    """Hashes and times alone: it is verified in public."""
    at = disclosure.released_at
    body = {
        "order": str(disclosure.order_id),
        "disclosure": disclosure.pk,
        "manifest_sha256": manifest_sha256,
        "scope_sha256": disclosure.digest,
        "released_at": at and at.isoformat(),
    }
    return receipts.issue(Receipt.Kind.DISCLOSURE, body, order=disclosure.order)


def _answer(order: Order, by: User) -> None:
    """In the officer's language; with every package there is, since a later answer takes the place of an earlier one."""
    if order.state not in (Order.State.PLANNED, Order.State.ANSWERED) or not by.has_perm("abuse.act_on_order"):
        return
    packages = Disclosure.objects.filter(order=order, state=State.RELEASED).order_by("pk")
    with translation.override(wordings.spoken(order.officer.account.language or settings.LANGUAGE_CODE)):
        lines = [
            _("Package %(number)d: to be fetched in the portal until %(day)s, SHA-256 %(sha256)s.")
            % {"number": each.pk, "day": f"{each.available_until:%Y-%m-%d}", "sha256": each.package_sha256}
            for each in packages
        ]
        text = _("What is stored about the names of your order, limited to what it asks for, is in these packages:")
    orders.answer(order, by=by, text="\n".join([text, *lines]))


def _tell_officer(disclosure: Disclosure) -> None:
    account = disclosure.order.officer.account
    with translation.override(wordings.spoken(account.language or settings.LANGUAGE_CODE)):
        officer_mails.tell(
            disclosure.order.officer,
            _("The information for your order is ready"),
            _(
                "For your order %(order)s there is a package in the portal, encrypted, until %(day)s:\n%(link)s\n\nWe tell you "
                "its password on the phone, at the number of your office that we have found ourselves. Nobody sends it by mail."
            )
            % {
                "order": disclosure.order_id,
                "day": f"{disclosure.available_until:%Y-%m-%d}",
                "link": f"{settings.SITE_URL}/authorities/",
            },
        )


def _scope(scope: disclosure_scopes.Scope) -> dict[str, Any]:
    return {
        "accounts": [each.pk for each in scope.accounts],
        "hostnames": [each.pk for each in scope.hostnames],
        "parts": list(scope.parts),
        "since": scope.since and scope.since.isoformat(),
        "until": scope.until and scope.until.isoformat(),
    }


def _enter(action: str, disclosure: Disclosure, by: User | None, reason: str, **details: Any) -> None:
    ledger.append(
        actor=by,
        action=action,
        object=f"order {disclosure.order_id}",
        reason=reason,
        details={
            "order": str(disclosure.order_id),
            "disclosure": disclosure.pk,
            "digest": disclosure.digest,
            **details,
        },
    )
