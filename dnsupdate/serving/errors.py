"""What is wrong with a message, or with a port; the docstring of each is its message."""

import dns.rcode


class ServingError(Exception):
    """This cannot be served."""

    def __str__(self) -> str:
        return " ".join(map(str, self.args)) or type(self).__doc__ or ""


class MalformedMessageError(ServingError):
    """The message does not follow RFC 1035 §4."""


class RejectedError(ServingError):
    """The request is answered with an rcode and nothing else."""

    def __init__(self, rcode: dns.rcode.Rcode):
        super().__init__(dns.rcode.to_text(rcode))
        self.rcode = rcode


class CannotListenError(ServingError):
    """The port cannot be had."""
