"""Subjects: the host, URL, address and port in one piece of text, however it was defanged."""

import ipaddress
import re

from abuse.intake import limits, text
from abuse.intake.drafts import Subject
from abuse.refang import straighten
from dnsupdate import names
from dnsupdate.errors import InvalidName

_AROUND = "<>\"'`“”‘’«»,;!|\u200b\ufeff \t\r\n"
_PLAIN_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,20}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,20})\s{0,3}:\s{0,3}/{1,4}(?=[^/])", re.IGNORECASE)
_END_OF_AUTHORITY = re.compile(r"[/?#\\\s]")
_PORT = re.compile(r"(.*?):(\d{0,5})")
# RFC 1035 §3.1 counts A-labels; a U-label is never more than four times shorter.
_MAX_HOST_CHARACTERS = 400


class NoSubject(ValueError):
    """Its argument is the sentence that says so."""


def read(said: object, role: str = "") -> Subject:
    """Raises NoSubject. The name is normalised, without wildcard; the URL is refanged and keeps its case.

    A name needs a dot and a top level that is no number; an address is written as RFC 5952 has it.
    """
    if not isinstance(said, str):
        raise NoSubject(_sentence(text.line(said) or "This"))
    if len(said) > limits.MAX_URL_CHARACTERS:
        raise NoSubject(f"“{text.line(said[:100], 60)}” is longer than {limits.MAX_URL_CHARACTERS} characters.")
    plain = _PLAIN_NAME.fullmatch(said)
    whole = said if plain else straighten(said.strip(_AROUND)).strip(_AROUND)
    if whole.startswith("/") and not whole.startswith("//"):
        # Lists of indicators have paths, too: “/gate.php” is no host.
        raise NoSubject(_sentence(said))
    scheme = None if plain else _SCHEME.match(whole)
    rest = whole[scheme.end() :] if scheme else whole.removeprefix("mailto:").lstrip("/")
    rest = next(iter(rest.split(maxsplit=1)), "")
    authority = _END_OF_AUTHORITY.split(rest, maxsplit=1)[0]
    host, port = _host_and_port(authority.rpartition("@")[2])
    url = ""
    if scheme:
        url = f"{scheme[1].lower()}://{rest}"
    elif len(authority) < len(rest) or whole.startswith("mailto:"):
        url = next(iter(whole.split(maxsplit=1)), "").lstrip("/")
    address = _address(host, is_url=bool(scheme))
    name = "" if address else _name(host, said)
    return Subject(name=name, url=text.clean(url), address=address, port=port, role=role)


def find(said: object, role: str = "") -> Subject | None:
    """The same, for those who pass over what names nothing."""
    try:
        return read(said, role)
    except NoSubject:
        return None


def _host_and_port(authority: str) -> tuple[str, int | None]:
    authority = authority.strip(_AROUND)
    if authority.startswith("["):
        host, _, after = authority[1:].partition("]")
        return host, _port(after.removeprefix(":"))
    if authority.count(":") == 1 and (match := _PORT.fullmatch(authority)):
        return match[1], _port(match[2])
    return authority, None


def _port(digits: str) -> int | None:
    return int(digits) if digits.isascii() and digits.isdigit() and 0 < int(digits[:6]) < 65536 else None


def _address(host: str, *, is_url: bool) -> str:
    if not host or not (host[-1].isdigit() or ":" in host) or len(host) > 50 or "%" in host:
        return ""
    try:
        # Browsers take http://3221226050/ for 192.0.2.66, and phishing knows.
        number = int(host) if is_url and host.isascii() and host.isdigit() and len(host) > 7 else None
        address = ipaddress.IPv4Address(number) if number is not None else ipaddress.ip_address(host)
    except ValueError:
        return ""
    return "" if address.is_unspecified else str(getattr(address, "ipv4_mapped", None) or address)


def _name(host: str, said: str) -> str:
    host = host.strip(".").removeprefix("*.")
    if "." not in host.translate(_OTHER_DOTS) or len(host) > _MAX_HOST_CHARACTERS:
        raise NoSubject(_sentence(said))
    try:
        name = names.normalise(host)
    except InvalidName:
        raise NoSubject(_sentence(said)) from None
    if "." not in name or "*" in name or name[name.rindex(".") + 1 :].isdigit():
        raise NoSubject(_sentence(said))
    return name


_OTHER_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})


def _sentence(said: str) -> str:
    return f"“{text.line(said[:200], 80)}” names no host, address or URL."
