"""Zones and their health, nameservers, TSIG keys."""

from dnsupdate.admin.nameservers import NameserverAdmin
from dnsupdate.admin.tsig_keys import TsigKeyAdmin
from dnsupdate.admin.zones import ZoneAdmin

__all__ = ["NameserverAdmin", "TsigKeyAdmin", "ZoneAdmin"]
