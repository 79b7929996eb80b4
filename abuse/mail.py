"""Mail: received once by whichever way it comes, and stored before anything reads it."""

import hashlib

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from abuse import acknowledgements, authentication_results, mail_headers, reporters, submissions
from abuse.mail_headers import Headers
from abuse.models import Mail, Reporter, Submission

CONTENT_TYPE = "message/rfc822"
# Any number that nothing else in this database uses for advisory locks of two numbers.
_LOCK = 0x3A11


@transaction.atomic
def receive(content: bytes, *, sender: str | None, recipient: str = "") -> Submission:
    """Its submission; of a mail that came before, by this way or another, the one that there is.

    sender is the envelope's: empty for a bounce, None where only Return-Path can say. An acknowledgement is queued with it.
    Raises SubmissionEmpty and SubmissionTooBig, and what the database does: then nothing was stored.
    """
    headers = mail_headers.parse(content)
    _lock(headers.digest)
    known = Mail.objects.select_related("submission").filter(digest=headers.digest).first()
    if known is not None:
        return known.submission
    envelope = headers.return_path if sender is None else _address(sender)
    submission = submissions.accept(
        content,
        door=Submission.Door.MAIL,
        source=envelope or "<>",
        content_type=CONTENT_TYPE,
        reporter=_proven(headers),
    )
    withheld = acknowledgements.why_not(headers, envelope, _address(recipient))
    now = timezone.now()
    Mail.objects.create(
        submission=submission,
        digest=headers.digest,
        message_id=headers.message_id,
        sender=envelope,
        recipient=_address(recipient),
        subject=headers.subject,
        language=headers.first("content-language").partition(",")[0].strip()[:10],
        received_at=now,
        answer_to="" if withheld else envelope,
        withheld=withheld,
        due_at=None if withheld else now,
    )
    return submission


def _proven(headers: Headers) -> Reporter | None:
    """Who sent it, where our own mail server vouches for that. From alone proves nothing."""
    author = authentication_results.proven_author(headers, settings.ABUSE_AUTHSERV_ID)
    if author is None:
        return None
    reporter = reporters.proven_by_mailbox(author.address, name=author.name)
    return reporter if reporters.is_proven(reporter) else None


def _address(text: str) -> str:
    """As MTAs give it, with or without angle brackets; empty for what is none."""
    address = text.strip().removeprefix("<").removesuffix(">").lower()
    return address if mail_headers.is_address(address) else ""


def _lock(digest: bytes) -> None:
    """The same mail by two ways at once is one. Until the transaction ends."""
    number = int.from_bytes(hashlib.sha256(digest).digest()[:4], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, number])
