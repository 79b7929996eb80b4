"""The rows that the zones follow."""

from dnsupdate.models.alarms import Alarm, Notice
from dnsupdate.models.delegations import Delegation, DelegationChange
from dnsupdate.models.failures import Failure
from dnsupdate.models.nameservers import Nameserver
from dnsupdate.models.pending import PendingPublication
from dnsupdate.models.publications import Publication
from dnsupdate.models.tsig_keys import TsigKey
from dnsupdate.models.zones import Zone

__all__ = [
    "Alarm",
    "Delegation",
    "DelegationChange",
    "Failure",
    "Nameserver",
    "Notice",
    "PendingPublication",
    "Publication",
    "TsigKey",
    "Zone",
]
