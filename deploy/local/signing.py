"""Zones that BIND or Knot sign by themselves: the policies, and whether a zone is signed through."""

from datetime import timedelta
from enum import StrEnum

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from .ports import LOOPBACK

ANSWER_TIME = timedelta(milliseconds=500)


class Denial(StrEnum):
    """How a signed zone says that a name does not exist."""

    NSEC = "nsec"
    NSEC3 = "nsec3"


# max-zone-ttl no lower than the highest TTL that is published: BIND cuts an update's TTL down to it, without a word.
_BIND_POLICY = """\
dnssec-policy "signed-{denial}" {{
    keys {{ csk lifetime unlimited algorithm ecdsap256sha256; }};
    dnskey-ttl 1h;
    max-zone-ttl 1d;
    signatures-validity 14d;
    signatures-validity-dnskey 14d;
    signatures-refresh 5d;
    {nsec3}
}};
"""
_BIND_NSEC3 = {Denial.NSEC: "", Denial.NSEC3: "nsec3param iterations 0 optout no salt-length 0;"}

BIND_POLICIES = "".join(_BIND_POLICY.format(denial=denial, nsec3=_BIND_NSEC3[denial]) for denial in Denial)
# In place: what a transfer brings is the very zone that is updated.
BIND_ZONE = '    dnssec-policy "signed-{denial}"; inline-signing no; key-directory "keys";\n'

_KNOT_POLICY = """\
  - id: signed-{denial}
    single-type-signing: on
    algorithm: ecdsap256sha256
    dnskey-ttl: 1h
    zone-max-ttl: 1d
    rrsig-lifetime: 14d
    rrsig-refresh: 5d
    nsec3: {nsec3}
    nsec3-iterations: 0
    nsec3-salt-length: 0
    cds-cdnskey-publish: always
"""
KNOT_POLICIES = "policy:\n" + "".join(
    _KNOT_POLICY.format(denial=denial, nsec3="on" if denial == Denial.NSEC3 else "off") for denial in Denial
)
KNOT_ZONE = "    dnssec-signing: on\n    dnssec-policy: signed-{denial}\n"


def is_signed(port: int, apex: str, denial: Denial, host: str = LOOPBACK) -> bool:
    """Whether it denies a name as it shall: a server serves a new zone unsigned at first, and builds the chain last."""
    query = dns.message.make_query(f"no-such-name.{apex}", dns.rdatatype.A, flags=0, want_dnssec=True)
    try:
        answer, _ = dns.query.udp_with_fallback(query, host, port=port, timeout=ANSWER_TIME.total_seconds())
    except (dns.exception.DNSException, OSError):
        return False
    types = {rrset.rdtype for rrset in answer.authority}
    return {dns.rdatatype.from_text(denial), dns.rdatatype.RRSIG} <= types
