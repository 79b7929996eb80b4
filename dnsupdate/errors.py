"""What can go wrong between a row and a zone. An error's docstring is its message; details follow it."""

from django.utils.translation import gettext


class DnsUpdateError(Exception):
    """Something went wrong in DNS."""

    # For counting: the response code (RFC 6895 §2.3), or what stood in its place.
    reason = "OTHER"

    def __str__(self) -> str:
        """In the language that is active: people read some of them on pages."""
        return " ".join([gettext((self.__doc__ or "").strip()), *map(str, self.args)]).strip()


class InvalidName(DnsUpdateError):
    """Not a usable name:"""


class InvalidRRset(DnsUpdateError):
    """The records cannot stand at this name:"""

    reason = "INVALID"


class InvalidKey(DnsUpdateError):
    """The TSIG key is not usable:"""


class MessageTooBig(DnsUpdateError):
    """The records do not fit into one message (RFC 1035 §4.2.2: 64 KiB)."""

    reason = "TOOBIG"


class ReplacementRefused(DnsUpdateError):
    """This would replace what is in use:"""


class PrimaryError(DnsUpdateError):
    """The zone cannot be published at present:"""


class Unreachable(PrimaryError):
    """The nameserver does not answer:"""

    reason = "UNREACHABLE"


class KeyRefused(PrimaryError):
    """The nameserver does not accept the TSIG key (RFC 8945 BADKEY or BADSIG): compare its name, algorithm and secret."""

    reason = "BADKEY"


class ClockSkew(PrimaryError):
    """The clocks of the nameserver and of this machine differ by more than the TSIG fudge (RFC 8945 BADTIME): check NTP."""

    reason = "BADTIME"


class ZoneMissing(PrimaryError):
    """The nameserver does not serve the zone (NOTAUTH): add it there, `manage.py add_domain` prints how."""

    reason = "NOTAUTH"


class UpdateForbidden(PrimaryError):
    """The nameserver refuses updates of the zone (REFUSED): it is frozen, or its policy does not allow the key."""

    reason = "REFUSED"


class ServerFailed(PrimaryError):
    """The nameserver could not process the update:"""

    reason = "SERVFAIL"


class FenceMoved(PrimaryError):
    """Another publisher's message reached the zone first."""

    reason = "NXRRSET"


class ZoneAtRest(PrimaryError):
    """Nothing is sent to it:"""


class ZoneInUse(DnsUpdateError):
    """The zone is in use:"""


class ZoneLifeRefused(DnsUpdateError):
    """That is not possible in the zone's present state:"""


class CatalogRefused(DnsUpdateError):
    """The catalog cannot be set up:"""


class RotationRefused(DnsUpdateError):
    """The key cannot be rotated:"""


class RecordsRefused(DnsUpdateError):
    """The nameserver refuses these records:"""

    @property
    def reason(self) -> str:  # type: ignore[override]
        """The response code that it was given."""
        return str(self.args[0]).rstrip(".")


class NotDenied(DnsUpdateError):
    """The answer does not prove that something is not there:"""


class Bogus(DnsUpdateError):
    """The signatures do not hold (RFC 4035 §4.3):"""


class TransferFailed(PrimaryError):
    """The zone's transfer is not usable:"""


class VerificationRunning(DnsUpdateError):
    """The zone is being verified already:"""


class VerificationRefused(DnsUpdateError):
    """The zone is not verified:"""


class NoAnswer(DnsUpdateError):
    """No answer"""


class NothingObserved(DnsUpdateError):
    """There is nothing to accept: the delegation has not been seen yet."""


class ObservationMoved(DnsUpdateError):
    """The delegation changed again after you looked: look at what is there now, and decide about that."""


class RegistryError(DnsUpdateError):
    """The registry's data cannot be had:"""


class PostFailed(DnsUpdateError):
    """The receiver did not get it:"""


class FetchFailed(DnsUpdateError):
    """It could not be fetched:"""
