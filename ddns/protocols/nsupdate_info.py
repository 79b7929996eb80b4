"""nsupdate.info's /nic/delete: dyndns2's request, which ends with no address of the family that it names."""

from collections.abc import Iterable

from ddns.address_updates import Changed, Outcome, Unchanged
from ddns.addresses import Address
from ddns.protocols import dyndns2
from ddns.protocols.answers import Answer
from ddns.protocols.dyndns2 import bad_agent, challenge, credentials, names, outage

__all__ = ["NAME", "PATHS", "bad_agent", "challenge", "credentials", "names", "outage", "render"]

NAME = "nsupdate.info"
PATHS = ("/nic/delete",)

_TYPES = {4: "A", 6: "AAAA"}


def render(outcomes: Iterable[Outcome | None], families: Iterable[int]) -> Answer:
    """One line per hostname; gone already is as good."""
    deleted = "deleted " + ",".join(_TYPES[family] for family in sorted(families))
    lines = [deleted if isinstance(each, Changed | Unchanged) else dyndns2.code(each) for each in outcomes]
    return dyndns2.text("".join(f"{line}\n" for line in lines))


def families(given: Iterable[Address], source: Address) -> frozenset[int]:
    """Those of the addresses that were sent, whatever they are; without any, that of the source."""
    return frozenset(address.version for address in given) or frozenset({source.version})
