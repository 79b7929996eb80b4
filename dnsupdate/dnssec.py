"""Signed zones: whether the primary signs, the keys to validate answers with, and what the registry must know of them."""

from typing import cast

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.tsig
from dns.dnssectypes import DSDigest
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CDS import CDS
from dns.rdtypes.ANY.DS import DS

from dnsupdate import nameservers, validation
from dnsupdate.errors import Bogus, KeyRefused, ServerFailed, Unreachable, ZoneMissing
from dnsupdate.models import Nameserver, Zone
from dnsupdate.validation import Keys

TIMEOUT_SECONDS = 4.0


def is_signed(zone: Zone) -> bool:
    """Whether the zone has keys, as its primary says. Raises PrimaryError."""
    return _has_keys(ask_primary(zone, zone.name, "DNSKEY"))


def keys(zone: Zone) -> Keys | None:
    """The zone's keys as its primary says them, to validate any server's answers with; None where it is not signed.

    Asked with TSIG, so that nobody else can say them. Raises PrimaryError, and Bogus where they did not sign themselves.
    """
    answer = ask_primary(zone, zone.name, "DNSKEY")
    return validation.trust(answer, zone.name) if _has_keys(answer) else None


def ds_records(zone: Zone, trusted: Keys | None = None) -> list[DS]:
    """The DS records that the parent shall have, by SHA-256; none where the zone is not signed.

    What the primary asks for by CDS (RFC 7344 §4), as it does around a change of keys; else of every key-signing key.
    Raises PrimaryError, Bogus.
    """
    trusted = trusted or keys(zone)
    if trusted is None:
        return []
    answer = ask_primary(zone, zone.name, "CDS")
    if not (verdict := validation.validate(answer, trusted)).is_valid:
        raise Bogus(str(verdict))
    asked = [cast(CDS, rdata) for rrset in answer.answer if rrset.rdtype == RdataType.CDS for rdata in rrset]
    if asked:
        # Digest type 0 asks the parent to delete what it has (RFC 8078 §4), so then there is none.
        return sorted(_as_ds(cds) for cds in asked if cds.digest_type == DSDigest.SHA256)
    return ds_of_keys(trusted)


def ds_of_keys(trusted: Keys) -> list[DS]:
    """One of every key-signing key, by SHA-256, whether the parent shall have it or not."""
    return sorted(dns.dnssec.make_ds(trusted.apex, key, DSDigest.SHA256) for key in trusted.entry_points)


def ds_at_parent(zone: Zone, *, host: str, port: int = nameservers.DNS_PORT) -> list[DS]:
    """The DS records that a server of the parent has, as it says and unvalidated. Raises Unreachable, ServerFailed."""
    answer = _exchange(_query(zone.name, "DS"), Nameserver(name=host, host=host, port=port))
    # Servers of the zone itself answer as well: they know no DS.
    child_says = any(rrset.name.to_text(True).lower() == zone.name for rrset in answer.authority)
    if not _is_said(answer) or (child_says and not answer.answer):
        raise ServerFailed(f"{host} does not serve the parent of {zone}.")
    return sorted(cast(DS, rdata) for rrset in answer.answer if rrset.rdtype == RdataType.DS for rdata in rrset)


def ask_primary(zone: Zone, name: str, type_name: str) -> dns.message.Message:
    """The primary's answer with its signatures (DO bit), by TSIG where it has a key. Raises PrimaryError."""
    query = _query(name, type_name)
    if zone.primary.key:
        query.use_tsig(zone.primary.key.for_messages())
    try:
        answer = _exchange(query, zone.primary)
    except _NotSigned:
        # Knot does not sign why it refuses; whatever else comes without a signature may come from anybody.
        answer = _exchange(_query(name, type_name), zone.primary)
        if _is_said(answer):
            raise KeyRefused("(the answer is not signed)") from None
    if not _is_said(answer):
        is_missing = answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.REFUSED, dns.rcode.NOTAUTH)
        raise ZoneMissing if is_missing else ServerFailed(dns.rcode.to_text(answer.rcode()) + ".")
    return answer


class _NotSigned(Exception):
    pass


def _query(name: str, type_name: str) -> dns.message.QueryMessage:
    return dns.message.make_query(f"{name}.", type_name, flags=0, want_dnssec=True)


def _exchange(query: dns.message.Message, server: Nameserver) -> dns.message.Message:
    try:
        return dns.query.tcp(query, nameservers.resolve(server), port=server.port, timeout=TIMEOUT_SECONDS)
    except (dns.tsig.PeerError, dns.tsig.BadSignature, dns.tsig.BadTime) as error:
        raise KeyRefused(f"({type(error).__name__})") from error
    except dns.exception.FormError as error:
        if query.had_tsig:
            raise _NotSigned from error
        raise ServerFailed(f"its answer is malformed ({type(error).__name__}).") from error
    except (dns.exception.DNSException, OSError) as error:
        raise Unreachable(f"{server}: {error or type(error).__name__}.") from error


def _is_said(answer: dns.message.Message) -> bool:
    """With authority, and with yes or no."""
    is_authority = bool(answer.flags & dns.flags.AA)
    return is_authority and answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


def _has_keys(answer: dns.message.Message) -> bool:
    return any(rrset.rdtype == RdataType.DNSKEY for rrset in answer.answer)


def _as_ds(cds: CDS) -> DS:
    return DS(cds.rdclass, RdataType.DS, cds.key_tag, cds.algorithm, cds.digest_type, cds.digest)
