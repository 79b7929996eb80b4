"""FreeDNS (afraid.org): /dynamic/update.php?TOKEN and /u/TOKEN/, where a token stands for a hostname."""

import re
from typing import NamedTuple
from urllib.parse import quote, urlencode
from wsgiref.types import WSGIEnvironment

from ddns.protocols import dyndns2
from ddns.protocols.answers import Answer, explained
from ddns.protocols.credentials import Credentials, find
from ddns.protocols.dyndns2 import UpdateRequest
from ddns.protocols.parameters import Parameters, last

NAME = "freedns"
UPDATE_PATH = "/dynamic/update.php"
# The token of the second version; without one credentials are in the header.
TOKEN_PATH = re.compile(r"/u/(?P<token>[^/]*)/?")

_NOT_LOCATED = "Unable to locate this record (changed password recently? deleted and re-created this dns entry?)"
_SEVERAL = "The key covers not just one hostname: append &hostname= and the full name of the one that is meant."
_HOSTNAMES = ("hostname", "h", "host", "domain")
MAX_ECHO_CHARACTERS = 100


class Version(NamedTuple):
    """The texts of one of its interfaces."""

    updated: str
    unchanged: str


FIRST = Version(
    "Updated 1 host(s) {name} to {address} in {seconds:.3f} seconds", "ERROR: Address {address} has not changed."
)
SECOND = Version(
    "Updated {name} from {old} to {address}", "No IP change detected for {name} with IP {address}, skipping update"
)


def parse(sent: Parameters) -> UpdateRequest:
    return dyndns2.parse(sent)._replace(names=names(sent))


def as_query(environ: WSGIEnvironment) -> WSGIEnvironment:
    """The token of the path as a parameter."""
    found = TOKEN_PATH.fullmatch(environ["PATH_INFO"])
    token = found["token"] if found else ""
    query = environ.get("QUERY_STRING", "")
    return {**environ, "QUERY_STRING": f"{urlencode({'token': token})}&{query}"} if token else environ


def credentials(environ: WSGIEnvironment, sent: Parameters) -> Credentials | None:
    token = last(sent, "token").strip() or _bare_field(sent)
    return Credentials("", token) if token else find(environ.get("HTTP_AUTHORIZATION", ""), {})


def names(sent: Parameters) -> list[str | None]:
    given = next((value for parameter in _HOSTNAMES if (value := last(sent, parameter).strip())), "")
    return [dyndns2.full_name(given)] if given and not dyndns2.LEFTOVER.fullmatch(given) else []


def updated(version: Version, *, name: str, old: str, address: str, seconds: float) -> Answer:
    """old and address as they are written, both families with a comma between."""
    return _text(version.updated.format(name=name, old=old, address=address, seconds=seconds))


def unchanged(version: Version, *, name: str, address: str) -> Answer:
    return _text(version.unchanged.format(name=name, address=address))


def invalid_address(text: str) -> Answer:
    return error(f'"{quote(text[:MAX_ECHO_CHARACTERS], safe=":.,/")}" is an invalid IP address.')


def refusal(code: str) -> Answer:
    if code == "nohost":
        return error(_NOT_LOCATED)
    return error(_SEVERAL if code == "notfqdn" else f"{explained(code)} ({code})")


def challenge() -> Answer:
    """401, though FreeDNS says 200: OpenWrt takes that for a success, whatever the text says."""
    return error(_NOT_LOCATED)._replace(status=401, headers=dyndns2.challenge().headers)


def bad_agent() -> Answer:
    return refusal("badagent")


def outage() -> Answer:
    return refusal("911")._replace(status=503, headers=dyndns2.outage().headers)


def error(text: str) -> Answer:
    return _text(f"ERROR: {text}")


def _text(line: str) -> Answer:
    return dyndns2.text(f"{line}\n")


def _bare_field(sent: Parameters) -> str:
    """The first version's token: a name without a value, before everything else."""
    name, values = next(iter(sent.items()), ("", [""]))
    known = dyndns2.ADDRESS_PARAMETERS | set(_HOSTNAMES)
    return name.strip() if values == [""] and name not in known else ""
