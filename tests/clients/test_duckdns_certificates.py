"""Certificates by DuckDNS's interface, which every ACME tool has: real ones issue, and names and wildcards at once."""

import secrets

import pytest

from tests.clients.patient_resolver import patient_resolver
from tests.clients.update_client import Ran
from tests.left_out import require

ZONE = "duckdns.org"
VALUE = "dGhlIHZhbHVlIG9mIGEgY2hhbGxlbmdlIGhhcyA0My4"


@pytest.fixture(scope="module")
def _zone(session_stack):
    """lego asks DuckDNS for names below duckdns.org alone, so the platform has that domain."""
    session_stack.bind.add_zone(ZONE)
    session_stack.add_domain(ZONE)


@pytest.fixture
def trudy(_zone, stack) -> tuple[str, str]:
    """Her hostname below duckdns.org, and a key."""
    label = f"home-{secrets.token_hex(4)}"
    return f"{label}.{ZONE}", stack.customer(f"{label}@example.com", label, zone=ZONE)
