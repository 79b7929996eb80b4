"""What can go wrong while running servers here; the docstring of each is its message."""


class LocalError(Exception):
    """Something on this machine is in the way."""

    def __init__(self, detail: str = ""):
        self.detail = detail
        super().__init__(f"{self.__doc__} {detail}".strip())


class ServerFailed(LocalError):
    """A server did not start."""


class GivenServerUnusable(LocalError):
    """A server that the environment names cannot be used."""


class CommandFailed(LocalError):
    """A step of the start failed."""


class BinaryMissing(LocalError):
    """A program is not installed."""


class PortTaken(LocalError):
    """A port is in use by another program."""


class DirectoryInUse(LocalError):
    """The data directory is in use."""


class DirectoryUnusable(LocalError):
    """The data directory cannot be used."""


class UserUnknown(LocalError):
    """PostgreSQL does not run under a user id without an entry in the password file."""
