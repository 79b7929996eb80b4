"""What can go wrong between a row and a zone. An error's docstring is its message; details follow it."""


class DnsUpdateError(Exception):
    """Something went wrong in DNS."""

    def __str__(self) -> str:
        return " ".join([(self.__doc__ or "").strip(), *map(str, self.args)]).strip()


class InvalidName(DnsUpdateError):
    """Not a usable name:"""


class InvalidRRset(DnsUpdateError):
    """The records cannot stand at this name:"""


class InvalidKey(DnsUpdateError):
    """The TSIG key is not usable:"""


class MessageTooBig(DnsUpdateError):
    """The records do not fit into one message (RFC 1035 §4.2.2: 64 KiB)."""


class ReplacementRefused(DnsUpdateError):
    """This would replace what is in use:"""


class PrimaryError(DnsUpdateError):
    """The zone cannot be published at present:"""


class Unreachable(PrimaryError):
    """The nameserver does not answer:"""


class KeyRefused(PrimaryError):
    """The nameserver does not accept the TSIG key (RFC 8945 BADKEY or BADSIG): compare its name, algorithm and secret."""


class ClockSkew(PrimaryError):
    """The clocks of the nameserver and of this machine differ by more than the TSIG fudge (RFC 8945 BADTIME): check NTP."""


class ZoneMissing(PrimaryError):
    """The nameserver does not serve the zone (NOTAUTH): add it there, `manage.py add_domain` prints how."""


class UpdateForbidden(PrimaryError):
    """The nameserver refuses updates of the zone (REFUSED): it is frozen, or its policy does not allow the key."""


class ServerFailed(PrimaryError):
    """The nameserver could not process the update:"""


class FenceMoved(PrimaryError):
    """Another publisher's message reached the zone first."""


class RecordsRefused(DnsUpdateError):
    """The nameserver refuses these records:"""


class NoAnswer(DnsUpdateError):
    """No answer"""


class NothingObserved(DnsUpdateError):
    """There is nothing to accept: the delegation has not been seen yet."""


class ObservationMoved(DnsUpdateError):
    """The delegation changed again after you looked: look at what is there now, and decide about that."""


class RegistryError(DnsUpdateError):
    """The registry's data cannot be had:"""
