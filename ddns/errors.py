"""What can be wrong with what a customer asks. An error's docstring is its message; details follow it."""

from django.utils.translation import gettext


class DdnsError(Exception):
    """That is not possible."""

    def __str__(self) -> str:
        """In the language that is active; deploy/messages finds the docstrings."""
        return " ".join([gettext((self.__doc__ or "").strip()), *map(str, self.args)]).strip()


class NameUnavailable(DdnsError):
    """This name cannot be registered:"""


class DomainInUse(DdnsError):
    """Customers hold names in this domain:"""


class HostnameRestricted(DdnsError):
    """This hostname is under a restriction and cannot be changed now. Ask the abuse desk."""


class HostnameReleased(DdnsError):
    """This hostname was given up already."""


class TooManyHostnames(DdnsError):
    """The account has as many hostnames as it may have:"""


class WrongKey(DdnsError):
    """There is no such working key."""


class KeyNotAllowed(WrongKey):
    """The key works, and not for this:"""


class InvalidNetwork(DdnsError):
    """This is not a network:"""


class NotInPlan(DdnsError):
    """The account's plan does not have this:"""


class InvalidRecord(DdnsError):
    """This record cannot stand:"""


class TooManyRecords(DdnsError):
    """The hostname has as many records as it may have:"""


class TooManyKeys(DdnsError):
    """The account has as many keys as it may have:"""


class TooManyGroups(DdnsError):
    """The account has as many groups as it may have:"""


class GroupExists(DdnsError):
    """There is a group with this name:"""


class InvalidPrefix(DdnsError):
    """Hostnames cannot move into this IPv6 prefix:"""


class InvalidInterfaceId(DdnsError):
    """This is not the host part of an IPv6 address:"""


class FollowsNoPrefix(DdnsError):
    """An interface id is for a hostname that follows the IPv6 prefix, and this one does not. Let it follow too."""


class NoSuchGroup(DdnsError):
    """There is no group of this name:"""


class LookUnderWay(DdnsError):
    """The nameservers are being asked for this account already. Ask again in a moment."""


class HostnameNotNamed(DdnsError):
    """It is not known for which hostname this is. Name one that the key covers, as the user name beside the key."""


class RegistrationClosed(DdnsError):
    """Accounts are registered with a key here: put it into the server's address, as https://user:KEY@..."""


class TooManyRegistrations(DdnsError):
    """Too many accounts were registered from this network without a key. Register with a key, or try again later."""


class Conflict(DdnsError):
    """The hostname is being changed too often at this moment. Try again."""


class TooManyChanges(Conflict):
    """There were more changes in this hour than any device needs. Try again in the next one:"""


class InvalidAddress(DdnsError):
    """This address cannot be published:"""


class HostnameUnknown(DdnsError):
    """There is no such hostname here."""


class ChangedMeanwhile(DdnsError):
    """The hostname is not what it was when you read it. Read it again and decide anew."""


class BeyondAuthority(DdnsError):
    """The key that was presented may not do this:"""


class RequestUnderWay(DdnsError):
    """A request with this Idempotency-Key is being answered at this moment. Send it again in a second."""


class RequestDiffers(DdnsError):
    """This Idempotency-Key came with another request before. Every new request needs a new one."""


class TooManyIdempotencyKeys(DdnsError):
    """So many requests came with an Idempotency-Key in a day that no more are kept. Send it without one, or tomorrow:"""


class UnknownLanguage(DdnsError):
    """There are no pages and mails in this language:"""


class AlgorithmNotAllowed(DdnsError):
    """A TSIG key cannot be made with this algorithm. Possible are:"""


class ProofMissing(DdnsError):
    """Your browser has not finished its proof of work. Wait until the form says that it is done, then send it again."""


class ProofWrong(DdnsError):
    """The proof of work does not fit or is too old. Your browser is making a new one: send the form again."""


class ProofSpent(DdnsError):
    """This proof of work was used already. Your browser is making a new one: send the form again."""


class ProofTooEasy(DdnsError):
    """Many others from your network came meanwhile. Your browser is making a harder proof of work: send the form again."""


class WaitLonger(DdnsError):
    """Without a proof of work the form must have been open for a while. Send it again in"""


class TooManyWaits(DdnsError):
    """Too many came from your network without a proof of work today. Use a browser that runs scripts, or come back tomorrow."""


class AccountHeld(DdnsError):
    """This account is deactivated or closed already. Ask the abuse desk."""


class NotClosed(DdnsError):
    """The account was not closed by its owner, so there is nothing to reopen."""


class AlreadyForgotten(DdnsError):
    """What was personal in this account is forgotten: nobody could log in to it. Its owner may sign up anew."""


class LinkInvalid(DdnsError):
    """This link does not work (any more). Log in to see what is there now."""


class InvalidWebhook(DdnsError):
    """This cannot be a webhook:"""


class TooManyWebhooks(DdnsError):
    """The account has as many webhooks as it may have:"""


class InvalidBlock(DdnsError):
    """This cannot be blocked:"""


class AddressBlocked(InvalidAddress):
    """Hostnames cannot point into this network at present, by a decision of the abuse desk. Ask it if that is wrong:"""
