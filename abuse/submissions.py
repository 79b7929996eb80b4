"""Submissions: stored as received, with a receipt, before anything parses them."""

import hashlib
import logging

import redis
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from abuse import receipts
from abuse.errors import SubmissionEmpty, SubmissionTooBig
from abuse.intake import text
from abuse.models import Blob, Reporter, Submission
from dnsupdate import wake

logger = logging.getLogger(__name__)

MIB = 1024 * 1024
# XARF 4 allows 15 MiB of evidence in all, base64 adds a third; mail adds headers.
MAX_SIZE = 25 * MIB
# Of many submissions at once one wakes the readers, who look until nothing is left.
_MARK_MILLISECONDS = 500


@transaction.atomic
def accept(
    content: bytes,
    *,
    door: Submission.Door,
    source: str,
    content_type: str = "",
    filename: str = "",
    default_kind: str = "",
    reporter: Reporter | None = None,
) -> Submission:
    """Stores the octets and a signed receipt in one transaction; reading follows by itself once it is committed.

    Raises SubmissionEmpty and SubmissionTooBig: then nothing was stored, and the door says so.
    """
    if not content:
        raise SubmissionEmpty
    if len(content) > MAX_SIZE:
        raise SubmissionTooBig(f"{len(content)} octets; the most is {MAX_SIZE}.")
    submission = Submission.objects.create(
        blob=keep(content),
        door=door,
        source=text.line(source, 300),
        content_type=text.line(content_type, 200),
        filename=text.line(filename, 300),
        default_kind=default_kind[:60],
        reporter=reporter,
    )
    receipts.issue_for_submission(submission)
    transaction.on_commit(_wake_reader)
    return submission


def keep(content: bytes) -> Blob:
    """The blob of these octets, stored once however often they come; stored again where retention had emptied it."""
    sha256 = hashlib.sha256(content).hexdigest()
    blob, is_new = Blob.objects.get_or_create(sha256=sha256, defaults={"size": len(content), "content": content})
    if not is_new and blob.purged_at is not None:
        Blob.objects.filter(pk=sha256).update(content=content, purged_at=None)
        blob.refresh_from_db()
    return blob


def _wake_reader() -> None:
    """The row is the queue: a wake-up that gets lost costs the seconds until the periodic task."""
    try:
        if wake.redis_client().set("read-submissions", 1, nx=True, px=_MARK_MILLISECONDS):
            current_app.send_task("abuse.tasks.read_submissions", queue="abuse", retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        logger.warning("No wake-up for the readers of submissions: %s", error)
