"""Why an UPDATE message of a customer is refused, with what its hostnames' last requests say of it."""

import dns.rcode

from dnsupdate.serving.errors import RejectedError


class Refused(RejectedError):
    """The message asks for what its key, or the hostname, does not allow; nothing was changed.

    code and detail are those of ddns.requests. Without a hostname it is a matter of the key's.
    """

    def __init__(
        self, code: str, detail: str = "", *, hostname: str = "", rcode: dns.rcode.Rcode = dns.rcode.REFUSED
    ) -> None:
        super().__init__(rcode)
        self.hostname, self.code, self.detail = hostname, code, detail
