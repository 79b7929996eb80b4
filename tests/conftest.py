"""Fixtures of the whole suite; those of the servers are in tests/servers.py."""

from collections.abc import Iterator

import hypothesis
import pytest
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation

from ddns import blocks, changes, domains
from ddns.models import Domain, ReservedName
from dnsupdate import primaries, wake
from dnsupdate.models import Nameserver, Proof, Publication, TsigKey, Zone
from tests.dnsupdate.estate import apex, estate, running_estate  # noqa: F401 - fixtures
from tests.receivers import receiver, tls_receiver  # noqa: F401 - fixtures

# Its deadline of 200 ms per example is a timing, and a busy machine is no bug.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


_empty_tables = TransactionTestCase._fixture_teardown


def _empty_tables_and_ledger(case: TransactionTestCase) -> None:
    """Production never truncates the ledger, and its trigger refuses to; a test's tables are emptied all the same."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE abuse_ledgerentry DISABLE TRIGGER abuse_ledger_is_not_emptied")
    try:
        _empty_tables(case)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE abuse_ledgerentry ENABLE TRIGGER abuse_ledger_is_not_emptied")


TransactionTestCase._fixture_teardown = _empty_tables_and_ledger


@pytest.fixture
def _only_zones_are_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Emptying every table takes ten times as long, and takes the reserved names of the migrations with it."""

    def empty(case: TransactionTestCase) -> None:
        ReservedName.objects.filter(reason=domains.NAMESERVER_REASON).delete()
        for model in (Domain, Proof, Publication, Zone, Nameserver, TsigKey):
            model.objects.all().delete()

    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", empty)


@pytest.fixture
def committed_db(_only_zones_are_emptied, transactional_db) -> None:
    """Rows of zones are committed, as the publisher and other threads must see them."""


@pytest.fixture(autouse=True)
def _as_a_new_process() -> Iterator[None]:
    """No connection to a primary, no pause of the wake-ups, no count of changes, no language is carried from test to test."""
    yield
    translation.deactivate()
    changes.forget()
    blocks.forget()
    primaries.close_all()
    wake._quiet_until = 0.0
