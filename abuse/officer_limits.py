"""Limits on what an officer and an agency may file, and what of it is unusual enough for staff to look at the account."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from abuse import networks, officer_alerts, officer_mails
from abuse.errors import OfficerLimit
from abuse.models import Agency, Officer, OfficerAlert, OfficerFiling, Order
from ddns import addresses, limits

What, Kind = OfficerAlert.What, Order.Kind
DAY = timedelta(days=1)
# Times the largest list before, and from so many names on: three names after one are no sign of anything.
MANY_TIMES, MANY_FROM = 3, 50
# Filed so soon after the log-in was changed: who takes an account over changes it first, and does not wait.
LOG_IN_IS_NEW_FOR = timedelta(hours=24)
# Orders before it that say where an officer files from.
MAX_BEFORE = 200
# What agencies of a kind usually file; a response team that wants to know who somebody is is none.
USUAL = {
    Agency.Kind.POLICE: frozenset(Kind),
    Agency.Kind.PROSECUTOR: frozenset(Kind),
    Agency.Kind.COURT: frozenset({Kind.TAKEDOWN, Kind.PRESERVATION, Kind.INFORMATION}),
    Agency.Kind.REGULATOR: frozenset({Kind.TAKEDOWN}),
    Agency.Kind.CSIRT: frozenset({Kind.TAKEDOWN}),
}


@transaction.atomic
def check(officer: Officer, *, name_count: int, is_emergency: bool = False) -> OfficerFiling:
    """Counts one more order with so many names, in the transaction of the order. Locks the agency, so that two at once cannot
    both take the last place. Raises OfficerLimit.
    """
    agency = Agency.objects.select_for_update(no_key=True).get(officers=officer)
    since = timezone.now() - DAY
    of_officer = OfficerFiling.objects.filter(officer=officer, at__gt=since)
    of_agency = OfficerFiling.objects.filter(agency=agency, at__gt=since)
    _compare(of_officer, name_count, settings.ORDERS_PER_OFFICER, settings.NAMES_PER_OFFICER)
    _compare(of_agency, name_count, settings.ORDERS_PER_AGENCY, settings.NAMES_PER_AGENCY)
    if is_emergency:
        _check_emergencies(officer)
    return OfficerFiling.objects.create(officer=officer, agency=agency, name_count=name_count, at=timezone.now())


def watch_order(order: Order) -> list[OfficerAlert]:
    """What is unusual about an order that was just filed, told to staff; and that it was filed, to colleagues.

    In the transaction of the order, after check. Who enters an order at the desk has spoken with the officer.
    """
    officer = order.officer
    filing = officer.filings.filter(order=None).first()
    if filing is not None:
        filing.order = order
        filing.save(update_fields=["order"])
    note_log_in(officer)
    unusual = _unusual(order) if order.door != Order.Door.DESK else ()
    found = [officer_alerts.add(officer, what, text, order=order) for what, text in unusual]
    officer_mails.filed(order)
    return found


def note_log_in(officer: Officer) -> datetime | None:
    """Compares address, password and second factors with those that were seen last; when they were seen to be others.

    Whatever changed them. Three queries, and one more after a change.
    """
    factors = Authenticator.objects.filter(user=officer.account_id).order_by("pk")
    account = officer.account
    account.refresh_from_db(fields=["email", "password"])
    seen = [account.email, account.password, *map(str, factors.values_list("pk", "type", "created_at"))]
    digest = hashlib.sha256("\n".join(seen).encode()).hexdigest()
    if digest != officer.log_in_digest:
        # The first look after vetting compares with nothing.
        changed_at = timezone.now() if officer.log_in_digest else officer.log_in_changed_at
        officer.log_in_digest, officer.log_in_changed_at = digest, changed_at
        Officer.objects.filter(pk=officer.pk).update(log_in_digest=digest, log_in_changed_at=changed_at)
    return officer.log_in_changed_at


def _compare(filings, name_count: int, most_orders: int, most_names: int) -> None:
    counted = filings.aggregate(orders=Count("pk"), names=Sum("name_count"))
    if counted["orders"] >= most_orders:
        raise OfficerLimit(_("{count} orders in 24 hours.").format(count=most_orders))
    if (counted["names"] or 0) + name_count > most_names:
        raise OfficerLimit(_("{count} names in 24 hours.").format(count=most_names))


def _check_emergencies(officer: Officer) -> None:
    most = settings.EMERGENCIES_PER_OFFICER
    if Order.objects.open().filter(officer=officer, kind=Kind.EMERGENCY).count() >= most:
        raise OfficerLimit(_("{count} emergencies that wait.").format(count=most))


def _unusual(order: Order) -> Iterator[tuple[OfficerAlert.What, str]]:
    """Each with its words, which name no name and no file number."""
    officer = order.officer
    before = Order.objects.filter(officer=officer).exclude(pk=order.pk).exclude(door=Order.Door.DESK)
    if not before.exists():
        yield What.FIRST_ORDER, f"its first order ({order.get_kind_display()})"
    if order.kind == Kind.EMERGENCY and not before.filter(kind=Kind.EMERGENCY).exists():
        yield What.FIRST_EMERGENCY, "its first emergency: call back at the agency's number before anything is disclosed"
    yield from _many(order)
    if where := _new_place(order, list(before.values_list("source", flat=True)[:MAX_BEFORE])):
        yield What.NEW_NETWORK, f"an order from {order.source} ({where}), from where it never filed before"
    agency = order.agency
    if order.kind not in USUAL[Agency.Kind(agency.kind)]:
        kind = f"{order.get_kind_display()} from an agency of the kind “{agency.get_kind_display()}”"
        yield What.UNUSUAL_KIND, f"an order that is unusual for such an agency: {kind}"
    changed_at = officer.log_in_changed_at
    if changed_at is not None and timezone.now() - changed_at < LOG_IN_IS_NEW_FOR:
        yield What.NEW_LOG_IN, "an order within a day after address, password or second factor became others"


def _many(order: Order) -> Iterator[tuple[OfficerAlert.What, str]]:
    filing = OfficerFiling.objects.filter(order=order).first()
    if filing is None or filing.name_count < MANY_FROM:
        return
    largest = OfficerFiling.objects.filter(officer=order.officer, pk__lt=filing.pk).aggregate(n=Max("name_count"))["n"]
    if largest is not None and filing.name_count > MANY_TIMES * largest:
        yield What.MANY_NAMES, f"an order with {filing.name_count} names; the largest before had {largest}"


def _new_place(order: Order, before: list[str | None]) -> str:
    """What is new about where it was filed from, compared with the orders before; empty: nothing, or nothing is known."""
    known = [each for each in before if each]
    if not order.source or not known:
        return ""
    here, there = networks.of(order.source), [networks.of(each) for each in known]
    if here.country and here.country not in {each.country for each in there}:
        return f"country {here.country}"
    if here.key:
        return "" if here.key in {each.key for each in there} else str(here)
    near = {limits.network_of(addresses.parse(each)) for each in known}
    network = limits.network_of(addresses.parse(order.source))
    return "" if network in near else str(network)
