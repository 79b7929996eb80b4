"""Effect words: what an effect report says in codes, as officers read it."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from abuse import effect_bodies
from abuse.models import Order, OrderItem

Outcome = OrderItem.Outcome

OUTCOMES: Mapping[str, Promise] = {
    Outcome.LIVE: gettext_lazy("live"),
    Outcome.DORMANT: gettext_lazy("dormant: held, and answers nothing"),
    Outcome.SUSPENDED: gettext_lazy("already suspended"),
    Outcome.RELEASED: gettext_lazy("released by its holder"),
    Outcome.NEVER: gettext_lazy("never existed"),
    Outcome.NOT_OURS: gettext_lazy("not under our domains"),
    Outcome.PROTECTED: gettext_lazy("protected"),
    Outcome.INVALID: gettext_lazy("names no host"),
    Outcome.REPEATED: gettext_lazy("repeats an earlier line"),
}
DONE: Mapping[str, Promise] = {
    "suspended": gettext_lazy("suspended: out of DNS"),
    "diverted": gettext_lazy("diverted to a sinkhole"),
    "held": gettext_lazy("held: answers as it did, and changes no more"),
    "preserved": gettext_lazy("account preserved"),
    effect_bodies.UNDONE: gettext_lazy("undone"),
    effect_bodies.LEFT: gettext_lazy("left alone: it has changed since it was planned"),
    effect_bodies.NOTHING: gettext_lazy("nothing done"),
}
KINDS: Mapping[str, Promise] = {
    Order.Kind.TAKEDOWN: gettext_lazy("takedown"),
    Order.Kind.PRESERVATION: gettext_lazy("preservation"),
    Order.Kind.INFORMATION: gettext_lazy("information"),
    Order.Kind.EMERGENCY: gettext_lazy("emergency disclosure"),
}


def counts(of: Mapping[str, int], words: Mapping[str, Promise]) -> list[tuple[str, int]]:
    """In the order of the words; without those that are none."""
    return [(str(words[key]), of[key]) for key in words if of.get(key)]
