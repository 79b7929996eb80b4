"""UPDATE messages (RFC 2136) of customers: one transaction each, by the verbs that every protocol calls."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from django.db import transaction
from dns.rdtypes.ANY import TXT as txt_records

from ddns import address_updates, addresses, challenges, keys, requests
from ddns.address_updates import CODES, Caller, Changed, Outcome, Unchanged
from ddns.errors import InvalidRecord, KeyNotAllowed, TooManyChanges
from ddns.models import Domain, Hostname, UpdateKey
from ddns.nsupdate import holdings, names, wishes
from ddns.nsupdate.errors import Refused
from ddns.nsupdate.names import ADDRESS_TYPES, Owner
from dnsupdate import wake
from dnsupdate.serving import names as wire_names
from dnsupdate.serving import prerequisites
from dnsupdate.serving.errors import RejectedError
from dnsupdate.serving.requests import Record, Request
from dnsupdate.serving.updates import apply_one, prescan
from dnsupdate.serving.zone import Transaction, Zone

A_CLASS, ANY = dns.rdataclass.IN, dns.rdatatype.ANY
CNAME, TXT = dns.rdatatype.CNAME, dns.rdatatype.TXT


class Update(NamedTuple):
    """One record of the update section, its rdata checked."""

    owner: Owner
    record: Record
    rdata: bytes

    @property
    def types(self) -> tuple[int, ...]:
        """What it is about: of a name as a whole, all that can be changed there."""
        return self.owner.types if self.record.rdtype == ANY else (self.record.rdtype,)

    @property
    def is_addition(self) -> bool:
        return self.record.rdclass == A_CLASS


def apply(request: Request, key: UpdateKey, caller: Caller) -> None:
    """Carries the message out, all of it or nothing, and notes what was refused. The key has signed it.

    Raises RejectedError, MalformedMessageError, TooManyChanges; then nothing has changed.
    """
    try:
        with requests.kept_back():
            _apply(request, key, caller)
    except Refused as refused:
        if refused.hostname:
            requests.note(refused.hostname, caller, refused.code, refused.detail)
        else:
            requests.note_of_key(key.pk, caller, refused.code, refused.detail)
        raise
    except KeyNotAllowed as error:
        for name in spoken_of(request)[: holdings.MAX_HOSTNAMES]:
            requests.note(name, caller, "notallowed", str(error))
        raise RejectedError(dns.rcode.REFUSED) from error
    except TooManyChanges as error:
        for name in spoken_of(request):
            requests.note(name, caller, "toomany", str(error))
        raise


def spoken_of(request: Request) -> list[str]:
    """The hostnames that the updates are about, once each; those that can be told."""
    apex = request.questions[0][0]
    found: dict[str, None] = {}
    for record in request.authorities:
        try:
            found[names.parse(record.owner, apex).hostname] = None
        except RejectedError:
            continue
    return list(found)


@transaction.atomic
def _apply(request: Request, key: UpdateKey, caller: Caller) -> None:
    domain, apex = _domain(request), request.questions[0][0]
    keys.check_network(key.networks, caller.source)
    owners = {record.owner: names.parse(record.owner, apex) for record in (*request.answers, *request.authorities)}
    held = holdings.lock(key, {owner.hostname for owner in owners.values()})
    before = holdings.answered(apex, held.values())
    _check_prerequisites(request, before)
    updates = [Update(owners[record.owner], record, rdata) for record, rdata in prescan(request, before)]
    for update in updates:
        _check(update, key, held[update.owner.hostname], before)
    after = _after(apex, held, updates)
    for name in sorted({update.owner.hostname for update in updates}):
        _carry_out(caller, held[name], after, [update for update in updates if update.owner.hostname == name])
    # Other than an update that is a transaction of its own, these wrote long before they are committed: the publisher
    # may have looked for the last time in between.
    transaction.on_commit(lambda: wake.wake(domain.zone_id))


def _domain(request: Request) -> Domain:
    """RFC 2136 §3.1."""
    apex, rdtype, rdclass = request.questions[0]
    if rdtype != dns.rdatatype.SOA:
        raise RejectedError(dns.rcode.FORMERR)
    domain = Domain.objects.filter(name=wire_names.to_text(apex)).first()
    if domain is None or rdclass != dns.rdataclass.IN:
        raise RejectedError(dns.rcode.NOTAUTH)
    return domain


def _check_prerequisites(request: Request, before: Zone) -> None:
    """Raises Refused, with the rcode of RFC 2136 §2.4, and MalformedMessageError."""
    try:
        prerequisites.check(request, before)
    except RejectedError as failed:
        hostname = next(iter(spoken_of(request)), "")
        raise Refused("prereq", dns.rcode.to_text(failed.rcode), hostname=hostname, rcode=failed.rcode) from failed


def _check(update: Update, key: UpdateKey, hostname: Hostname, before: Zone) -> None:
    """Whether the key may, and the hostname can. Raises Refused."""

    def refused(code: str, detail: str = "") -> Refused:
        return Refused(code, detail, hostname=hostname.name)

    if not update.types or not set(update.types) <= set(update.owner.types):
        spelt = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(update.record.rdtype))
        raise refused("notallowed", f"{spelt} at {update.owner.name} cannot be changed by UPDATE messages")
    if not (key.may_write_text if TXT in update.types else key.may_update):
        raise refused("notallowed", f"the key may not change {'TXT records' if TXT in update.types else 'addresses'}")
    if hostname.restriction_or_none is not None:
        raise refused("abuse")
    if update.is_addition and before.rrset(update.record.owner, CNAME):
        raise refused("notallowed", f"{update.owner.name} is a CNAME")
    if update.is_addition and update.record.rdtype in ADDRESS_TYPES:
        address = wishes.address(update.rdata)
        if not addresses.is_publishable(address):
            raise refused("dnserr", str(address))


def _after(apex: bytes, held: Mapping[str, Hostname], updates: Sequence[Update]) -> Zone:
    """What the hostnames answer after the message. Raises Refused where records are lost that it may not take."""
    for hostname in held.values():
        # As if it were not: updates of what is stored are about that. The row is not saved.
        hostname.offline = False
    zone = holdings.answered(apex, held.values())
    changing = Transaction(zone)
    for update in updates:
        apply_one(changing, update.record, update.rdata)
    for change in changing.changes():
        owner = names.parse(change.owner, apex)
        if change.rdtype not in owner.types:
            detail = f"{owner.name} has records that UPDATE messages cannot delete"
            raise Refused("notallowed", detail, hostname=owner.hostname)
    return zone


def _carry_out(caller: Caller, hostname: Hostname, after: Zone, updates: Sequence[Update]) -> None:
    """What the updates make of one hostname. Raises Refused, KeyNotAllowed."""
    touched: dict[tuple[str, int], list[Update]] = defaultdict(list)
    for update in updates:
        for rdtype in update.types:
            touched[update.owner.label, rdtype].append(update)
    wish = wishes.of_addresses(hostname, after, touched)
    if wish is not None:
        (outcome,) = address_updates.update(caller, [hostname.name], wish)
        _insist(outcome, hostname)
    for (label, rdtype), about in touched.items():
        if rdtype == TXT:
            _set_texts(caller, hostname, label, after, about)


def _set_texts(caller: Caller, hostname: Hostname, label: str, after: Zone, about: Sequence[Update]) -> None:
    """The challenges at one name. Raises Refused."""
    name = Owner(hostname.name, label).name
    rrset = after.rrset(wire_names.from_text(name), TXT)
    kept = [_text(rdata, hostname) for rdata in rrset.rdatas] if rrset else []
    added = [text for text in (_text(each.rdata, hostname) for each in about if each.is_addition) if text in kept]
    try:
        if not kept:
            _insist(challenges.clear(caller, name), hostname)
        for gone in set(challenges.values(hostname, label)).difference(kept):
            _insist(challenges.cleanup(caller, name, gone), hostname)
        for text in added:
            _insist(challenges.present(caller, name, text), hostname)
    except InvalidRecord as error:
        raise Refused("notallowed", str(error), hostname=hostname.name) from error


def _text(rdata: bytes, hostname: Hostname) -> str:
    """Of a TXT record of one string that challenges keep as it is. Raises Refused."""
    parsed = cast(txt_records.TXT, dns.rdata.from_wire(A_CLASS, TXT, rdata, 0, len(rdata)))
    text = parsed.strings[0].decode("ascii", "replace")
    # Blanks and quotes around it would be taken for what was copied along.
    if len(parsed.strings) != 1 or text != text.strip().strip('"') or not text.isprintable():
        raise Refused("notallowed", "a challenge is one string of printable ASCII characters", hostname=hostname.name)
    return text


def _insist(outcome: Outcome | None, hostname: Hostname) -> None:
    """So that nothing of the message is kept. Raises Refused."""
    if outcome is not None and not isinstance(outcome, Changed | Unchanged):
        raise Refused(CODES[type(outcome)], hostname=hostname.name)
