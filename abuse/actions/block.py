"""Block a target network or a pattern of labels: for a time, approved by a second person, with what it meets counted before."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from abuse.actions.act import Act, Effect, Parameters, Touched, check_known, clean
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision
from ddns import blocks
from ddns.errors import InvalidBlock
from ddns.models import Block, User
from ddns.models.hostnames import HostnameQuerySet

# As many as a person can look through.
MAX_SHOWN = 50
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
    """Names that it meets, for the digest, and what is said of them. Two queries that read the whole table."""
    names = list(found.order_by("name").values_list("name", "account")[:5000])
    others = [(name, account) for name, account in names if account != case.account_id]
    accounts = len({account for _, account in others})
    shown = ", ".join(name for name, _ in others[:MAX_SHOWN])
    said = f"Collateral: {len(others)} names of {accounts} other accounts {words}{': ' if shown else ''}{shown}."
    return [name for name, _ in names], [said]


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
