"""The rows that the zones follow."""

from dnsupdate.models.alarms import Alarm, Notice
from dnsupdate.models.delegations import Delegation, DelegationChange
from dnsupdate.models.failures import Failure
from dnsupdate.models.nameservers import Nameserver
from dnsupdate.models.pending import PendingPublication
from dnsupdate.models.proofs import Proof
from dnsupdate.models.publications import Publication
from dnsupdate.models.server_states import ServerState
from dnsupdate.models.signings import Signing
from dnsupdate.models.tsig_keys import TsigKey
from dnsupdate.models.verifications import Verification, Watch
from dnsupdate.models.zones import Zone

__all__ = [
    "Alarm",
    "Delegation",
    "DelegationChange",
    "Failure",
    "Nameserver",
    "Notice",
    "PendingPublication",
    "Proof",
    "Publication",
    "ServerState",
    "Signing",
    "TsigKey",
    "Verification",
    "Watch",
    "Zone",
]
