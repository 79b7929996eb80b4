"""Expectations: what a zone's rows say that names shall answer, wildcards and empty non-terminals included (RFC 4592)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection

from dnsupdate import rrsets as records
from dnsupdate.models import Publication, Zone
from dnsupdate.queries import Record, Reply
from dnsupdate.rrsets import RRset, RRsets

# Asked at every name, whatever its row says: what a name must not answer is proven by asking.
ALWAYS_ASKED = ("A", "AAAA", "TXT")


@dataclass(frozen=True, slots=True)
class Expected:
    """What one name shall answer. rrsets are its own, or those of the wildcard that speaks for it."""

    name: str
    revision: int
    rrsets: RRsets
    exists: bool
    wildcard: str = ""

    @property
    def types(self) -> list[str]:
        """The types to ask for."""
        return [*ALWAYS_ASKED, *(type_name for type_name in self.rrsets if type_name not in ALWAYS_ASKED)]

    def difference(self, type_name: str, reply: Reply) -> str:
        """Empty where the answer to a question of this type is what it shall be, else what is different."""
        rcode = "NOERROR" if self.exists else "NXDOMAIN"
        shall_type = "CNAME" if "CNAME" in self.rrsets else type_name
        shall = _as_records(shall_type, self.rrsets[shall_type]) if shall_type in self.rrsets else frozenset()
        found = frozenset(reply.records)
        if reply.rcode != rcode:
            return f"{type_name}: {reply.rcode} instead of {rcode}{self._because()}"
        if found == shall:
            return ""
        if {record.rdata for record in found} == {record.rdata for record in shall}:
            ttls = ", ".join(sorted({str(record.ttl) for record in found}))
            return f"{type_name}: TTL {ttls} instead of {self.rrsets[shall_type]['ttl']}"
        if not found:
            return f"{type_name}: missing{self._because()}"
        return f"{type_name}: other records than the row's" if shall else f"{type_name}: answered, and shall not be"

    def _because(self) -> str:
        return f" ({self.wildcard} speaks for it)" if self.wildcard else ""


class Expectations:
    """The rows that decide what some names of a zone answer, as they were when this was made: read by one query."""

    def __init__(self, zone: Zone, names: Sequence[str]) -> None:
        self.zone = zone
        wanted = {name for each in names for name in (each, f"*.{each}", *_deciding(each, zone.name))}
        rows = Publication.objects.filter(zone=zone, name__in=wanted).values_list("name", "revision", "rrsets")
        self._rows: dict[str, tuple[int, RRsets]] = {
            name: (revision, _without_empty(rrsets)) for name, revision, rrsets in rows.iterator(chunk_size=5000)
        }
        live = [name for name, (_, rrsets) in self._rows.items() if rrsets]
        # Names that exist because something stands below them, as far as these rows tell.
        self._non_terminals = {ancestor for name in live for ancestor in _ancestors(name, zone.name)}

    def of(self, name: str) -> Expected:
        revision, rrsets = self._rows.get(name, (0, {}))
        if rrsets or name in self._non_terminals:
            return Expected(name, revision, rrsets, exists=True)
        wildcard = f"*.{self._closest_encloser(name)}"
        _, synthesised = self._rows.get(wildcard, (0, {}))
        if synthesised and wildcard != name:
            return Expected(name, revision, synthesised, exists=True, wildcard=wildcard)
        return Expected(name, revision, {}, exists=False)

    def look_deeper(self, names: Iterable[str]) -> None:
        """Finds what stands anywhere below these names or below their ancestors: reads every name of more than one label
        below the apex, so it is only for what is not as expected. The rows themselves stay as they were read.
        """
        candidates = {each for name in names for each in (name, *_ancestors(name, self.zone.name))}
        for deep in _deep_names(self.zone):
            self._non_terminals.update(candidates.intersection(_ancestors(deep, self.zone.name)))

    def _closest_encloser(self, name: str) -> str:
        for ancestor in _ancestors(name, self.zone.name):
            if self._rows.get(ancestor, (0, {}))[1] or ancestor in self._non_terminals:
                return ancestor
        return self.zone.name


def _deciding(name: str, apex: str) -> Iterator[str]:
    """The names above that may speak for it, or keep a wildcard from doing so."""
    for ancestor in (*_ancestors(name, apex), apex):
        yield ancestor
        yield f"*.{ancestor}"


def _ancestors(name: str, apex: str) -> Iterator[str]:
    """From its parent up to the name below the apex."""
    parent = name.partition(".")[2]
    while len(parent) > len(apex):
        yield parent
        parent = parent.partition(".")[2]


def _deep_names(zone: Zone) -> Iterator[str]:
    # Not by the ORM: no index finds names by how deep they are, and this is one pass over the zone's rows.
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            """
            SELECT name FROM dnsupdate_publication
            WHERE zone_id = %s AND rrsets <> '{}' AND strpos(left(name, -%s), '.') > 0
            """,
            [zone.pk, len(zone.name) + 1],
        )
        while rows := cursor.fetchmany(5000):
            yield from (name for (name,) in rows)


def _without_empty(rrsets: RRsets) -> RRsets:
    return {type_name: rrset for type_name, rrset in rrsets.items() if rrset["rdata"]}


def _as_records(type_name: str, rrset: RRset) -> frozenset[Record]:
    return _as_canonical_records(type_name, rrset["ttl"], tuple(rrset["rdata"]))


# The same for every server, and for all names of one sinkhole.
@lru_cache(maxsize=4096)
def _as_canonical_records(type_name: str, ttl: int, texts: tuple[str, ...]) -> frozenset[Record]:
    return frozenset(Record(type_name, ttl, records.to_canonical(type_name, text)) for text in texts)
