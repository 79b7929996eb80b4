"""Protected names: those on which much depends, and those that are known to be good. Policy never holds one."""

from abuse.models import ProtectedName


def reason_of(name: str) -> str:
    """Why the normalised name is protected; empty: it is not. One query."""
    return ProtectedName.objects.filter(name=name).values_list("reason", flat=True).first() or ""
