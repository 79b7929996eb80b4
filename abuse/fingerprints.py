"""Fingerprints: who says what about what, so that the same again is one report."""

import hashlib
import json
from datetime import datetime

from abuse import reporters
from abuse.intake.drafts import Draft, Subject
from abuse.models import Category, Reporter
from ddns.models import Hostname


def of(
    draft: Draft,
    subject: Subject,
    *,
    reporter: Reporter,
    category: Category,
    hostname: Hostname | None,
    received_at: datetime,
) -> str:
    """SHA-256, 64 digits. With the reporter's own number that is what counts; without one the words and the day are.

    Of one that nobody has proven to be the reporter the words count too: a stranger could else send something with the number
    of a report that is to come, and that would be the same again. What a feed says it says at every pull, so its day is
    none. A name with another holder is another subject.
    """
    is_numbered = bool(draft.external_id) and reporters.is_proven(reporter)
    return _digest(
        [
            reporter.pk,
            category.pk,
            hostname and hostname.pk,
            subject.url or subject.name or f"{subject.address} {subject.port}",
            draft.external_id if is_numbered else [draft.external_id, _said(draft)],
            "" if draft.external_id or reporter.kind == Reporter.Kind.FEED else f"{received_at:%Y-%m-%d}",
        ]
    )


def _said(draft: Draft) -> str:
    return _digest(
        [draft.description.split(), sorted(hashlib.sha256(a.content).hexdigest() for a in draft.attachments)]
    )


def _digest(parts: list) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
