"""Block a target network or a pattern of labels: for a time, approved by a second person, with what it meets counted before."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from psycopg.errors import QueryCanceled

from abuse.actions.act import Act, Effect, Parameters, Touched, check_known, clean
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision
from ddns import blocks
from ddns.errors import InvalidBlock
from ddns.models import Block, Hostname, User
from ddns.models.hostnames import HostnameQuerySet

# As many as a person can look through.
MAX_SHOWN = 50
# From here on it is a lot, however many more; reading goes on no further.
MAX_MET = 5000
# The form of the decision waits for it. A million names took 0.3 seconds (bench/desk.py measures it).
LONGEST = timedelta(seconds=5)
SECOND_LOOK = "It meets people who have nothing to do with the case."


def _parser(name: str, parse: Callable[[str], str]):
    def _parse(case: Case, given: Mapping[str, Any], ends_at: datetime | None) -> tuple[Parameters, datetime | None]:
        check_known(given, name)
        try:
            return {name: parse(clean(str(given.get(name, ""))))}, ends_at
        except InvalidBlock as error:
            raise InvalidParameter(str(error)) from error

    return _parse


def _doer(kind: Block.Kind) -> Callable[[Decision], Effect]:
    def _do(decision: Decision) -> Effect:
        if decision.ends_at is None:
            raise InvalidParameter("a block has an end.")
        return {"block": blocks.add(kind, decision.parameters[kind.value], expires_at=decision.ends_at).pk}

    return _do


def _undo(decision: Decision, by: User | None) -> None:
    blocks.remove(decision.effect["block"])


def _touch_network(case: Case, parameters: Parameters) -> Touched:
    network = parameters["network"]
    met, words = _met(case, blocks.hostnames_in(network), "point there now")
    return Touched(
        met=met,
        sentences=[
            f"From then on no hostname gets an address in {network}, by whatever protocol. Devices are told “dnserr”, and why.",
            *words,
            "What points there already stays until it changes: decide about each of those names.",
        ],
    )


def _touch_pattern(case: Case, parameters: Parameters) -> Touched:
    pattern = parameters["pattern"]
    met, words = _met(case, blocks.hostnames_like(pattern), "are called so now")
    return Touched(
        met=met,
        sentences=[
            f"From then on nobody registers a name whose label is like {pattern}, in any domain.",
            *words,
            "Names that are there already stay as they are: decide about each of them.",
        ],
    )


def _met(case: Case, found: HostnameQuerySet, words: str) -> tuple[list[str], list[str]]:
    """Names that it meets, for the digest, and what is said of them; of more than MAX_MET that there are more.

    Reads the whole table, for LONGEST at most. Raises InvalidParameter where that is too short.
    """
    # In the order of the table: by name the planner would look up every row of the index.
    rows = _read(found.order_by().values_list("name", "account")[: MAX_MET + 1])
    others = sorted((name, account) for name, account in rows if account != case.account_id)
    accounts = len({account for _, account in others})
    shown = ", ".join(name for name, _ in others[:MAX_SHOWN])
    if len(rows) > MAX_MET:
        said = f"Collateral: more than {MAX_MET} names, of {accounts} other accounts and more, {words}, among them: {shown}."
        return [f"more than {MAX_MET}"], [said]
    said = f"Collateral: {len(others)} names of {accounts} other accounts {words}{': ' if shown else ''}{shown}."
    return sorted(name for name, _ in rows), [said]


def _read(found: QuerySet[Hostname, tuple[str, int]]) -> list[tuple[str, int]]:
    """What nobody could count nobody may decide. Raises InvalidParameter."""
    milliseconds = str(int(LONGEST.total_seconds() * 1000))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            (before,) = cursor.fetchone()
            _limit(cursor, milliseconds)
            rows = list(found)
            # Else it would be that of the whole transaction, whose savepoint this is.
            _limit(cursor, before)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise InvalidParameter(
            f"whom it meets could not be counted within {LONGEST.seconds} seconds. Try again, or take a narrower one."
        ) from error
    return rows


def _limit(cursor: CursorWrapper, value: str) -> None:
    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [value])


BLOCK_NETWORK = Act(
    permission="decide_gravely",
    parse=_parser("network", blocks.parse_network),
    touch=_touch_network,
    do=_doer(Block.Kind.NETWORK),
    undo=_undo,
    second_look=SECOND_LOOK,
    must_end=True,
    is_beside_case=True,
)
BLOCK_PATTERN = Act(
    permission="decide_gravely",
    parse=_parser("pattern", blocks.parse_pattern),
    touch=_touch_pattern,
    do=_doer(Block.Kind.PATTERN),
    undo=_undo,
    second_look=SECOND_LOOK,
    must_end=True,
    is_beside_case=True,
)
