"""Apexes of the zones file."""

import re

import dns.exception

from dnsupdate.serving.names import from_text

from .errors import ConfigurationError

# An apex becomes a file name, so it is held to what cannot leave the directory.
_APEX = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
MAX_APEX_LENGTH = 240  # leaves room for hostmaster.<apex>


def apex_from_text(text: str) -> bytes:
    """The apex on one line of the zones file; raises ConfigurationError unless it is a plain domain name."""
    name = text.lower().removesuffix(".")
    try:
        if not _APEX.fullmatch(name):
            raise ConfigurationError(f"{text!r} is not a domain name")
        owner = from_text(name)
    except dns.exception.DNSException as error:
        raise ConfigurationError(f"{text!r} is not a domain name: {error}") from error
    if len(owner) > MAX_APEX_LENGTH:
        raise ConfigurationError(f"{text!r} is longer than {MAX_APEX_LENGTH} octets")
    return owner
