"""Letters as authorities write them: a list of names, each spelt in one of the ways that were seen, with lines that are none."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HEAD = """\
# Regional Court of Example, 12 Cr 345/26
# Annex A: names to be taken out of DNS. Some were collected in other spellings.
"""
PORTS = (1177, 5552, 443, 80, 8080)
COMMENT_EVERY = 500

_SPELLINGS: Sequence[Callable[[str, random.Random], str]] = (
    lambda name, chance: name,
    lambda name, chance: name,
    lambda name, chance: name.upper(),
    lambda name, chance: name.replace(".", "[.]"),
    lambda name, chance: name.replace(".", "(dot)", 1),
    lambda name, chance: f"{name}:{chance.choice(PORTS)}",
    lambda name, chance: f"hxxp://{name.replace('.', '[.]')}/gate.php?id={chance.randrange(1000)}",
    lambda name, chance: f"https://{name}:{chance.choice(PORTS)}/",
    lambda name, chance: f"  {name}.   # njRAT",
    lambda name, chance: f"*.{name}",
)


@dataclass(frozen=True)
class Parts:
    """What the letter names, by what it is to us."""

    live: Sequence[str]
    dormant: Sequence[str] = ()
    released: Sequence[str] = ()
    never: Sequence[str] = ()
    foreign: Sequence[str] = ()
    invalid: Sequence[str] = ()

    @property
    def counts(self) -> dict[str, int]:
        return {
            name: len(getattr(self, name)) for name in ("live", "dormant", "released", "never", "foreign", "invalid")
        }


def write(parts: Parts, *, seed: int) -> str:
    """One item on a line, in no order."""
    chance = random.Random(seed)
    named = [*parts.live, *parts.dormant, *parts.released, *parts.never, *parts.foreign]
    lines = [chance.choice(_SPELLINGS)(name, chance) for name in named] + list(parts.invalid)
    chance.shuffle(lines)
    for at in range(len(lines) // COMMENT_EVERY * COMMENT_EVERY, 0, -COMMENT_EVERY):
        lines.insert(at, f"# sheet {at // COMMENT_EVERY}")
    return HEAD + "\n".join(lines) + "\n"
