"""Intake: octets in, drafts of reports out. Pure: no database, no network, no clock."""

from abuse.intake.parsing import parse

__all__ = ["parse"]
