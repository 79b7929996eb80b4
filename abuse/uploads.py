"""Uploads: what a member of staff got by another way, in the name of whoever it is from."""

from abuse import reporters, submissions
from abuse.errors import InvalidParameter
from abuse.intake.drafts import Party
from abuse.models import Reporter, Submission
from ddns.models import User


def accept(
    content: bytes, *, by: User, content_type: str = "", filename: str = "", kind: str = "", on_behalf_of: str = ""
) -> Submission:
    """on_behalf_of is a mailbox or a domain that this member of staff vouches for; empty: their own report.

    Raises InvalidParameter, SubmissionEmpty, SubmissionTooBig.
    """
    return submissions.accept(
        content,
        door=Submission.Door.UPLOAD,
        source=by.email,
        content_type=content_type,
        filename=filename,
        default_kind=kind.replace("/*", "/unclassified"),
        reporter=_reporter(on_behalf_of.strip(), by),
    )


def _reporter(named: str, by: User) -> Reporter:
    if not named:
        defaults = {"kind": Reporter.Kind.STAFF, "name": by.email, "contact": by.email}
        return Reporter.objects.get_or_create(identity=f"staff:{by.email.lower()}"[:300], defaults=defaults)[0]
    return vouched_for(named)


def vouched_for(named: str, *, name: str = "", contact: str = "") -> Reporter:
    """The reporter of a mailbox or a domain, as a member of staff vouches; made where it is new. Raises InvalidParameter."""
    named = named.strip()
    party = Party(contact=named) if "@" in named else Party(domain=named)
    identity = reporters.identity_of(party)
    if not identity:
        raise InvalidParameter("name a mailbox, or a domain that is an organisation's own.")
    kind = Reporter.Kind.PERSON if identity.startswith("mailbox:") else Reporter.Kind.ORGANISATION
    defaults = {"kind": kind, "name": name, "contact": contact or (named if "@" in named else "")}
    return Reporter.objects.get_or_create(identity=identity[:300], defaults=defaults)[0]
