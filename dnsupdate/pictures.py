"""Pictures: a delegation as a parent's server shows it, how two differ in words, and which one a parent's servers agree on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Picture:
    """Names in lower case without the final dot, everything sorted. Without nameservers: not delegated.

    Glue is that of nameservers within the zone, which a referral must carry whole (RFC 9471); other addresses may be left out.
    """

    ns: tuple[str, ...] = ()
    glue: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ds: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "ns": list(self.ns),
            "glue": {name: list(addresses) for name, addresses in self.glue},
            "ds": list(self.ds),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Picture":
        glue = tuple(sorted((name, tuple(addresses)) for name, addresses in stored["glue"].items()))
        return cls(tuple(stored["ns"]), glue, tuple(stored["ds"]))

    @property
    def is_delegated(self) -> bool:
        return bool(self.ns)


class Verdict(StrEnum):
    AS_EXPECTED = "as expected"
    CHANGED = "changed"
    UNKNOWN = "unknown"


def judge(expected: Picture | None, shown: Sequence[Picture | None]) -> tuple[Verdict, Picture | None]:
    """What the parent's servers say together, and the picture they show; shown has None for each that does not say.

    Changed: two servers show another picture (one, where only two were asked), and no more show the expected one.
    As expected: more show it than show others. Without an expected picture, everything is a change.
    """
    pictures = [picture for picture in shown if picture is not None]
    others = [picture for picture in pictures if picture != expected]
    agreeing = len(pictures) - len(others)
    if len(others) >= (1 if len(shown) <= 2 else 2) and len(others) >= agreeing:
        return Verdict.CHANGED, _most_common(others)
    if agreeing > len(others):
        return Verdict.AS_EXPECTED, expected
    return Verdict.UNKNOWN, None


def differences(was: Picture, now: Picture) -> list[str]:
    """A sentence for each part that differs."""
    if was.is_delegated and not now.is_delegated:
        return [f"The parent no longer delegates the zone. Nameservers: were {_list(was.ns)}; now {NOTHING}."]
    sentences = [f"Nameservers: were {_list(was.ns)}; now {_list(now.ns)}."] if was.ns != now.ns else []
    before, after = dict(was.glue), dict(now.glue)
    # The addresses of a nameserver that came or went are no news of their own, but where they lead is.
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name) and name in now.ns:
            sentences.append(f"Glue of {name}: was {_list(before.get(name))}; now {_list(after.get(name))}.")
    if was.ds != now.ds:
        sentences.append(f"DS: was {_list(was.ds)}; now {_list(now.ds)}.")
    return sentences


def _most_common(pictures: Sequence[Picture]) -> Picture:
    """Of equally many the first in order, so that the same answers always give the same."""
    counts = Counter(pictures)
    return min(counts, key=lambda picture: (-counts[picture], picture.ns, picture.glue, picture.ds))


def _list(values: Sequence[str] | None) -> str:
    return ", ".join(values) if values else NOTHING
