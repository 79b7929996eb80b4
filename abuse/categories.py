"""Categories: which one a report falls into. What each means is data, edited at the desk."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from abuse import ledger
from abuse.errors import InvalidParameter, NotAllowed, NothingToDo, ReasonMissing
from abuse.models import Category, Decision
from ddns.models import User

# Where nothing fits: a person decides what it is.
OTHER = "other/unclassified"


def of(kind: str) -> Category:
    """The category of category/type in XARF's words: the exact one, else that of all types, else the one for the rest."""
    wanted = _wanted(kind)
    found = Category.objects.in_bulk(wanted)
    return next(found[key] for key in wanted if key in found)


def of_all(kinds: Iterable[str]) -> dict[str, Category]:
    """Of many at once, in one query."""
    found = Category.objects.in_bulk()
    return {kind: found[next(key for key in _wanted(kind) if key in found)] for kind in kinds}


@transaction.atomic
def change(category: Category, *, reason: str, by: User, **fields: Any) -> Category:
    """Sets these fields; the ledger has what was before and after. Cases that are open keep their clocks. Locks the category.

    Raises ReasonMissing, NotAllowed, NothingToDo, InvalidParameter.
    """
    if not reason.strip():
        raise ReasonMissing
    if not by.has_perm("abuse.change_settings"):
        raise NotAllowed("it takes the right to change settings.")
    category = Category.objects.select_for_update(no_key=True).get(pk=category.pk)
    before = {name: _plain(getattr(category, name)) for name in CHANGEABLE if name in fields}
    for name in before:
        setattr(category, name, fields[name])
    after = {name: _plain(getattr(category, name)) for name in before}
    changed = [name for name in before if before[name] != after[name]]
    if not changed:
        raise NothingToDo("It says that already.")
    check(category)
    category.save(update_fields=changed)
    ledger.append(
        actor=by,
        action="change-category",
        object=f"category {category.pk}",
        reason=reason.strip(),
        details={name: {"before": before[name], "after": after[name]} for name in changed},
    )
    return category


# What a route means to the law is not for an hour of need: it is set by a migration.
CHANGEABLE = (
    *("title", "meaning", "first_action", "clock", "severity", "evidence_wanted", "is_on_form", "may_be_anonymous"),
    *("may_hold", "retention"),
)
LEAST_CLOCK, LEAST_RETENTION = timedelta(minutes=15), timedelta(days=30)


def check(category: Category) -> None:
    """Whether it makes sense. Raises InvalidParameter."""
    if category.first_action not in Decision.Action.values:
        raise InvalidParameter(f"{category.first_action} is no decision.")
    if category.clock < LEAST_CLOCK:
        raise InvalidParameter("a clock below a quarter of an hour is one that nobody keeps.")
    if category.retention < LEAST_RETENTION:
        raise InvalidParameter("an appeal needs what was reported: the least is 30 days.")
    if category.route != Category.Route.SUSPECT and category.may_hold:
        raise InvalidParameter("policy holds no name whose customer is a victim, or in a dispute, or restricted.")
    try:
        category.full_clean(validate_unique=False)
    except ValidationError as error:
        raise InvalidParameter(" ".join(error.messages)) from error


def _plain(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _wanted(kind: str) -> list[str]:
    kind = kind.strip().lower()
    return [kind, f"{kind.partition('/')[0]}/*", OTHER]
