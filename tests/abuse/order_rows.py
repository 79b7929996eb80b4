"""Rows of authorities for tests that need them and are not about how they come to be."""

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from abuse import submissions
from abuse.models import Agency, Disclosure, Officer, Order, OrderFile, OrderGroup, OrderItem
from ddns.models import Hostname, User


def agency(name: str = "Example Police", **fields: Any) -> Agency:
    defaults = {
        "kind": Agency.Kind.POLICE,
        "country": "AT",
        "mail_domains": ["police.example"],
        "phone": "+43 1 555 0100",
        "phone_source": "the ministry's public register",
        **fields,
    }
    return Agency.objects.get_or_create(name=name, defaults=defaults)[0]


def officer(email: str = "olivia@police.example", **fields: Any) -> Officer:
    """Olivia, vetted for a year."""
    account = User.objects.filter(email=email).first() or User.objects.create_user(email, "correct horse")
    of = fields.pop("agency", None) or agency()
    values = {
        "agency": of,
        "agency_said": of.name,
        "country_said": of.country,
        "name": "Olivia Example",
        "phone_said": "+43 1 555 0199",
        "state": Officer.State.VETTED,
        "vetted_until": timezone.now() + timedelta(days=365),
        **fields,
    }
    return Officer.objects.create(account=account, **values)


def order(by: Officer | None = None, *, names: str = "", **fields: Any) -> Order:
    """Received, with a list of names where some are given; as orders.file leaves it, but for the receipt."""
    by = by or Officer.objects.first() or officer()
    now = timezone.now()
    values: dict[str, Any] = {
        "officer": by,
        "agency": by.agency,
        "door": Order.Door.PORTAL,
        "filed_at": now,
        "digest": hashlib.sha256(names.encode()).hexdigest(),
        "kind": Order.Kind.TAKEDOWN,
        "instrument": Order.Instrument.COURT_ORDER,
        "reference": "12 Cr 345/26",
        "issuing_authority": "Regional Court of Example",
        "legal_basis": "Section 1 of the Example Act",
        "reasons": "The names control malware.",
        "contact": "Olivia Example, +43 1 555 0199",
        "due_at": now + timedelta(hours=24),
        **fields,
    }
    made = Order.objects.create(**values)
    if names:
        OrderFile.objects.create(
            order=made,
            blob=submissions.keep(names.encode()),
            role=OrderFile.Role.NAMES,
            filename="names.txt",
            content_type="text/plain",
        )
    return made


def planned(held: Iterable[Hostname], *, action: OrderGroup.Action = OrderGroup.Action.SUSPEND, **fields: Any) -> Order:
    """An order with an item for each hostname in one group, as a plan leaves it."""
    rows = list(held)
    made = order(
        names="\n".join(row.name for row in rows), state=Order.State.PLANNED, planned_at=timezone.now(), **fields
    )
    OrderGroup.objects.create(order=made, key="live", item_count=len(rows), action=action)
    items = [
        OrderItem(
            order=made,
            position=number,
            text=row.name,
            name=row.name,
            outcome=OrderItem.Outcome.LIVE,
            group="live",
            hostname=row,
            account=row.account,
            first_seen_at=row.created_at,
        )
        for number, row in enumerate(rows, 1)
    ]
    OrderItem.objects.bulk_create(items)
    # Of no plan that was ever made: who compares digests makes a real one.
    content = json.dumps([[item.position, item.name, item.outcome] for item in items])
    made.plan_digest = hashlib.sha256(content.encode()).hexdigest()
    made.save(update_fields=["plan_digest"])
    return made


def disclosure(of: Order, *, prepared_by: User, **fields: Any) -> Disclosure:
    """Released, with a package that nobody can open; as disclosures.release leaves it."""
    values: dict[str, Any] = {
        "parts": ["subscriber"],
        "reason": "The order asks for it.",
        "digest": "0" * 64,
        "state": Disclosure.State.RELEASED,
        "prepared_at": timezone.now(),
        "released_at": timezone.now(),
        "package": b"PK",
        "available_until": timezone.now() + timedelta(days=30),
        **fields,
    }
    return Disclosure.objects.create(order=of, prepared_by=prepared_by, **values)
