"""Holds: accounts of which nothing is deleted because an order asks for it: placed, renewed, released, watched."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Min, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from abuse import ledger, officer_mails, preservations, wordings
from abuse.errors import InvalidParameter, NotAllowed, NothingToDo, ReasonMissing
from abuse.models import Hold, Order
from ddns.models import User
from dnsupdate import alarms
from dnsupdate.models import Alarm

# Days: e-Evidence (Reg. 2023/1543 Art. 10), 18 USC 2703(f), and the REPORT Act for what is about children.
TERMS = (60, 90, 365)
# Long enough for an officer to get the paper that a renewal takes.
WARN_BEFORE = timedelta(days=14)
# Where the order says nothing: as long as 18 USC 2703(f) asks for.
USUAL = 90


@transaction.atomic
def place_all(order: Order, account_ids: Iterable[int], *, now: datetime) -> int:
    """Nothing of these accounts is deleted for order.hold_days, 90 where it says nothing; gives how many are newly held.

    Called within the transaction of a chunk: a fixed number of statements however many accounts, no network. Locks the
    accounts in the order of their keys, after hostnames and before the ledger, in which it makes one entry. Who is held under
    this order already stays so: twice is once. Nobody is preserved for less than before.
    """
    stored = preservations.lock(account_ids)
    known = {each.account_id: each for each in Hold.objects.filter(order=order, account__in=stored)}
    wanted = [pk for pk in stored if pk not in known or known[pk].released_at is not None]
    if not wanted:
        return 0
    ends_at, standing = now + timedelta(days=order.hold_days or USUAL), preservations.standing(wanted)
    held = [Hold(order=order, account_id=pk, began_at=now, ends_at=ends_at) for pk in wanted]
    for each in held:
        each.before = preservations.base_of(standing[each.account_id], stored[each.account_id])
        standing[each.account_id].append(preservations.Layer(each.account_id, ends_at, each.before))
    # One that was released begins anew.
    Hold.objects.bulk_create(
        held,
        update_conflicts=True,
        unique_fields=["order", "account"],
        update_fields=["began_at", "ends_at", "before", "renewal_count", "warned_at", "released_at", "released_by"],
    )
    preservations.extend({pk: stored[pk] for pk in wanted}, standing)
    _enter("place-holds", order, wanted, order.approved_by or order.proposed_by, order.reason, ends_at=ends_at)
    return len(wanted)


@transaction.atomic
def renew(hold: Hold, *, days: int, by: User) -> Hold:
    """Longer by days of TERMS, from its present end. Locks the account. Raises NotAllowed, InvalidParameter, NothingToDo."""
    _renew(Hold.objects.filter(pk=hold.pk), hold.order, days, by)
    hold.refresh_from_db()
    return hold


@transaction.atomic
def renew_all(order: Order, *, days: int, by: User, reason: str = "") -> int:
    """All that stand under the order, each from its present end; gives how many. Locks and raises as renew does."""
    return _renew(Hold.objects.filter(order=order), order, days, by, reason)


@transaction.atomic
def release(hold: Hold, *, by: User, reason: str) -> Hold:
    """Ends it now; the account is preserved as long as what else stands says. Locks the account.

    Raises NotAllowed, ReasonMissing, and NothingToDo where it was released already.
    """
    _check_person(hold.order, by)
    if not reason.strip():
        raise ReasonMissing
    if not _release(Hold.objects.filter(pk=hold.pk), hold.order, by, reason.strip()):
        raise NothingToDo
    hold.refresh_from_db()
    return hold


@transaction.atomic
def release_all(order: Order, *, by: User | None, reason: str = "") -> int:
    """Those that stand under the order, when it is undone; gives how many. Whether by may is for the caller to know.

    A fixed number of statements. Locks the accounts in the order of their keys, then the ledger.
    """
    return _release(Hold.objects.filter(order=order), order, by, reason or order.undo_reason)


def latest(account: User, *, without: Hold | None = None) -> datetime | None:
    """Until when decisions and holds that stand preserve it, or would without one; None where none does."""
    standing = preservations.standing([account.pk], but_holds=[without.pk] if without else [])
    return preservations.latest(None, standing[account.pk])


def watch(now: datetime) -> int:
    """Tells the desk of holds that end soon, and their officers once for each end; gives how many are newly so.

    When they end nothing is deleted here: what purges rows no longer passes over them.
    """
    soon = Hold.objects.filter(released_at=None, ends_at__gt=now, ends_at__lte=now + WARN_BEFORE)
    with transaction.atomic():
        rows = soon.filter(warned_at=None).order_by("account").select_for_update(of=("self",))
        ending = list(rows.select_related("order__officer__account"))
        Hold.objects.filter(pk__in=[each.pk for each in ending]).update(warned_at=now)
        for order, among in groupby(sorted(ending, key=_by_order), key=attrgetter("order")):
            _tell_officer(order, list(among))
    _tell_desk(soon)
    return len(ending)


def _tell_officer(order: Order, ending: Sequence[Hold]) -> None:
    account = order.officer.account
    with translation.override(wordings.spoken(account.language or settings.LANGUAGE_CODE)):
        # In a mailbox that we do not know: of a sealed order not even its number at the authority.
        reference = order.reference if order.sealed_until is None else str(order.pk)
        day, link = f"{min(each.ends_at for each in ending):%Y-%m-%d}", f"{settings.SITE_URL}/authorities/"
        officer_mails.tell(
            order.officer,
            _("Data kept for your order %(reference)s may be deleted from %(day)s on")
            % {"reference": reference, "day": day},
            _(
                "On your order %(reference)s we keep what is stored about accounts (%(count)d). The first of these holds ends "
                "on %(day)s. Nothing is deleted at once then, but from then on as it always would be.\n\n"
                "If it is needed for longer, ask us to renew it before, with what the law of your country wants for it: "
                "%(contact)s. Your orders: %(link)s"
            )
            % {
                "reference": reference,
                "count": len(ending),
                "day": day,
                "contact": settings.ABUSE_CONTACT,
                "link": link,
            },
        )


def _tell_desk(soon: QuerySet[Hold]) -> None:
    """By number, and a sealed one by none: an alarm is read by people who know nothing of it."""
    orders = soon.values("order").annotate(count=Count("pk"), first=Min("ends_at")).order_by("first", "order")
    if found := list(orders[:10]):
        sealed = set(
            Order.objects.sealed().filter(pk__in=[each["order"] for each in found]).values_list("pk", flat=True)
        )
        shown = ", ".join(
            f"{'a sealed one' if each['order'] in sealed else each['order']} "
            f"({each['count']}, from {each['first']:%Y-%m-%d})"
            for each in found
        )
        alarms.open(Alarm.Kind.HOLD, f"Preservation holds end within two weeks: orders {shown}. Renew or let them end.")
    else:
        alarms.close(Alarm.Kind.HOLD)


def _by_order(hold: Hold) -> tuple[str, datetime]:
    return str(hold.order_id), hold.ends_at


def _renew(among: Any, order: Order, days: int, by: User, reason: str = "") -> int:
    _check_person(order, by)
    if days not in TERMS:
        raise InvalidParameter(f"a hold is renewed for {', '.join(map(str, TERMS[:-1]))} or {TERMS[-1]} days.")
    # Not what has ended: rows may have gone since, and a hold that says otherwise would be believed.
    among = among.in_force()
    stored = preservations.lock(among.values_list("account", flat=True))
    ids = list(among.filter(account__in=stored).values_list("account", flat=True))
    if not ids:
        raise NothingToDo
    Hold.objects.filter(order=order, account__in=ids).update(
        ends_at=F("ends_at") + timedelta(days=days), renewal_count=F("renewal_count") + 1, warned_at=None
    )
    preservations.extend({pk: stored[pk] for pk in ids}, preservations.standing(ids))
    _enter("renew-holds", order, ids, by, reason.strip() or f"Renewed for {days} days.", days=days)
    return len(ids)


def _release(among: Any, order: Order, by: User | None, reason: str) -> int:
    among = among.filter(released_at=None)
    stored = preservations.lock(among.values_list("account", flat=True))
    held = dict(among.filter(account__in=stored).values_list("account", "pk"))
    if not held:
        return 0
    before = preservations.standing(held)
    after = preservations.standing(held, but_holds=list(held.values()))
    Hold.objects.filter(pk__in=held.values()).update(released_at=timezone.now(), released_by=by)
    preservations.take_away({pk: stored[pk] for pk in held}, before, after)
    _enter("release-holds", order, list(held), by, reason)
    return len(held)


def _check_person(order: Order, by: User) -> None:
    if not by.has_perm("abuse.preserve_account"):
        raise NotAllowed("it takes the right to preserve accounts.")
    if not Order.objects.visible_to(by).filter(pk=order.pk).exists():
        raise NotAllowed("the order is sealed.")


def _enter(action: str, order: Order, account_ids: Sequence[int], by: User | None, reason: str, **details: Any) -> None:
    """With the authority that it was done for: whoever asks in a year finds no order that explains itself."""
    if isinstance(ends_at := details.get("ends_at"), datetime):
        details["ends_at"] = ends_at.isoformat()
    ledger.append(
        actor=by,
        action=action,
        object=f"order {order.pk}",
        reason=reason,
        details={
            "order": str(order.pk),
            "accounts": sorted(account_ids),
            "authority": order.issuing_authority,
            **details,
        },
    )
