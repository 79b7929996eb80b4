"""Effect bodies: what an effect report says, as canonical JSON: every line of the order, and what every server answered.

docs/receipts.md describes every field.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from abuse import effect_proofs, receipts
from abuse.effect_proofs import Answered, Owner
from abuse.models import EffectReport, Order, OrderGroup, OrderItem, Suspension
from ddns.models import Restriction
from dnsupdate.models import Nameserver, Zone
from dnsupdate.models.proofs import UNPROVEN

VERSION = 1
# What an answer in a report is made of: a row, since there are tens of thousands.
ANSWER_FIELDS = ("server", "serial", "answered_at", "answer", "is_as_decided")
# In the place of an rcode.
ADDRESSES, RECORDS, NODATA, SILENT, NOT_ASKED = "ADDRESSES", "RECORDS", "NODATA", "NO ANSWER", "NOT ASKED"
# Of these the authority could tell by itself. Notes on others say what stands of a customer or was decided elsewhere, of which
# an order that is sealed may be another agency's: they are for our people.
OPEN_OUTCOMES = (OrderItem.Outcome.NOT_OURS, OrderItem.Outcome.INVALID, OrderItem.Outcome.REPEATED)
NOTHING, LEFT, UNDONE = "nothing", "left", "undone"
STRONGER = "Another decision over it is stronger, and in force instead."
DONE = {
    OrderGroup.Action.SUSPEND: "suspended",
    OrderGroup.Action.DIVERT: "diverted",
    OrderGroup.Action.HOLD: "held",
    OrderGroup.Action.PRESERVE: "preserved",
}


@dataclass(frozen=True, slots=True)
class Body:
    """The text that is signed by its hash, and what is said of it elsewhere. lagging: names not as decided, by server."""

    text: str
    size: int
    sha256: str
    line_count: int
    name_count: int
    proven_count: int
    outcomes: Mapping[str, int]
    done: Mapping[str, int]
    servers: Sequence[str]
    lagging: Mapping[str, int]


def make(order: Order, *, of: EffectReport.Of, report: UUID, since: datetime, at: datetime) -> Body:
    """Of the rows as they are, and what was answered since then. Some queries for each zone; writes nothing."""
    return _Writer(order, of, since).body(report, at)


class _Writer:
    """Reads once what all items need, then writes one after the other."""

    def __init__(self, order: Order, of: EffectReport.Of, since: datetime) -> None:
        self.order, self.of = order, of
        self.groups = {group.key: group for group in order.groups.select_related("target")}
        self.targets = [group.target for group in self.groups.values() if group.target is not None]
        covering = Suspension.objects.filter(order_item__order=order)
        self.kinds: dict[int, str] = dict(covering.values_list("order_item_id", "kind"))
        in_force = Restriction.objects.filter(hostname__order_items__order=order)
        self.in_force: dict[int, str] = dict(in_force.values_list("hostname__order_items", "kind"))
        self.zones = effect_proofs.by_zone(effect_proofs.owners_of(order, of))
        self.servers = effect_proofs.servers_in(self.zones)
        self.index = {server.pk: number for number, server in enumerate(self.servers)}
        self.zone_index = {zone.pk: number for number, zone in enumerate(self.zones)}
        self.owners: dict[int, list[Owner]] = {}
        self.answers: dict[int, dict[tuple[str, int], Answered]] = {}
        self.servers_of: dict[int, list[Nameserver]] = {}
        for zone, owners in self.zones.items():
            self.answers[zone.pk] = effect_proofs.answers(zone, [owner.name for owner in owners], since=since)
            self.servers_of[zone.pk] = effect_proofs.servers_in([zone])
            for owner in owners:
                self.owners.setdefault(owner.item, []).append(owner)
        self.asked, self.matched, self.proven_count = Counter[int](), Counter[int](), 0

    def body(self, report: UUID, at: datetime) -> Body:
        rows = self.order.items.order_by("position").iterator(chunk_size=5000)
        outcomes, done, items = Counter[str](), Counter[str](), []
        for item in rows:
            items.append(written := self._item(item))
            outcomes[item.outcome] += 1
            done[written["done"]] += 1
        content = {
            "version": VERSION,
            "report": str(report),
            "issuer": settings.SITE_URL,
            "made_at": _at(at),
            "of": self.of.value,
            "order": self._order(),
            "counts": {
                "lines": len(items),
                "outcomes": dict(outcomes),
                "done": dict(done),
                "names_acted_on": len(self.owners),
                "names_proven": self.proven_count,
            },
            "servers": [self._server(number, server) for number, server in enumerate(self.servers)],
            "zones": [self._zone(zone) for zone in self.zones],
            "targets": [{"name": target.name, "addresses": sorted(target.addresses)} for target in self.targets],
            "answer_fields": ANSWER_FIELDS,
            "items": items,
        }
        text = receipts.canonical(content)
        octets = text.encode()
        return Body(
            text=text,
            size=len(octets),
            sha256=hashlib.sha256(octets).hexdigest(),
            line_count=len(items),
            name_count=len(self.owners),
            proven_count=self.proven_count,
            outcomes=outcomes,
            done=done,
            servers=[server.name for server in self.servers],
            lagging={
                server.name: lag
                for number, server in enumerate(self.servers)
                if (lag := self.asked[number] - self.matched[number])
            },
        )

    def _order(self) -> dict[str, Any]:
        order = self.order
        return {
            "id": str(order.pk),
            "agency": order.agency.name,
            "reference": order.reference,
            "kind": order.kind,
            "instrument": order.instrument,
            "filed_at": _at(order.filed_at),
            "files": [{"role": file.role, "sha256": file.blob_id} for file in order.files.all()],
            "plan_digest": order.plan_digest,
            # Who they are is in the ledger, and is theirs.
            "decided_by": "a member of staff" if order.approved_by_id is None else "two members of staff",
            "decided_at": _at(order.approved_at or order.proposed_at),
            "acted_at": _at(order.acted_at),
            "undone_at": _at(order.undone_at),
        }

    def _server(self, number: int, server: Nameserver) -> dict[str, Any]:
        return {"name": server.name, "names_asked": self.asked[number], "names_as_decided": self.matched[number]}

    def _zone(self, zone: Zone) -> dict[str, Any]:
        before = self.order.proving.get("serials", {}).get(str(zone.pk), {})
        serials = Counter[int]()
        for found in self.answers[zone.pk].values():
            serials[found.server] = max(serials[found.server], found.serial or 0)
        return {
            "name": zone.name,
            "serials": [
                {
                    "server": self.index[server.pk],
                    "before": before.get(str(server.pk)),
                    "after": serials[server.pk] or None,
                }
                for server in self.servers_of[zone.pk]
            ],
        }

    def _item(self, item: OrderItem) -> dict[str, Any]:
        """Nothing that is empty. The line as written only where it is not the name."""
        group, done = self.groups.get(item.group), self._done(item)
        written: dict[str, Any] = {"position": item.position, "outcome": item.outcome, "done": done}
        if item.name:
            written["name"] = item.name
        if item.text != item.name:
            written["text"] = item.text
        note = item.note if item.outcome in OPEN_OUTCOMES else ""
        why = item.problem or note or (group.reason if group is not None and done == NOTHING else "")
        if done in ("diverted", "held") and self.in_force.get(item.pk) != self.kinds.get(item.pk):
            # As decided is what the strongest says: without this an answer of NXDOMAIN would be called a diversion.
            why = f"{why} {STRONGER}".strip()
        if why:
            written["why"] = why
        if done == "diverted" and group is not None and group.target is not None:
            written["target"] = self.targets.index(group.target)
        if item.acted_at is not None:
            written["decided_at"] = _at(item.acted_at)
        if item.undone_at is not None:
            written["undone_at"] = _at(item.undone_at)
        if owners := self.owners.get(item.pk):
            written |= self._in_dns(owners)
        return written

    def _done(self, item: OrderItem) -> str:
        if item.state == OrderItem.State.UNDONE:
            return UNDONE
        if item.state == OrderItem.State.LEFT:
            return LEFT
        if item.state != OrderItem.State.ACTED or item.group not in self.groups:
            return NOTHING
        action = OrderGroup.Action(self.groups[item.group].action)
        if action == OrderGroup.Action.DIVERT and self.kinds.get(item.pk) == Suspension.Kind.SUSPENDED:
            # Its partner answers no more: the name left DNS instead.
            return DONE[OrderGroup.Action.SUSPEND]
        return DONE.get(action, NOTHING)

    def _in_dns(self, owners: Sequence[Owner]) -> dict[str, Any]:
        """Its own name, with what stands below it: labels there are the customer's, so they are counted and not named."""
        own = owners[0]
        written: dict[str, Any] = {"zone": self.zone_index[own.zone]}
        if len(owners) > 1:
            written["owner_names"] = len(owners)
        at = own.withdrawn_at if own.is_out else own.published_at
        if at is not None and not own.is_dirty:
            written["out_of_dns_at" if own.is_out else "in_dns_at"] = _at(at)
        answers = [self._answer(server, owners) for server in self.servers_of[own.zone]]
        self.proven_count += all(answer[-1] for answer in answers)
        return written | {"answers": answers}

    def _answer(self, server: Nameserver, owners: Sequence[Owner]) -> list[Any]:
        """What it answers for the item's own name, or for the first that is not as decided."""
        number, known = self.index[server.pk], self.answers[owners[0].zone]
        found = [known.get((owner.name, server.pk)) for owner in owners]
        shown = next((each for each in found if each is None or not each.is_match), found[0])
        self.asked[number] += 1
        if shown is None:
            return [number, None, None, NOT_ASKED, False]
        self.matched[number] += shown.is_match
        return [number, shown.serial, _at(shown.asked_at), _class(shown), shown.is_match]


def _class(found: Answered) -> str:
    """Not the addresses: those of a name that is held or came back are its holder's."""
    if not found.rcode:
        return SILENT
    if "A" in found.answer or "AAAA" in found.answer:
        return ADDRESSES
    if found.answer:
        return RECORDS
    if found.error.startswith(UNPROVEN) and found.rcode in ("NOERROR", "NXDOMAIN"):
        return f"{found.rcode}, no proof"
    return NODATA if found.rcode == "NOERROR" else found.rcode


def _at(moment: datetime | None) -> str | None:
    """In UTC, as in receipts, to the millisecond."""
    return None if moment is None else moment.isoformat(timespec="milliseconds")
