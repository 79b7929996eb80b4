"""Intake: octets in, drafts of reports out. Pure: no database, no network, no clock."""
