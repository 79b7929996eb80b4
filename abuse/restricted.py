"""Restricted: what is shown of restricted cases to people who are not named for them, and what is shown to nobody."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from abuse.models import Blob, Category, Evidence, LedgerEntry, Order, Submission, Suspension
from abuse.models.ledger import LedgerEntryQuerySet
from abuse.models.orders import OrderQuerySet
from ddns.models import User

HIDDEN = "Decided on a restricted case, for the people named for those."


def may_see(user: User | None) -> bool:
    return user is not None and user.has_perm("abuse.view_restricted_case")


def entries(user: User | None) -> LedgerEntryQuerySet:
    """Of the ledger, those that this member of staff may read."""
    return LedgerEntry.objects.all() if may_see(user) else LedgerEntry.objects.unrestricted()


def orders(user: User | None) -> OrderQuerySet:
    """Those that this member of staff may see at all: sealed ones by need-to-know."""
    return Order.objects.visible_to(user) if user is not None else Order.objects.none()


def order_or_none(user: User, order_id: UUID) -> Order | None:
    return orders(user).select_related("agency", "officer").filter(pk=order_id).first()


def octets(among: QuerySet[Blob] | None = None) -> QuerySet[Blob]:
    """Blobs that nobody may hold: what came with a restricted report, whatever else it came with. Of these, or of all."""
    attached = Evidence.objects.filter(Q(is_quarantined=True) | Q(report__category__route=Category.Route.RESTRICTED))
    received = Submission.objects.filter(reports__category__route=Category.Route.RESTRICTED)
    if among is not None:
        attached, received = attached.filter(blob__in=among), received.filter(blob__in=among)
    return Blob.objects.filter(Q(pk__in=attached.values("blob")) | Q(pk__in=received.values("blob")))


def without_reasons(suspensions: Iterable[Suspension], user: User | None) -> list[Suspension]:
    """That a name is suspended is to be seen in DNS; why is not, where the case is restricted.

    Wants decision__case and order_item__order.
    """
    rows = list(suspensions)
    for each in rows:
        if each.decision is not None and each.decision.case.is_restricted and not may_see(user):
            each.reason = HIDDEN
            each.lift_reason = each.lift_reason and HIDDEN
    return rows
