"""Rows of the desk as they are once reports were read: for pages, which do not ask how they came about."""

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from abuse import categories
from abuse.models import Blob, Case, Decision, Evidence, Report, Reporter, Submission
from ddns.models import Hostname, User


def reporter(identity: str = "org:trudy.example", **fields: Any) -> Reporter:
    made, _ = Reporter.objects.get_or_create(
        identity=identity, defaults={"kind": Reporter.Kind.ORGANISATION, "contact": "abuse@trudy.example", **fields}
    )
    return made


def case(
    hostname: Hostname | None, *, kind: str = "content/phishing", due_in: timedelta | None = None, **fields
) -> Case:
    """Open and without a report; due_in: from now."""
    category, now = categories.of(kind), timezone.now()
    return Case.objects.create(
        **{
            "hostname": hostname,
            "account": hostname.account if hostname else None,
            "name": hostname.name if hostname else "ns1.ddns.test",
            "route": category.route,
            "category": category,
            "severity": category.severity,
            "opened_at": now,
            "due_at": now + (category.clock if due_in is None else due_in),
            "paused_for": timedelta(0),
            "last_report_at": now,
            **fields,
        }
    )


def report(of: Case, *, by: Reporter | None = None, evidence_at: datetime | None = None, **fields: Any) -> Report:
    """One more on the case, which is counted again."""
    now = timezone.now()
    octets = uuid.uuid4().bytes
    blob = Blob.objects.create(sha256=hashlib.sha256(octets).hexdigest(), size=len(octets), content=octets)
    submission = Submission.objects.create(
        blob=blob, door=Submission.Door.FORM, source="198.51.100.9", state=Submission.State.READ
    )
    made = Report.objects.create(
        **{
            "submission": submission,
            "reporter": by or reporter(),
            "category": of.category,
            "kind": of.category.key,
            "name": of.name,
            "evidence_at": evidence_at or now,
            "fingerprint": uuid.uuid4().hex * 2,
            "received_at": now,
            "state": Report.State.OPEN,
            "standing": Report.Standing.HELD,
            "hostname": of.hostname,
            "case": of,
            **fields,
        }
    )
    counted = list(of.reports.counted())
    Case.objects.filter(pk=of.pk).update(
        report_count=len(counted),
        source_count=len({each.reporter_id for each in counted}),
        grade=max((each.grade for each in counted), default=0),
    )
    of.refresh_from_db()
    return made


def evidence(of: Report, content: bytes, filename: str = "", content_type: str = "", **fields: Any) -> Evidence:
    sha256 = hashlib.sha256(content).hexdigest()
    blob, _ = Blob.objects.get_or_create(sha256=sha256, defaults={"size": len(content), "content": content})
    return Evidence.objects.create(report=of, blob=blob, filename=filename, content_type=content_type, **fields)


def decision(of: Case, by: User | None, action: Decision.Action = Decision.Action.SUSPEND, **fields: Any) -> Decision:
    """As abuse.decisions stores one; nothing else is done."""
    return Decision.objects.create(
        **{
            "case": of,
            "action": action,
            "reason": "a lure for a bank",
            "state": Decision.State.DONE,
            "decided_by": by,
            "rule": "" if by else "young-name",
            "decided_at": timezone.now(),
            **fields,
        }
    )
