"""Zones and their health, alarms, nameservers, TSIG keys."""

from dnsupdate.admin.alarms import AlarmAdmin
from dnsupdate.admin.nameservers import NameserverAdmin
from dnsupdate.admin.tsig_keys import TsigKeyAdmin
from dnsupdate.admin.verifications import VerificationAdmin
from dnsupdate.admin.zones import ZoneAdmin

__all__ = ["AlarmAdmin", "NameserverAdmin", "TsigKeyAdmin", "VerificationAdmin", "ZoneAdmin"]
