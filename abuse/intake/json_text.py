"""JSON of strangers: bounded in values, depth and digits; no NaN, no NUL, no half characters."""

import json
import math
import re
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import limits, text

_UNFIT = re.compile(r"\\u(?:0000|[dD][89a-fA-F]|[fF][dDfF]|00[01]|00[789])")


def load(content: str, warnings: list[str], *, and_more: bool = False) -> Any:
    """The value; appends to warnings which keys came twice. and_more: what follows it is passed over.

    Raises Unreadable with what is wrong and where.

    1,000,000 empty objects are refused by their commas in 0.05 s; the most that is taken stays below 200 MiB.
    """
    if sum(map(content.count, ",[{")) > limits.MAX_JSON_VALUES:
        raise Unreadable(f"The JSON has more than {limits.MAX_JSON_VALUES:,} values. Send it in parts.")
    twice: set[str] = set()

    def to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs) and len(twice) < 5:
            seen: set[str] = set()
            twice.update(text.line(key, 60) for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return made

    try:
        decoder = json.JSONDecoder(
            strict=False,
            object_pairs_hook=to_object,
            parse_int=_to_int,
            parse_float=_to_float,
            parse_constant=_to_nothing,
        )
        value = decoder.raw_decode(content.lstrip())[0] if and_more else decoder.decode(content)
    except RecursionError as error:
        raise Unreadable("The JSON is nested too deep.") from error
    except ValueError as error:
        raise Unreadable(f"The JSON is broken: {text.line(str(error), 200)}.") from error
    warnings.extend(f"The key “{key}” occurs twice in one object; its last value counts." for key in sorted(twice))
    return _clean(value, limits.MAX_JSON_DEPTH) if "\x00" in content or _UNFIT.search(content) else _checked(value)


def _checked(value: Any) -> Any:
    """Depth alone: everything that reads the value may then recurse."""
    level = [value]
    for _ in range(limits.MAX_JSON_DEPTH):
        level = [
            each
            for above in level
            if isinstance(above, (dict, list))
            for each in (above.values() if isinstance(above, dict) else above)
            if isinstance(each, (dict, list))
        ]
        if not level:
            return value
    raise Unreadable(f"The JSON is nested deeper than {limits.MAX_JSON_DEPTH}.")


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return text.clean(value)
    if not isinstance(value, (dict, list)):
        return value
    if depth == 0:
        raise Unreadable(f"The JSON is nested deeper than {limits.MAX_JSON_DEPTH}.")
    if isinstance(value, list):
        return [_clean(each, depth - 1) for each in value]
    return {text.clean(key): _clean(each, depth - 1) for key, each in value.items()}


def _to_int(digits: str) -> int | None:
    return int(digits) if len(digits) <= limits.MAX_DIGITS else None


def _to_float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _to_nothing(_: str) -> None:
    """NaN and Infinity are no JSON."""
