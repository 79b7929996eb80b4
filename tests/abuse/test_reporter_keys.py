"""Reporter keys: made once, shown once, and dead from the moment they are revoked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import reporter_keys
from abuse.errors import NotAllowed, NothingToDo, ReasonMissing, WrongReporterKey
from abuse.models import LedgerEntry, Reporter, ReporterKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def trudy() -> Reporter:
    return Reporter.objects.create(identity="org:cert.example", kind="organisation", name="CERT Example")


def test_key_proves_its_reporter_and_its_text_is_stored_nowhere(trudy, root):
    key, text = reporter_keys.create(trudy, label="scanner", by=root)
    assert reporter_keys.recognise(f" {text}\n").reporter == trudy
    stored = ReporterKey.objects.get(pk=key.pk)
    assert text not in str(stored.__dict__)
    assert (len(text), stored.prefix, stored.used_at is not None) == (40, text[:8], True)


def test_making_and_revoking_a_key_is_in_the_ledger_without_its_text(trudy, root):
    key, text = reporter_keys.create(trudy, label="scanner", by=root)
    reporter_keys.revoke(key, reason="They asked for it.", by=root)
    entries = list(LedgerEntry.objects.order_by("sequence"))
    assert [entry.action for entry in entries] == ["make-reporter-key", "revoke-reporter-key"]
    assert text not in str([entry.details for entry in entries])
    # The ledger is for good, and an identity may be a person's mailbox.
    assert {entry.object for entry in entries} == {f"reporter {trudy.pk}"}


@pytest.mark.parametrize("identity", ["claimed:org:cert.example", "anonymous"])
def test_nobody_gets_a_key_for_an_identity_that_anybody_can_claim(root, identity):
    """What strangers said in its name would be its record."""
    with pytest.raises(NotAllowed):
        reporter_keys.create(Reporter.objects.create(identity=identity, kind="organisation"), label="a", by=root)
    assert not ReporterKey.objects.exists()


def test_revoked_or_expired_or_invented_key_is_refused(trudy, root):
    revoked, revoked_text = reporter_keys.create(trudy, label="a", by=root)
    reporter_keys.revoke(revoked, reason="Lost.", by=root)
    _, expired = reporter_keys.create(trudy, label="b", by=root, expires_at=timezone.now() - timedelta(seconds=1))
    for text in (revoked_text, expired, "x" * 40, "", revoked.prefix):
        with pytest.raises(WrongReporterKey):
            reporter_keys.recognise(text)


def test_key_is_revoked_once_and_with_a_reason(trudy, root):
    key, _ = reporter_keys.create(trudy, label="a", by=root)
    with pytest.raises(ReasonMissing):
        reporter_keys.revoke(key, reason=" ", by=root)
    reporter_keys.revoke(key, reason="Lost.", by=root)
    with pytest.raises(NothingToDo):
        reporter_keys.revoke(key, reason="Lost.", by=root)
