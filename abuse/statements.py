"""Statements of reasons: what a customer is told about a decision."""

from abuse.models import Decision, Statement


def issue(decision: Decision) -> Statement | None:
    """None where it is withheld."""
    return None
