"""Verifying a receipt offline: by our command, and by OpenSSL alone as docs/receipts.md tells it."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from abuse import receipts, submissions
from abuse.models import Submission
from tests.left_out import left_out

# DER of a SubjectPublicKeyInfo for Ed25519 (RFC 8410 §4), before the 32 octets of the key.
PREFIX = bytes.fromhex("302a300506032b6570032100")


@pytest.fixture
def files(db, tmp_path) -> Path:
    submission = submissions.accept(b"a report", door=Submission.Door.MAIL, source="trudy@example.com")
    (tmp_path / "receipt.json").write_text(json.dumps(receipts.document(submission.receipt)))
    (tmp_path / "keys.json").write_text(json.dumps(receipts.published_keys()))
    return tmp_path


def test_command_says_what_a_receipt_says(files, capsys):
    call_command("verify_receipt", files / "receipt.json", keys=files / "keys.json")
    said = capsys.readouterr().out
    assert "The receipt holds." in said
    assert "sha256" in said


def test_command_refuses_a_changed_receipt(files):
    path = files / "receipt.json"
    path.write_text(path.read_text().replace("mail", "form"))
    with pytest.raises(CommandError, match="signature"):
        call_command("verify_receipt", path, keys=files / "keys.json")


@pytest.mark.parametrize("text", ["", "null", "[]", "[" * 100_000, "x" * 2_000_000])
def test_command_refuses_other_files(files, text):
    (files / "receipt.json").write_text(text)
    with pytest.raises(CommandError):
        call_command("verify_receipt", files / "receipt.json", keys=files / "keys.json")


def test_openssl_alone_verifies_it(files):
    if shutil.which("openssl") is None:
        left_out("openssl", "not installed")
    shown = json.loads((files / "receipt.json").read_text())
    (files / "payload").write_bytes(shown["payload"].encode())
    (files / "signature").write_bytes(base64.b64decode(shown["signature"]))
    (files / "key.der").write_bytes(PREFIX + base64.b64decode(shown["public_key"]))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-rawin"]
    run = subprocess.run(
        [*command, "-in", "payload", "-sigfile", "signature"], cwd=files, capture_output=True, text=True, check=False
    )
    assert "Verified Successfully" in run.stdout, run
