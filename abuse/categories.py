"""Categories: which one a report falls into. What each means is data, edited at the desk."""

from collections.abc import Iterable

from abuse.models import Category

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


def _wanted(kind: str) -> list[str]:
    kind = kind.strip().lower()
    return [kind, f"{kind.partition('/')[0]}/*", OTHER]
