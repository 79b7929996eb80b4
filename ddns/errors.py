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


class Conflict(DdnsError):
    """The hostname is being changed too often at this moment. Try again."""
