"""What can be wrong with what a customer asks. An error's docstring is its message; details follow it."""


class DdnsError(Exception):
    """That is not possible."""

    def __str__(self) -> str:
        return " ".join([(self.__doc__ or "").strip(), *map(str, self.args)]).strip()


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


class Conflict(DdnsError):
    """The hostname is being changed too often at this moment. Try again."""


class InvalidAddress(DdnsError):
    """This address cannot be published:"""


class HostnameUnknown(DdnsError):
    """There is no such hostname here."""


class GroupUnknown(DdnsError):
    """There is no such group here."""


class ChangedMeanwhile(DdnsError):
    """The hostname is not what it was when you read it. Read it again and decide anew."""


class BeyondAuthority(DdnsError):
    """The key that was presented may not do this:"""


class RequestUnderWay(DdnsError):
    """A request with this Idempotency-Key is being answered at this moment. Send it again in a second."""


class RequestDiffers(DdnsError):
    """This Idempotency-Key came with another request before. Every new request needs a new one."""


class UnknownLanguage(DdnsError):
    """There are no pages and mails in this language:"""
