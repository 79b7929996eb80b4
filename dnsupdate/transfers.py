"""Zone transfers: a whole zone from its primary by AXFR (RFC 5936), name by name."""

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.tsig

from dnsupdate import nameservers
from dnsupdate.errors import Unreachable
from dnsupdate.models import Zone

# The types that a signer adds (RFC 4034, RFC 5155, RFC 7344, RFC 8976; BIND's private type): not ours to compare.
SIGNERS_TYPES = frozenset({"RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "ZONEMD", "TYPE65534"})
# Seconds between two messages, and for the whole: a loaded server pauses.
MESSAGE_TIMEOUT, LIFETIME = 30, 3600

# By owner name, then by type: the TTL and the rdata in canonical wire form (RFC 4034 §6.2).
Contents = dict[str, dict[str, tuple[int, frozenset[bytes]]]]


def transfer(zone: Zone) -> Contents:
    """Everything in the zone but the signer's records. Raises Unreachable for whatever stops the transfer, KeyRefused."""
    server = zone.primary
    key = server.key.for_messages() if server.key else None
    contents: Contents = {}
    try:
        messages = dns.query.xfr(
            nameservers.resolve(server),
            zone.name,
            port=server.port,
            keyring={key.name: key} if key else None,
            keyname=key.name if key else None,
            keyalgorithm=key.algorithm if key else dns.tsig.default_algorithm,
            relativize=False,
            timeout=MESSAGE_TIMEOUT,
            lifetime=LIFETIME,
        )
        for message in messages:
            _collect(message, contents)
    except (dns.exception.DNSException, OSError) as error:
        raise Unreachable(f"the transfer of {zone} from {server} ended: {error or type(error).__name__}.") from error
    return contents


def _collect(message: dns.message.Message, contents: Contents) -> None:
    for rrset in message.answer:
        type_name = dns.rdatatype.to_text(rrset.rdtype)
        if type_name in SIGNERS_TYPES:
            continue
        types = contents.setdefault(rrset.name.to_text(omit_final_dot=True).lower(), {})
        _, earlier = types.get(type_name, (0, frozenset()))
        types[type_name] = (rrset.ttl, earlier | {rdata.to_digestable() for rdata in rrset})
