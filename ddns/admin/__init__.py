"""Domains and reserved names. Hostnames and accounts are on the desk (abuse.admin)."""

from ddns.admin.domains import DomainAdmin
from ddns.admin.notifications import NotificationAdmin
from ddns.admin.reserved_names import ReservedNameAdmin

__all__ = ["DomainAdmin", "NotificationAdmin", "ReservedNameAdmin"]
