"""Reporter keys: made at the desk, shown once, recognised by one indexed SELECT, revoked."""

import hashlib
import secrets
import string
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from abuse import ledger, reporters
from abuse.errors import NotAllowed, NothingToDo, ReasonMissing, WrongReporterKey
from abuse.models import Reporter, ReporterKey
from ddns.models import User

_ALPHABET = string.ascii_letters + string.digits
PREFIX_LENGTH = 8
# 32 secret characters are 190 random bits, so that a fast hash suffices; the prefix is no secret.
SECRET_LENGTH = 32
# Its use is written down once in so long: enough to see which keys nobody uses.
USED_EVERY = timedelta(minutes=1)


def digest(text: str) -> bytes:
    """What is stored of a key. Blanks that came along when it was copied do not count."""
    return hashlib.sha256(text.strip().encode()).digest()


@transaction.atomic
def create(reporter: Reporter, *, label: str, by: User, expires_at: datetime | None = None) -> tuple[ReporterKey, str]:
    """The text of the key is given here and never again. Enters it in the ledger.

    Raises NotAllowed for a reporter that is only claimed: make one that somebody vouches for.
    """
    if not reporters.is_proven(reporter):
        raise NotAllowed("nobody has proven to be this reporter. Add it as a new reporter if you vouch for it.")
    text = "".join(secrets.choice(_ALPHABET) for _ in range(PREFIX_LENGTH + SECRET_LENGTH))
    key = ReporterKey.objects.create(
        reporter=reporter, label=label, prefix=text[:PREFIX_LENGTH], digest=digest(text), expires_at=expires_at
    )
    _enter("make-reporter-key", key, by, "Made.")
    return key, text


@transaction.atomic
def revoke(key: ReporterKey, *, reason: str, by: User) -> None:
    """From the next request on it is refused; what came by it stays. Raises ReasonMissing, and NothingToDo if it is revoked."""
    if not reason.strip():
        raise ReasonMissing
    if not ReporterKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        raise NothingToDo
    _enter("revoke-reporter-key", key, by, reason.strip())


def recognise(text: str) -> ReporterKey:
    """The working key with its reporter; its use is remembered. Raises WrongReporterKey."""
    key = ReporterKey.objects.working().select_related("reporter").filter(digest=digest(text)).first()
    if key is None:
        raise WrongReporterKey
    now = timezone.now()
    if key.used_at is None or now - key.used_at > USED_EVERY:
        stale = Q(used_at=None) | Q(used_at__lte=now - USED_EVERY)
        ReporterKey.objects.filter(stale, pk=key.pk).update(used_at=now)
    return key


def _enter(action: str, key: ReporterKey, by: User, reason: str) -> None:
    ledger.append(
        actor=by,
        action=action,
        # By number: the ledger is for good, and an identity may be a person's mailbox.
        object=f"reporter {key.reporter_id}",
        reason=reason,
        details={"key": key.pk, "prefix": key.prefix, "label": key.label},
    )
