"""Postings: reports by the API, stored once however often they are sent."""

import hashlib
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from abuse import submissions
from abuse.errors import PostingDiffers
from abuse.models import Posting, Reporter, Submission

# As requests to the rest of the API: longer than any client tries again.
KEPT = timedelta(hours=24)
# Any number that nothing else in this database uses for advisory locks of two numbers.
_LOCK = 0x90571


@transaction.atomic
def accept(
    content: bytes,
    *,
    content_type: str,
    source: str,
    reporter: Reporter | None,
    key: str = "",
    default_kind: str = "",
) -> tuple[Submission, bool]:
    """The submission, and whether it is new.

    The same octets of the same type again within a day are the same submission: from whoever showed a key; and from the same
    address under the same Idempotency-Key, since whoever is nobody in particular must not learn of another's report by
    guessing its octets. Raises PostingDiffers, SubmissionEmpty, SubmissionTooBig.
    """
    digest = hashlib.sha256(b"\0".join((content_type.encode(), default_kind.encode(), content))).digest()
    line = "" if reporter else source
    if reporter is not None or key:
        _lock(reporter, line)
    before = _posted(reporter, line, key, digest)
    if before is not None:
        if key and key != before.key:
            # Under this name too it is known from now on.
            _keep(before.submission, reporter, line, key, digest)
        return before.submission, False
    submission = submissions.accept(
        content,
        door=Submission.Door.API,
        source=source,
        content_type=content_type,
        default_kind=default_kind,
        reporter=reporter,
    )
    _keep(submission, reporter, line, key, digest)
    return submission, True


def purge(now: datetime) -> int:
    """Ends the day in which a posting is known; gives how many."""
    return Posting.objects.filter(posted_at__lt=now - KEPT).delete()[0]


def _keep(submission: Submission, reporter: Reporter | None, line: str, key: str, digest: bytes) -> None:
    Posting.objects.create(
        reporter=reporter, source=line, key=key, digest=digest, submission=submission, posted_at=timezone.now()
    )


def _posted(reporter: Reporter | None, line: str, key: str, digest: bytes) -> Posting | None:
    """Raises PostingDiffers."""
    known = Posting.objects.filter(reporter=reporter, source=line, posted_at__gte=timezone.now() - KEPT)
    if key and (same := known.filter(key=key).select_related("submission").first()) is not None:
        if bytes(same.digest) != digest:
            raise PostingDiffers
        return same
    if reporter is None:
        return None
    again = known.filter(digest=digest).select_related("submission").order_by("pk")
    # Sent again without a name it is the first one, whatever its name was.
    return again.first()


def _lock(reporter: Reporter | None, line: str) -> None:
    """One of a reporter's at a time, so that the same sent twice at once is one. Until the transaction ends."""
    who = hashlib.sha256(f"{reporter.pk if reporter else ''} {line}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, int.from_bytes(who[:4], "big", signed=True)])
