"""Joint updates: several hostnames changed by one request, all or none, each depending on how it stands."""

from collections.abc import Callable, Iterable, Mapping

from django.db import transaction

from ddns import contacts, hostnames, requests
from ddns.address_updates import (
    CODES,
    Caller,
    Changed,
    Outcome,
    Restricted,
    Standing,
    Unchanged,
    Unknown,
    Wish,
    check_key,
    decide,
    read,
)
from ddns.errors import TooManyChanges
from ddns.models import Hostname

WishFor = Callable[[Standing], Wish]


def update(caller: Caller, wishes: Mapping[str, WishFor]) -> dict[str, Outcome]:
    """Every normalised name or none: where one outcome is neither Changed nor Unchanged, nothing was written.

    What is wished for a hostname may depend on how it stands. Locks the publications of all if there is anything to
    change. Raises WrongKey, KeyNotAllowed, TooManyChanges, and what a wish raises.
    """
    key_id = check_key(caller)
    contacts.remember(key_id, caller.source, caller.agent)
    standings = {name: read(caller, name)[1] for name in wishes}
    outcomes = {name: _foreseen(standings[name], wish) for name, wish in wishes.items()}
    if not _refused(outcomes) and not all(isinstance(each, Unchanged) for each in outcomes.values()):
        try:
            outcomes = _change(caller, wishes, filter(None, standings.values()))
        except TooManyChanges as error:
            for name in wishes:
                requests.note(name, caller, "toomany", error)
            raise
    _note(caller, key_id, outcomes)
    return outcomes


def _foreseen(standing: Standing | None, wish: WishFor) -> Outcome:
    """What will become of it, if nobody writes it before we do."""
    if standing is None:
        return Unknown()
    if standing.is_restricted:
        return Restricted()
    return Unchanged() if standing.fulfils(wish(standing)) else Changed()


@transaction.atomic
def _change(caller: Caller, wishes: Mapping[str, WishFor], found: Iterable[Standing]) -> dict[str, Outcome]:
    hostnames.lock_all([Hostname(pk=standing.hostname_id) for standing in found])
    outcomes: dict[str, Outcome] = {}
    for name, wish in wishes.items():
        # Once more, under the locks: from now on nobody else writes it.
        key_id, standing = read(caller, name)
        outcomes[name] = Unknown() if standing is None else decide(caller, key_id, wish(standing), standing)
    if _refused(outcomes):
        transaction.set_rollback(True)
    return outcomes


def _refused(outcomes: Mapping[str, Outcome]) -> list[str]:
    return [name for name, outcome in outcomes.items() if not isinstance(outcome, Changed | Unchanged)]


def _note(caller: Caller, key_id: int, outcomes: Mapping[str, Outcome]) -> None:
    """Of names that were refused because of another one, that one is noted."""
    cause = next(iter(_refused(outcomes)), None)
    for name, outcome in outcomes.items():
        if isinstance(outcome, Unknown):
            requests.note_of_key(key_id, caller, "nohost", name)
        elif cause is None or not isinstance(outcome, Changed | Unchanged):
            requests.note(name, caller, CODES[type(outcome)])
        else:
            requests.note(name, caller, CODES[type(outcomes[cause])], cause)
