"""Owner names in customers' messages: which hostname each belongs to, and what may stand there."""

from typing import NamedTuple

import dns.rcode
import dns.rdatatype

from ddns.models.records import CHALLENGE_LABEL
from ddns.nsupdate.errors import Refused
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise
from dnsupdate.serving import names
from dnsupdate.serving.errors import RejectedError

ADDRESS_TYPES = (dns.rdatatype.A, dns.rdatatype.AAAA)
WILDCARD = "*"


class Owner(NamedTuple):
    """An owner name: the hostname, and what stands before it ("", "*", "_acme-challenge", ...)."""

    hostname: str
    label: str

    @property
    def name(self) -> str:
        return f"{self.label}.{self.hostname}" if self.label else self.hostname

    @property
    def types(self) -> tuple[int, ...]:
        """Those that customers change there by UPDATE messages; none where nothing can be changed."""
        if self.label in ("", WILDCARD):
            return ADDRESS_TYPES
        if self.label.partition(".")[0] == CHALLENGE_LABEL:
            return (dns.rdatatype.TXT,)
        return ()


def parse(wire: bytes, apex: bytes) -> Owner:
    """A name of the message; hostnames stand right below the apex. Raises RejectedError, Refused."""
    if not names.is_within(wire, apex):
        raise RejectedError(dns.rcode.NOTZONE)
    spelt, zone = names.to_text(wire), names.to_text(apex)
    try:
        below, _, label = normalise(spelt).removesuffix(zone).removesuffix(".").rpartition(".")
    except InvalidName as error:
        raise Refused("notfqdn", spelt) from error
    if not label or label == WILDCARD:
        raise Refused("notfqdn", spelt)
    return Owner(f"{label}.{zone}", below)
