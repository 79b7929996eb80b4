"""Restricted: what is shown of restricted cases and sealed orders to people who are not named for them, and to nobody."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from abuse import preservations
from abuse.models import Blob, Category, Evidence, Hold, LedgerEntry, Order, Submission, Suspension
from abuse.models.ledger import LedgerEntryQuerySet
from abuse.models.orders import OrderQuerySet
from ddns.models import User

HIDDEN = "Decided on a restricted case, for the people named for those."
# That a name is out of DNS shows; that nobody else can put it back has to be known.
SEALED = "Done for an order that is sealed, for the people who handle it."


def may_see(user: User | None) -> bool:
    return user is not None and user.has_perm("abuse.view_restricted_case")


def entries(user: User | None, among: LedgerEntryQuerySet | None = None) -> LedgerEntryQuerySet:
    """Of the ledger, or of these, those that this member of staff may read. A query more for the sealed orders."""
    found = LedgerEntry.objects.all() if among is None else among
    found = found if may_see(user) else found.unrestricted()
    hidden = hidden_orders(user)
    return found.without_orders(hidden) if hidden else found


def hidden_orders(user: User | None) -> list[UUID]:
    """The sealed orders that this member of staff knows nothing of. One query, or one more: of permissions."""
    return list(Order.objects.sealed().exclude(pk__in=orders(user).values("pk")).values_list("pk", flat=True))


def orders(user: User | None) -> OrderQuerySet:
    """Those that this member of staff may see at all: sealed ones by need-to-know."""
    return Order.objects.visible_to(user) if user is not None else Order.objects.none()


def order_or_none(user: User, order_id: UUID) -> Order | None:
    return orders(user).select_related("agency", "officer").filter(pk=order_id).first()


def preserved_until(account: User, user: User | None) -> datetime | None:
    """Until when it is preserved, as far as this member of staff may know: without the holds of orders that are sealed for them.

    No query where nothing is preserved.
    """
    if account.preserve_until is None:
        return None
    holds = Hold.objects.filter(account=account, released_at=None, order__in=hidden_orders(user))
    if not (hidden := list(holds.values_list("pk", flat=True))):
        return account.preserve_until
    before = preservations.standing([account.pk])[account.pk]
    left = preservations.standing([account.pk], but_holds=hidden)[account.pk]
    return preservations.latest(preservations.base_of(before, account.preserve_until), left)


def octets(among: QuerySet[Blob] | None = None) -> QuerySet[Blob]:
    """Blobs that nobody may hold: what came with a restricted report, whatever else it came with. Of these, or of all."""
    attached = Evidence.objects.filter(Q(is_quarantined=True) | Q(report__category__route=Category.Route.RESTRICTED))
    received = Submission.objects.filter(reports__category__route=Category.Route.RESTRICTED)
    if among is not None:
        attached, received = attached.filter(blob__in=among), received.filter(blob__in=among)
    return Blob.objects.filter(Q(pk__in=attached.values("blob")) | Q(pk__in=received.values("blob")))


def without_reasons(suspensions: Iterable[Suspension], user: User | None) -> list[Suspension]:
    """That a name is suspended is to be seen in DNS; why is not, where the case is restricted or the order sealed.

    Wants decision__case and order_item__order.
    """
    rows = list(suspensions)
    hidden = hidden_orders(user) if any(each.order_item_id is not None for each in rows) else []
    for each in rows:
        if each.decision is not None and each.decision.case.is_restricted and not may_see(user):
            _hide(each, HIDDEN)
        if each.order_item is not None and each.order_item.order_id in hidden:
            _hide(each, SEALED)
    return rows


def _hide(suspension: Suspension, instead: str) -> None:
    suspension.reason = instead
    suspension.lift_reason = suspension.lift_reason and instead
