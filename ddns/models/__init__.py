"""Rows about customers and what they hold."""

from ddns.models.acme_accounts import AcmeAccount
from ddns.models.address_updates import AddressUpdate
from ddns.models.blocks import Block
from ddns.models.contacts import HostnameContact
from ddns.models.cursors import Cursor
from ddns.models.derived_keys import DerivedKey
from ddns.models.domains import Domain
from ddns.models.groups import Group
from ddns.models.hostnames import Hostname
from ddns.models.idempotent_requests import IdempotentRequest
from ddns.models.kept_rows import KeptRow
from ddns.models.keys import UpdateKey
from ddns.models.notifications import Notification, Preference
from ddns.models.records import BelowName, Record
from ddns.models.renewals import Expiry, Renewal, Silence
from ddns.models.reserved_names import ReservedName
from ddns.models.restrictions import Restriction
from ddns.models.tsig_keys import TsigKey
from ddns.models.users import User
from ddns.models.webhooks import Delivery, Webhook

__all__ = [
    "AcmeAccount",
    "AddressUpdate",
    "BelowName",
    "Block",
    "Cursor",
    "Delivery",
    "DerivedKey",
    "Domain",
    "Expiry",
    "Group",
    "Hostname",
    "HostnameContact",
    "IdempotentRequest",
    "KeptRow",
    "Notification",
    "Preference",
    "Record",
    "Renewal",
    "ReservedName",
    "Restriction",
    "Silence",
    "TsigKey",
    "UpdateKey",
    "User",
    "Webhook",
]
