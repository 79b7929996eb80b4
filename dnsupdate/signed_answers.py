"""Signed answers: whether what a server says of a signed zone validates (RFC 4035 §5)."""

import dns.exception
import dns.message

from dnsupdate import dnssec, validation
from dnsupdate.errors import Bogus, PrimaryError
from dnsupdate.inquiry import Question
from dnsupdate.models import Signing, Zone
from dnsupdate.proofs import Validate
from dnsupdate.validation import Keys


def validator(zone: Zone) -> Validate | None:
    """What says of an answer why it does not validate, "" where it does; None for a zone that is not signed.

    Asks the primary for its keys. Where it does not say them, nothing of a zone that was signed when it was last looked at
    (signings) validates. An answer costs 0.1 ms, and a denial 0.4 to 0.6.
    """
    try:
        trusted = dnssec.keys(zone)
    except (PrimaryError, Bogus) as error:
        reason = f"It cannot be validated. {error}"
        return (lambda question: reason) if Signing.objects.filter(zone=zone, is_signed=True).exists() else None
    return (lambda question: _flaw(question, trusted)) if trusted else None


def _flaw(question: Question, trusted: Keys) -> str:
    if question.reply is None:
        return ""
    try:
        verdict = validation.validate(dns.message.from_wire(question.reply.wire), trusted)
    except dns.exception.DNSException as error:
        return f"It is malformed ({type(error).__name__})."
    return "" if verdict.is_valid else str(verdict)
