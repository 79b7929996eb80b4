"""What can be wrong with a decision. An error's docstring is its message; details follow it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext

if TYPE_CHECKING:
    from abuse.models import Order


class AbuseError(Exception):
    """The decision cannot be carried out."""

    def __str__(self) -> str:
        """In the language that is active, where strangers or customers can see it (deploy/messages); the desk speaks English."""
        said = (self.__doc__ or "").strip()
        return " ".join([gettext(said) if said else "", *map(str, self.args)]).strip()


class ReasonMissing(AbuseError):
    """A decision needs a reason: the customer and a court may ask for it."""


class AlreadySuspended(AbuseError):
    """The hostname is suspended already."""


class AlreadyLifted(AbuseError):
    """The suspension was lifted already."""


class NothingToDo(AbuseError):
    """The account is in that state already."""


class OwnAccount(AbuseError):
    """Nobody decides about their own account."""


class StaffAccount(AbuseError):
    """This is a member of staff: a superuser decides about them."""


class ClosedAccount(AbuseError):
    """The account was closed by its owner: it is reopened, not reactivated."""


class AcmeAccountsGone(AbuseError):
    """There is no such account any more."""


class LedgerBroken(AbuseError):
    """The ledger was changed:"""


class SubmissionEmpty(AbuseError):
    """There is nothing in it."""


class SubmissionTooBig(AbuseError):
    """This is too big:"""


class Unreadable(AbuseError):
    """No parser understands this:"""


class WrongReceipt(AbuseError):
    """This receipt does not hold:"""


class CaseClosed(AbuseError):
    """The case is closed already."""


class CaseOpen(AbuseError):
    """There is an open case about it already."""


class NotAllowed(AbuseError):
    """This is not for you to decide:"""


class NeedsSecondPerson(AbuseError):
    """This needs a second person:"""


class SamePerson(AbuseError):
    """Somebody else has to look at this: you decided it yourself."""


class NotUndoable(AbuseError):
    """This cannot be undone:"""


class InvalidParameter(AbuseError):
    """This decision lacks something:"""


class TemplateUnknown(AbuseError):
    """There is no such template:"""


class TemplateWrong(AbuseError):
    """This template cannot be used:"""


class TextMissing(AbuseError):
    """There is nothing in it: write some words."""


class TextTooLong(AbuseError):
    """This is too long:"""


class NotAppealable(AbuseError):
    """An appeal is not possible here:"""


class AppealedAlready(AbuseError):
    """There was an appeal against this decision already:"""


class AppealDecided(AbuseError):
    """The appeal was decided already."""


class AlreadyDecided(AbuseError):
    """Somebody has decided about this already:"""


class ChangedSince(AbuseError):
    """What this touches has changed since it was shown. Look again and decide anew:"""


class InfrastructureName(AbuseError):
    """This is a name of the platform itself, and nothing here can touch it:"""


class DecidedOnCase(AbuseError):
    """This was decided on a case, with a statement and a receipt of its own."""


class WrongLink(AbuseError):
    """This link is not valid. Open it again from the mail or the page where you found it, whole."""


class TooManyMessages(AbuseError):
    """You have written a lot today. The desk reads all of it; please go on tomorrow, or write a mail."""


class WrongReporterKey(AbuseError):
    """There is no such working key."""


class PostingDiffers(AbuseError):
    """The Idempotency-Key came with another report before."""


class MailboxFailed(AbuseError):
    """The mailbox cannot be read:"""


class FeedFailed(AbuseError):
    """The feed cannot be read:"""


class NotForPeople(AbuseError):
    """Nobody needs to read this any more: it was read or settled meanwhile."""


class NotInOffice(AbuseError):
    """This account files nothing at present:"""


class NotVettable(AbuseError):
    """This account cannot be vetted so:"""


class WrongOfficerKey(AbuseError):
    """There is no such working key."""


class OfficerLimit(AbuseError):
    """This is more than one officer may file. Call us, and we look at it together:"""


class InvalidOrder(AbuseError):
    """This order lacks something:"""

    def __init__(self, *said: object, problems: Mapping[str, Sequence[str]] | None = None) -> None:
        """problems are everything that is wrong, by field."""
        super().__init__(*(said or [f"{name}: {' '.join(each)}" for name, each in (problems or {}).items()]))
        self.problems = problems or {}


class OrderNotThere(AbuseError):
    """The order is not at that point:"""


class PlanChanged(AbuseError):
    """The plan is not the one that you have seen. Look again:"""


class BeyondCapacity(AbuseError):
    """The partner cannot take so much:"""


class DecidedOnOrder(AbuseError):
    """This was done for an order of an authority, and is undone there."""


class OutOfScope(AbuseError):
    """The order does not ask for this:"""


class WrongPartnerKey(AbuseError):
    """There is no such working key."""


class OrderFiledAlready(AbuseError):
    """Your agency has filed the very same order, and it is open."""

    def __init__(self, order: "Order") -> None:
        super().__init__()
        self.order = order


class InvalidAgency(AbuseError):
    """This agency lacks something:"""


class InvalidOfficerKey(AbuseError):
    """This key lacks something:"""


class AlreadyFrozen(AbuseError):
    """The officer is frozen already."""
