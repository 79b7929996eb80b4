"""Categories: which one a report falls into. What each means is data, edited at the desk."""

from abuse.models import Category

# Where nothing fits: a person decides what it is.
OTHER = "other/unclassified"


def of(kind: str) -> Category:
    """The category of category/type in XARF's words: the exact one, else that of all types, else the one for the rest."""
    kind = kind.strip().lower()
    wanted = [kind, f"{kind.partition('/')[0]}/*", OTHER]
    found = Category.objects.in_bulk(wanted)
    return next(found[key] for key in wanted if key in found)
