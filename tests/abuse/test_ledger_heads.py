"""Heads of the ledger: signed, published once a day, and whoever kept one sees that the ledger was written anew."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from abuse import ledger, ledger_heads, receipts, tasks
from abuse.errors import LedgerBroken, WrongReceipt
from abuse.models import Receipt, Submission
from tests.abuse.test_ledger import tamper

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries(oscar) -> list:
    return [
        ledger.append(actor=oscar, action="suspend", object=f"hostname {n}.ddns.test", reason="lure") for n in "abc"
    ]


def kept() -> tuple[list, dict]:
    return json.loads(json.dumps(ledger_heads.published())), receipts.keys_of(receipts.published_keys())


def test_head_is_published_once_a_day(entries):
    tasks.publish_ledger_head()
    tasks.publish_ledger_head()
    assert len(ledger_heads.published()) == 1
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1), tick=False):
        tasks.publish_ledger_head()
    assert len(ledger_heads.published()) == 2


def test_head_names_the_last_entry(entries):
    ledger_heads.publish()
    documents, keys = kept()
    body = receipts.verify(documents[0], keys)
    assert (body["entry"], body["hash"]) == (3, entries[2].hash)


def test_empty_ledger_has_no_head():
    assert ledger_heads.publish() is None


def test_kept_heads_are_found_in_an_honest_ledger(entries, oscar):
    ledger_heads.publish()
    documents, keys = kept()
    ledger.append(actor=oscar, action="lift", object="hostname a.ddns.test", reason="mistake")
    assert ledger_heads.check(documents, keys) == 1


def test_ledger_that_was_written_anew_is_noticed(entries):
    """The chain holds by itself: only the head that was kept shows it."""
    ledger_heads.publish()
    documents, keys = kept()
    last = entries[2]
    last.reason = "another"
    tamper(f"UPDATE abuse_ledgerentry SET reason = 'another', hash = '{ledger.hash_of(last)}' WHERE sequence = 3")
    ledger.verify()
    with pytest.raises(LedgerBroken, match="entry 3 is not the one that was published"):
        ledger_heads.check(documents, keys)


def test_ledger_that_was_cut_off_is_noticed(entries):
    ledger_heads.publish()
    documents, keys = kept()
    tamper("DELETE FROM abuse_ledgerentry WHERE sequence = 3")
    with pytest.raises(LedgerBroken, match="entry 3 was published, and is missing"):
        ledger_heads.check(documents, keys)


def test_receipt_of_something_else_is_no_head(entries):
    other = receipts.issue(Receipt.Kind.APPEAL, {"entry": 1, "hash": entries[0].hash})
    with pytest.raises(WrongReceipt):
        ledger_heads.check([receipts.document(other)], kept()[1])


def test_command_compares_with_kept_files(entries, tmp_path, capsys):
    ledger_heads.publish()
    documents, _ = kept()
    (tmp_path / "heads").write_text(json.dumps({"heads": documents}))
    (tmp_path / "keys").write_text(json.dumps(receipts.published_keys()))
    call_command("verify_ledger", heads=tmp_path / "heads", keys=tmp_path / "keys")
    assert "1 published heads are in it." in capsys.readouterr().out
    tamper("DELETE FROM abuse_ledgerentry WHERE sequence = 3")
    with pytest.raises(CommandError, match="entry 3"):
        call_command("verify_ledger", heads=tmp_path / "heads", keys=tmp_path / "keys")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"heads": 1}', '{"heads": [1]}', "[" * 100_000])
def test_other_files_are_refused(entries, tmp_path, text):
    (tmp_path / "heads").write_text(text)
    (tmp_path / "keys").write_text(json.dumps(receipts.published_keys()))
    with pytest.raises(CommandError):
        call_command("verify_ledger", heads=tmp_path / "heads", keys=tmp_path / "keys")


def test_head_is_no_submission(entries):
    ledger_heads.publish()
    assert not Submission.objects.exists()


def test_heads_are_for_everybody_and_verify(client, entries):
    ledger_heads.publish()
    shown = client.get("/.well-known/abuse-ledger.json").json()
    assert ledger_heads.check(shown["heads"], receipts.keys_of(receipts.published_keys())) == 1
