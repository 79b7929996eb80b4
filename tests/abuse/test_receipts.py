"""Receipts: signed, verified by published keys alone, and every change of them noticed."""

import hashlib
import json

import pytest

from abuse import receipts, signing_keys, submissions
from abuse.errors import SubmissionEmpty, SubmissionTooBig, WrongReceipt
from abuse.models import Blob, LedgerEntry, Receipt, SigningKey, Submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def receipt() -> Receipt:
    submission = submissions.accept(b"a report", door=Submission.Door.MAIL, source="trudy@example.com")
    return Receipt.objects.get(submission=submission)


def published() -> dict[str, bytes]:
    return receipts.keys_of(json.loads(json.dumps(receipts.published_keys())))


def test_receipt_names_the_octets_and_holds(receipt):
    body = receipts.verify(json.loads(json.dumps(receipts.document(receipt))), published())
    assert body["sha256"] == hashlib.sha256(b"a report").hexdigest()
    assert (body["submission"], body["id"]) == (str(receipt.submission_id), str(receipt.pk))


def test_receipt_says_nothing_of_who_sent_it(receipt):
    assert "trudy" not in receipt.payload


@pytest.mark.parametrize(
    "change",
    [
        lambda shown: shown | {"payload": shown["payload"].replace("mail", "form")},
        lambda shown: shown | {"signature": shown["signature"][::-1]},
        lambda shown: shown | {"payload": "{}"},
        lambda shown: shown | {"payload": None},
        lambda shown: {},
        lambda shown: [],
        lambda shown: None,
        lambda shown: shown | {"payload": "[" * 100_000},
    ],
)
def test_changed_receipt_is_refused(receipt, change):
    with pytest.raises(WrongReceipt):
        receipts.verify(change(receipts.document(receipt)), published())


def test_key_that_a_document_brings_itself_is_not_believed(receipt):
    with pytest.raises(WrongReceipt, match="published"):
        receipts.verify(receipts.document(receipt), {})


def test_receipt_holds_after_the_key_was_rotated(receipt):
    old = signing_keys.in_use()
    new = signing_keys.rotate()
    assert receipts.verify(receipts.document(receipt), published())["key"] == old.key_id != new.key_id
    assert SigningKey.objects.get(pk=old.pk).sealed_private_key == ""
    assert json.loads(receipts.issue(Receipt.Kind.APPEAL, {}).payload)["key"] == new.key_id


def test_that_the_key_was_rotated_is_in_the_ledger(receipt):
    old, new = signing_keys.in_use(), signing_keys.rotate()
    entry = LedgerEntry.objects.first()
    assert (entry.action, entry.object) == ("rotate-signing-key", f"signing key {new.key_id}")
    assert entry.details == {"retired": [old.key_id]}


def test_same_octets_are_stored_once(receipt):
    again = submissions.accept(b"a report", door=Submission.Door.API, source="203.0.113.5")
    assert again.blob_id == receipt.submission.blob_id
    assert Blob.objects.count() == 1


@pytest.mark.parametrize(
    ("octets", "error"), [(b"", SubmissionEmpty), (b"x" * (submissions.MAX_SIZE + 1), SubmissionTooBig)]
)
def test_nothing_and_too_much_are_refused_and_not_stored(octets, error):
    with pytest.raises(error):
        submissions.accept(octets, door=Submission.Door.UPLOAD, source="oscar@example.com")
    assert not Submission.objects.exists()
