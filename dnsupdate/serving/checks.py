"""What every request must be, whatever is served."""

import dns.opcode
import dns.rcode

from .errors import MalformedMessageError, RejectedError
from .requests import Request
from .responses import AnySigner

OPCODES = (dns.opcode.QUERY, dns.opcode.UPDATE)


def check(request: Request, signer: AnySigner) -> None:
    """Believed if it is signed, of an EDNS version and an opcode that we know, with one question or zone.

    Raises RejectedError, MalformedMessageError.
    """
    if signer and signer.error:
        raise RejectedError(dns.rcode.NOTAUTH)
    if request.edns_version:
        raise RejectedError(dns.rcode.BADVERS)
    if request.opcode not in OPCODES:
        raise RejectedError(dns.rcode.NOTIMP)
    if len(request.questions) != 1:
        raise MalformedMessageError
