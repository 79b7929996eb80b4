"""Exports of a case: everything about it in one zip, with a manifest of hashes that is signed.

In the manner of a chain of custody (RFC 3227 §4): what was received is in it as it was received, encrypted so that neither a
virus scanner nor a careless click gets at it.
"""

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any

import pyzipper
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from abuse import ledger, receipts, restricted
from abuse.errors import NotAllowed
from abuse.models import Blob, Case, Decision, Evidence, LedgerEntry, Receipt, Report, Submission
from ddns.models import AddressUpdate, User
from dnsupdate.models import Proof

# What such archives are encrypted with everywhere: it keeps scanners out and people awake, and is no secret.
PASSWORD = b"infected"
# In memory up to so much, then on disk.
SPOOLED = 8 * 1024 * 1024

README = """\
Case {case}, exported {at} by {by}.

case.json       the case: reports, decisions, statements, messages, appeals
history.json    changes of addresses of the hostname that are still kept
ledger.json     the entries of the ledger about this case, each with its hash
proofs.json     what every authoritative server answered for the name
receipts/       the signed receipts, to be verified as docs/receipts.md says
octets.zip      what was received, octet by octet, named by SHA-256; AES, password "infected"
manifest.json   SHA-256 and size of every file above, and of every file in octets.zip
manifest.receipt.json   a signed receipt that names the SHA-256 of manifest.json

To check: sha256sum each file against manifest.json, manifest.json against the receipt, and the receipt's signature.
"""


def write(case: Case, *, by: User) -> IO[bytes]:
    """The zip in a temporary file, at its beginning; in the ledger before it is handed out. Not inside a transaction.

    Raises NotAllowed without the permission, and for a restricted case to whoever is not named for it. Of restricted cases
    what was received is not in it: it may be illegal to hold.
    """
    if not by.has_perm("abuse.export_case") or (case.is_restricted and not by.has_perm("abuse.view_restricted_case")):
        raise NotAllowed("exporting this case.")
    at = timezone.now()
    out = tempfile.SpooledTemporaryFile(max_size=SPOOLED)  # noqa: SIM115 - handed out
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        manifest = list(_write_parts(archive, case, at=at, by=by))
        text = _json({"case": case.pk, "exported_at": at, "exported_by": by.email, "files": manifest})
        receipt = _issue(case, text, by=by)
        archive.writestr("manifest.json", text)
        archive.writestr("manifest.receipt.json", _json(receipts.document(receipt)))
    out.seek(0)
    return out


def _write_parts(archive: zipfile.ZipFile, case: Case, *, at: datetime, by: User) -> Iterator[dict[str, Any]]:
    """Entries of the manifest."""
    texts = {
        "README.txt": README.format(case=case.pk, at=at.isoformat(timespec="seconds"), by=by.email),
        "case.json": _json(_case(case)),
        "history.json": _json(list(_history(case))),
        "ledger.json": _json(list(LedgerEntry.objects.of_case(case).values())),
        "proofs.json": _json(list(_proofs(case))),
    }
    for receipt in _receipts(case):
        texts[f"receipts/{receipt.pk}.json"] = _json(receipts.document(receipt))
    for path, text in texts.items():
        archive.writestr(path, text)
        yield _entry(path, text.encode())
    if not case.is_restricted:
        octets = io.BytesIO()
        yield from _write_octets(octets, case)
        archive.writestr("octets.zip", octets.getvalue())
        yield _entry("octets.zip", octets.getvalue())


def _write_octets(out: io.BytesIO, case: Case) -> Iterator[dict[str, Any]]:
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(PASSWORD)
        for blob in _blobs(case).iterator(chunk_size=1):
            content = bytes(blob.content)
            archive.writestr(blob.sha256, content)
            yield _entry(f"octets.zip/{blob.sha256}", content)


def _blobs(case: Case) -> QuerySet[Blob]:
    reports = Report.objects.filter(case=case)
    received = Q(pk__in=Submission.objects.filter(reports__in=reports).values("blob"))
    attached = Q(pk__in=Evidence.objects.filter(report__in=reports).values("blob"))
    blobs = Blob.objects.filter(received | attached, purged_at=None)
    # One mail may be about a restricted case, too.
    return blobs.exclude(pk__in=restricted.octets(blobs).values("pk")).order_by("pk")


@transaction.atomic
def _issue(case: Case, manifest: str, *, by: User) -> Receipt:
    sha256 = hashlib.sha256(manifest.encode()).hexdigest()
    ledger.append(
        actor=by,
        action="export",
        object=f"case {case.pk}",
        reason="Exported.",
        details={"case": case.pk, "manifest": sha256},
    )
    return receipts.issue(Receipt.Kind.EXPORT, {"case": case.pk, "manifest_sha256": sha256})


def _case(case: Case) -> dict[str, Any]:
    return {
        **_row(case),
        "account_email": case.account and case.account.email,
        "reports": [
            {
                **_row(report),
                "reporter": report.reporter.identity,
                "received": _row(report.submission),
                "evidence": [_row(each) for each in report.evidence.all()],
            }
            for report in case.reports.select_related("reporter", "submission").prefetch_related("evidence")
        ],
        "decisions": [_row(each) for each in case.decisions.order_by("pk")],
        "statements": [_row(each.statement) for each in _with_statement(case)],
        "messages": [_row(each) for each in case.messages.all()],
        "appeals": [_row(each) for each in case.appeals.order_by("pk")],
    }


def _with_statement(case: Case) -> Iterable[Decision]:
    return case.decisions.exclude(statement=None).select_related("statement").order_by("pk")


def _history(case: Case) -> Iterable[Any]:
    if case.hostname_id is None:
        return []
    return AddressUpdate.objects.filter(hostname=case.hostname_id).order_by("at").values()


def _proofs(case: Case) -> Iterable[Any]:
    return Proof.objects.filter(name=case.name).order_by("asked_at").values()


def _receipts(case: Case) -> Iterable[Receipt]:
    of_decisions = Q(decision__case=case)
    of_reports = Q(submission__in=Submission.objects.filter(reports__case=case))
    return Receipt.objects.filter(of_decisions | of_reports).select_related("key").order_by("issued_at")


def _row(instance) -> dict[str, Any]:
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


def _entry(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
