"""Status tokens: whoever has one may read what became of a submission. Derived, stored nowhere."""

import uuid

from django.conf import settings
from django.core.signing import BadSignature, Signer

from abuse.models import Submission

_SALT = "abuse.status"


def of(submission: Submission) -> str:
    """43 characters that nobody can guess. Not the number of the submission: that stands in its receipt, which may be shown."""
    return Signer(salt=_SALT).signature(str(submission.pk))


def fits(token: str, submission_id: uuid.UUID) -> bool:
    """Whether it is this submission's, under the present or an earlier SECRET_KEY. In constant time."""
    try:
        Signer(salt=_SALT).unsign(f"{submission_id}:{token}")
    except BadSignature:
        return False
    return ":" not in token


def link(submission: Submission) -> str:
    """The status by the API, for whoever got this address."""
    return f"{settings.SITE_URL}/api/v1/reports/{submission.pk}?token={of(submission)}"
