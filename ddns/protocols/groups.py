"""Groups in dyndns2's requests: Dynu's location, HP's group, No-IP's groups and keys, ChangeIP's sets. One line answers."""

from collections.abc import Iterable

from ddns.address_updates import Barred, Changed, Excluded, Outcome, Restricted, Unchanged, Unknown
from ddns.protocols import dyndns2
from ddns.protocols.answers import Answer
from ddns.protocols.parameters import Parameters, last

# No-IP's name for all that a key covers.
ALL = "all.ddnskey.com"

# As in ddns.models.Group.
MAX_NAME_CHARACTERS = 60

_PARAMETERS = ("location", "group")
# Of several outcomes under one line the first of these is said: no device shall stop because of one hostname.
_RANKS = (Changed, Unchanged, Barred, Restricted, Excluded, Unknown)


def name(sent: Parameters, user: str) -> str | None:
    """The name of the group that is meant where no full hostname is sent, None where it is none."""
    group = next((value for parameter in _PARAMETERS if (value := last(sent, parameter).strip())), "")
    # ChangeIP's "*1" is the group called 1.
    group = group or last(sent, "hostname").strip().removeprefix("*")
    if not group or dyndns2.LEFTOVER.fullmatch(group):
        group, colon, _ = user.partition(":")
        group = group.strip() if colon else ""
    return group if group.isprintable() and 0 < len(group) <= MAX_NAME_CHARACTERS else None


def render(outcomes: Iterable[Outcome | None], echo: str) -> Answer:
    known = [outcome for outcome in outcomes if outcome is not None]
    best = min(known, key=lambda outcome: _RANKS.index(type(outcome)), default=Unknown())
    return dyndns2.text(f"{dyndns2.code(best, echo)}\n")
