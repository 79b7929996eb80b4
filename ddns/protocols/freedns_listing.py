"""FreeDNS's listing: /api/?action=getdyndns&sha=SHA1("user|password"), a line with an update URL for each hostname."""

from collections.abc import Iterable
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from ddns.protocols import dyndns2, freedns
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials
from ddns.protocols.freedns import bad_agent, outage
from ddns.protocols.parameters import Parameters, last

__all__ = ["NAME", "PATH", "QUERY", "bad_agent", "challenge", "credentials", "names", "outage", "render"]

NAME = "freedns"
PATH = "/api/"
# In the query of such a request; all others on this path are not for us.
QUERY = "action=getdyndns"

# Clients pass over a line with less than three fields, so nothing stands for an address that is not there. ddclient sets no IPv6
# address where there is no line that shows one.
_NO_IPV4, _NO_IPV6 = "NULL", "::"


class Line(NamedTuple):
    name: str
    ipv4: str | None
    ipv6: str | None
    url: str


def credentials(environ: WSGIEnvironment, sent: Parameters) -> Credentials | None:
    sha = last(sent, "sha").strip()
    return Credentials("", sha) if sha else None


def names(sent: Parameters) -> list[str | None]:
    return []


def render(lines: Iterable[Line], sent: Parameters) -> Answer:
    """IPv6 addresses have lines of their own, in the second version alone: clients of the first take any line for IPv4."""
    written = []
    for name, ipv4, ipv6, url in lines:
        written.append(f"{name}|{ipv4 or _NO_IPV4}|{url}\n")
        if last(sent, "v") == "2":
            written.append(f"{name}|{ipv6 or _NO_IPV6}|{url}\n")
    return dyndns2.text("".join(written))


def challenge() -> Answer:
    return freedns.error("Could not authenticate.")._replace(status=401, headers=dyndns2.challenge().headers)
