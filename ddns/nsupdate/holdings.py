"""Holdings: the hostnames of a key that a message speaks of, locked, and what they answer as a zone in memory."""

from collections.abc import Collection, Iterable

import dns.rdatatype

from ddns import hostnames
from ddns.models import Hostname, UpdateKey
from ddns.nsupdate.errors import Refused
from dnsupdate import rrsets as records
from dnsupdate.rrsets import RRsets
from dnsupdate.serving import names
from dnsupdate.serving.zone import Change, RRset, Zone

# As many as in one request by HTTP.
MAX_HOSTNAMES = 20


def lock(key: UpdateKey, wanted: Collection[str]) -> dict[str, Hostname]:
    """These hostnames by name, until the transaction ends. Raises Refused unless all are in the key's scope."""
    if len(wanted) > MAX_HOSTNAMES:
        raise Refused("numhost")
    in_scope = Hostname.objects.unreleased().in_scope_of(key)
    held = list(in_scope.filter(name__in=wanted))
    hostnames.lock_all(held)
    # Read after locking, as hostnames.lock does: every decision before ours is seen.
    locked = in_scope.filter(pk__in=[hostname.pk for hostname in held])
    by_name = {each.name: each for each in locked.select_related("account", "domain__zone", "restriction")}
    for name in wanted:
        if name not in by_name:
            raise Refused("nohost", name)
    return by_name


def answered(apex: bytes, held: Iterable[Hostname]) -> Zone:
    """What DNS shall answer at all names of these hostnames; nothing else of the zone."""
    zone = Zone(apex)
    for hostname in held:
        for name, rrsets in hostnames.desired_names(hostname).items():
            _put(zone, names.from_text(name), rrsets)
    return zone


def _put(zone: Zone, owner: bytes, rrsets: RRsets) -> None:
    for type_name, rrset in rrsets.items():
        rdatas = [records.to_canonical(type_name, text) for text in rrset["rdata"]]
        zone.put(Change(owner, dns.rdatatype.from_text(type_name), RRset.of(rrset["ttl"], rdatas)))
