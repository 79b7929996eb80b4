"""An effect report checked by strangers: on the site, by our command, and by OpenSSL and coreutils as docs/receipts.md says."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from abuse import effects, receipts
from abuse.errors import WrongReceipt
from abuse.models import EffectReport, Order
from tests.abuse import effect_rows, order_rows
from tests.left_out import left_out
from tests.test_layers import ROOT

pytestmark = pytest.mark.django_db

SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture
def report(home, oscar) -> EffectReport:
    order = effect_rows.carry_out(order_rows.planned([home]), by=oscar)
    begun = {"of": EffectReport.Of.ACT, "since": timezone.now().isoformat()}
    Order.objects.filter(pk=order.pk).update(proving=begun)
    return effects.report(order, of=EffectReport.Of.ACT)


@pytest.fixture
def text(report) -> str:
    return json.dumps(effects.document(report), indent=1, ensure_ascii=False)


@pytest.fixture
def files(report, text, tmp_path) -> Path:
    """As the desk hands it out, as the portal and the site do, and the keys."""
    (tmp_path / "effect.json").write_text(text)
    (tmp_path / "report.json").write_bytes(report.body.encode())
    (tmp_path / "receipt.json").write_text(json.dumps(receipts.document(report.receipt)))
    (tmp_path / "keys.json").write_text(json.dumps(receipts.published_keys()))
    return tmp_path


def posted(client: Client, octets: bytes, **fields) -> str:
    file = SimpleUploadedFile("report.json", octets, "application/json")
    return client.post("/abuse/receipts/", {"report": file, **fields}).content.decode()


def test_a_report_as_it_was_given_out_holds(client, report, text):
    page = posted(client, text.encode())
    assert "the very report that we signed" in page
    assert report.sha256 in page
    assert f"/abuse/receipts/{report.receipt_id}/" in page


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_report_that_a_program_wrote_anew_holds(client, report, separators):
    assert "the very report that we signed" in posted(
        client, json.dumps(effects.document(report), separators=separators).encode()
    )


def test_the_text_alone_holds_too(client, report):
    assert "the very report that we signed" in posted(client, report.body.encode())


def test_a_short_report_may_be_pasted(client, text):
    page = client.post("/abuse/receipts/", {"receipt": text}).content.decode()
    assert "the very report that we signed" in page


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("suspended", "nothing", 1),
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "{}",
        lambda text: '{"body": 1}',
        lambda text: '{"body": "' + "x" * 100_000,
        lambda text: '{"body": "\\ud800"}',
        lambda text: '{"body": ' + "[" * 100_000,
        lambda text: "[" * 100_000,
    ],
)
def test_what_was_changed_or_is_none_does_not_hold(client, text, change):
    page = posted(client, change(text).encode())
    assert "It holds" not in page
    assert 'role="alert"' in page


def test_octets_that_are_no_text_do_not_hold(client, report):
    assert 'role="alert"' in posted(client, b"\xff\xfe\x00")
    with pytest.raises(WrongReceipt):
        effects.signed(b"\xff")


def test_a_file_that_is_too_big_is_not_read(client, report, monkeypatch):
    monkeypatch.setattr("abuse.views.receipts.MAX_REPORT", 10)
    assert "bigger than any effect report" in posted(client, report.body.encode())


def test_checking_reports_is_limited(client, report, settings):
    settings.REPORT_LOOKS_PER_NETWORK = 1
    posted(client, b"{}")
    file = SimpleUploadedFile("report.json", b"{}", "application/json")
    assert client.post("/abuse/receipts/", {"report": file}).status_code == 429


def test_a_report_of_which_the_receipt_was_changed_does_not_hold(client, report):
    report.receipt.payload = report.receipt.payload.replace('"name_count":1', '"name_count":2')
    report.receipt.save(update_fields=["payload"])
    page = posted(client, report.body.encode())
    assert "It holds" not in page
    assert 'role="alert"' in page


def test_the_receipts_page_says_what_it_proves_and_names_nobody(client, report, home):
    page = client.get(f"/abuse/receipts/{report.receipt_id}/").content.decode()
    assert "the effect of an authority&#x27;s order" in page
    assert report.sha256 in page
    assert 'type="file"' in page
    for secret in (home.name, report.order.reference, report.order.agency.name):
        assert secret not in page


def test_the_report_itself_is_not_public(client, report):
    assert client.get(f"/abuse/receipts/{report.pk}/").status_code == 404
    assert report.body[:40] not in client.get(f"/abuse/receipts/{report.receipt_id}.json").content.decode()


def test_our_command_verifies_its_receipt(report, files, capsys):
    call_command("verify_receipt", files / "receipt.json", keys=files / "keys.json")
    assert f"sha256: {report.sha256}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "names", [("effect.json", None), ("receipt.json", "report.json"), ("effect.json", "report.json")]
)
def test_our_command_verifies_a_report(report, files, names, capsys):
    receipt, of = names
    call_command("verify_receipt", files / receipt, keys=files / "keys.json", report=of and files / of)
    said = capsys.readouterr().out
    assert "The report is the one that was signed." in said
    assert f"sha256: {report.sha256}" in said


@pytest.mark.parametrize("names", [("effect.json", None), ("receipt.json", "report.json")])
def test_our_command_refuses_a_changed_report(files, names):
    receipt, of = names
    path = files / (of or receipt)
    path.write_text(path.read_text().replace("suspended", "diverted", 1))
    with pytest.raises(CommandError, match="another SHA-256"):
        call_command("verify_receipt", files / receipt, keys=files / "keys.json", report=of and files / of)


def test_the_documented_commands_verify_it_without_us(files):
    verifying, _ = documented()
    run = shell(verifying, files)
    assert "Verified Successfully" in run.stdout, run
    assert "report.json: OK" in run.stdout, run
    assert run.returncode == 0


def test_the_documented_commands_take_apart_what_the_desk_hands_out(report, files):
    (files / "report.json").unlink()
    (files / "receipt.json").unlink()
    verifying, splitting = documented()
    assert "report.json: OK" in shell(splitting + verifying, files).stdout
    assert (files / "report.json").read_bytes() == report.body.encode()


def test_the_documented_commands_refuse_a_changed_report(files):
    path = files / "report.json"
    path.write_text(path.read_text().replace("suspended", "diverted", 1))
    verifying, _ = documented()
    run = shell(verifying, files)
    assert "FAILED" in run.stdout, run
    assert run.returncode != 0


def test_the_documented_commands_refuse_a_changed_receipt(files):
    path = files / "receipt.json"
    path.write_text(path.read_text().replace("line_count", "lime_count", 1))
    verifying, _ = documented()
    run = shell(verifying, files)
    assert "Verified Successfully" not in run.stdout, run
    assert run.returncode != 0


def documented() -> tuple[str, str]:
    """The very commands of the document: to verify, and to take apart first."""
    section = (ROOT / "docs/receipts.md").read_text().partition("## Verifying an effect report")[2]
    verifying, splitting = SHELL.findall(section.partition("\n## ")[0])
    return verifying, splitting


def shell(commands: str, files: Path) -> subprocess.CompletedProcess[str]:
    for tool in ("openssl", "jq", "sha256sum", "base64"):
        if shutil.which(tool) is None:
            left_out(tool, "not installed")
    return subprocess.run(["bash", "-ec", commands], cwd=files, capture_output=True, text=True, check=False)
