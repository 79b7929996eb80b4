"""Exports: everything about a case in one zip, whose every octet is in a signed manifest."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from typing import IO

import pytest
import pyzipper
from django.contrib.auth.models import Permission

from abuse import case_exports, ledger, receipts, submissions
from abuse.errors import NotAllowed
from abuse.models import Evidence, LedgerEntry
from tests.abuse import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(home):
    case = rows.case(home)
    report = rows.report(case)
    Evidence.objects.create(report=report, blob=submissions.keep(b"MZ malware"), filename="../../evil.exe")
    return case


@pytest.fixture
def exported(case, root) -> Iterator[IO[bytes]]:
    ledger.append(
        actor=root, action="suspend", object=f"hostname {case.name}", reason="lure", details={"case": case.pk}
    )
    with case_exports.write(case, by=root) as out:
        yield out


def files(exported: IO[bytes]) -> dict[str, bytes]:
    with zipfile.ZipFile(exported) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    return found


def octets(found: dict[str, bytes], tmp_path) -> dict[str, bytes]:
    (tmp_path / "octets.zip").write_bytes(found["octets.zip"])
    with pyzipper.AESZipFile(tmp_path / "octets.zip") as archive:
        archive.setpassword(b"infected")
        return {f"octets.zip/{name}": archive.read(name) for name in archive.namelist()}


def test_every_file_is_in_the_manifest_with_its_hash(exported, tmp_path):
    found = files(exported)
    found |= octets(found, tmp_path)
    manifest = json.loads(found["manifest.json"])
    assert {each["path"] for each in manifest["files"]} == set(found) - {"manifest.json", "manifest.receipt.json"}
    for each in manifest["files"]:
        content = found[each["path"]]
        assert (each["sha256"], each["size"]) == (hashlib.sha256(content).hexdigest(), len(content))


def test_manifest_is_signed(exported):
    found = files(exported)
    body = receipts.verify(json.loads(found["manifest.receipt.json"]), receipts.keys_of(receipts.published_keys()))
    assert body["manifest_sha256"] == hashlib.sha256(found["manifest.json"]).hexdigest()


def test_octets_are_as_received_and_encrypted(exported, tmp_path):
    found = files(exported)
    assert b"MZ malware" not in found["octets.zip"]
    assert set(octets(found, tmp_path).values()) == {b"a report", b"MZ malware"}


def test_names_of_attachments_become_no_paths(exported):
    assert not any(".." in name for name in files(exported))


def test_entries_of_the_ledger_can_be_checked(exported):
    (entry,) = json.loads(files(exported)["ledger.json"])
    assert (entry["action"], len(entry["hash"])) == ("suspend", 64)


def test_export_is_in_the_ledger(case, exported, root):
    entry = LedgerEntry.objects.get(action="export")
    assert (entry.actor, entry.details["case"]) == (root, case.pk)


def test_stranger_to_exports_is_refused(case, oscar):
    with pytest.raises(NotAllowed):
        case_exports.write(case, by=oscar)
    assert not LedgerEntry.objects.exists()


def test_restricted_case_is_for_named_people_and_without_octets(home, senior, root):
    case = rows.case(home, kind="content/csam")
    rows.report(case, category=case.category)
    senior.user_permissions.add(Permission.objects.get(codename="export_case"))
    with pytest.raises(NotAllowed):
        case_exports.write(case, by=type(senior).objects.get(pk=senior.pk))
    with case_exports.write(case, by=root) as out:
        assert "octets.zip" not in files(out)


def test_what_came_together_with_something_restricted_is_not_in_the_octets(case, root, home, tmp_path):
    """One mail may be about two names: its octets are those of both."""
    report, secret = case.reports.get(), rows.case(home, kind="content/csam")
    rows.report(secret, category=secret.category, submission=report.submission, position=1)
    Evidence.objects.create(
        report=secret.reports.get(), blob=submissions.keep(b"MZ malware"), filename="a", is_quarantined=True
    )
    with case_exports.write(case, by=root) as out:
        assert octets(files(out), tmp_path) == {}
