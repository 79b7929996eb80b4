"""Zones and their health, their servers, delegations, proofs, alarms, nameservers, TSIG keys."""

from dnsupdate.admin.alarms import AlarmAdmin
from dnsupdate.admin.delegations import DelegationAdmin
from dnsupdate.admin.nameservers import NameserverAdmin
from dnsupdate.admin.proofs import ProofAdmin
from dnsupdate.admin.server_states import ServerStateAdmin
from dnsupdate.admin.tsig_keys import TsigKeyAdmin
from dnsupdate.admin.verifications import VerificationAdmin
from dnsupdate.admin.zones import ZoneAdmin

__all__ = [
    "AlarmAdmin",
    "DelegationAdmin",
    "NameserverAdmin",
    "ProofAdmin",
    "ServerStateAdmin",
    "TsigKeyAdmin",
    "VerificationAdmin",
    "ZoneAdmin",
]
