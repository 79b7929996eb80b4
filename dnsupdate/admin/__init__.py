"""Zones and their health, alarms, delegations, nameservers, TSIG keys."""

from dnsupdate.admin.alarms import AlarmAdmin
from dnsupdate.admin.delegations import DelegationAdmin
from dnsupdate.admin.nameservers import NameserverAdmin
from dnsupdate.admin.tsig_keys import TsigKeyAdmin
from dnsupdate.admin.zones import ZoneAdmin

__all__ = ["AlarmAdmin", "DelegationAdmin", "NameserverAdmin", "TsigKeyAdmin", "ZoneAdmin"]
