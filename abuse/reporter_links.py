"""Reporter links: the signed address of the page where whoever filed a report follows it, without an account."""

import uuid

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from abuse.errors import WrongLink
from abuse.models import Submission

# No end: a report is kept for years, and its reporter may appeal months after the decision.
_SALT = "abuse.reporter_links"


def token(submission: Submission) -> str:
    """The same each time, so that every mail about it has the same link."""
    return _signer().sign(submission.pk.hex)


def submission_of(text: str) -> Submission:
    """Raises WrongLink, whether it was made up or what it leads to is gone."""
    try:
        return Submission.objects.get(pk=uuid.UUID(hex=_signer().unsign(text)))
    except (BadSignature, ValueError, Submission.DoesNotExist) as error:
        raise WrongLink from error


def link(submission: Submission) -> str:
    """Whole, for mails."""
    return settings.SITE_URL + path(submission)


def path(submission: Submission) -> str:
    return reverse("abuse_reports", args=[token(submission)])


def _signer() -> Signer:
    # A colon is cut off by some mail programs that make links of addresses.
    return Signer(salt=_SALT, sep=".")
