"""The rows that the zones follow."""

from dnsupdate.models.nameservers import Nameserver
from dnsupdate.models.pending import PendingPublication
from dnsupdate.models.publications import Publication
from dnsupdate.models.tsig_keys import TsigKey
from dnsupdate.models.zones import Zone

__all__ = ["Nameserver", "PendingPublication", "Publication", "TsigKey", "Zone"]
