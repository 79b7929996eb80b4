"""Protected names: those on which much depends, and those that are known to be good. Policy never holds one."""

from typing import Any

from django.apps import apps


def reason_of(name: str) -> str:
    """Why the normalised name is protected; empty: it is not. One query."""
    protected: Any = apps.all_models["abuse"].get("protectedname")
    if protected is None:
        return ""
    return protected.objects.filter(name=name).values_list("reason", flat=True).first() or ""
