"""Rows about customers and what they hold."""

from ddns.models.address_updates import AddressUpdate
from ddns.models.contacts import HostnameContact
from ddns.models.domains import Domain
from ddns.models.groups import Group
from ddns.models.hostnames import Hostname
from ddns.models.idempotent_requests import IdempotentRequest
from ddns.models.keys import UpdateKey
from ddns.models.records import BelowName, Record
from ddns.models.reserved_names import ReservedName
from ddns.models.restrictions import Restriction
from ddns.models.users import User

__all__ = [
    "AddressUpdate",
    "BelowName",
    "Domain",
    "Group",
    "Hostname",
    "HostnameContact",
    "IdempotentRequest",
    "Record",
    "ReservedName",
    "Restriction",
    "UpdateKey",
    "User",
]
