"""Rows about customers and what they hold."""

from ddns.models.address_updates import AddressUpdate
from ddns.models.contacts import HostnameContact
from ddns.models.derived_keys import DerivedKey
from ddns.models.domains import Domain
from ddns.models.groups import Group
from ddns.models.hostnames import Hostname
from ddns.models.keys import UpdateKey
from ddns.models.records import BelowName, Record
from ddns.models.reserved_names import ReservedName
from ddns.models.restrictions import Restriction
from ddns.models.tsig_keys import TsigKey
from ddns.models.users import User

__all__ = [
    "AddressUpdate",
    "BelowName",
    "DerivedKey",
    "Domain",
    "Group",
    "Hostname",
    "HostnameContact",
    "Record",
    "ReservedName",
    "Restriction",
    "TsigKey",
    "UpdateKey",
    "User",
]
