"""Rows about decisions. Nothing here is deleted before its retention ends."""

from abuse.models.ledger import LedgerEntry
from abuse.models.suspensions import Suspension

__all__ = ["LedgerEntry", "Suspension"]
