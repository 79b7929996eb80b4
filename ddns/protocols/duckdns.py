"""DuckDNS: /update?domains=&token= and /update/{domain}/{token}[/{ip}], answered by exactly OK or KO."""

import re
from typing import NamedTuple
from urllib.parse import urlencode
from wsgiref.types import WSGIEnvironment

from ddns.protocols import dyndns2
from ddns.protocols.answers import Answer, explained
from ddns.protocols.credentials import Credentials
from ddns.protocols.parameters import Parameters, last
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise_host_label

NAME = "duckdns"
SUFFIX = ".duckdns.org"
# The form without parameters; a second URL glued to /update (FRITZ!Box) is none.
PATH = re.compile(r"/update/(?P<domain>[^/:]+)/(?P<token>[^/]+)(?:/(?P<ip>[^/]*))?/?")

_NOT_STORED = (("Cache-Control", "no-store"),)


class UpdateRequest(NamedTuple):
    """domains are labels or full names, as sent. text is the challenge that is meant, "" to clear it, None for addresses."""

    domains: list[str]
    text: str | None
    is_clear: bool


def parse(sent: Parameters) -> UpdateRequest:
    domains = [_without_suffix(each) for each in last(sent, "domains").split(",") if each.strip()]
    is_clear = last(sent, "clear").strip().lower() == "true"
    text = last(sent, "txt") if "txt" in sent else None
    return UpdateRequest(domains, "" if text is not None and is_clear else text, is_clear)


def as_query(environ: WSGIEnvironment) -> WSGIEnvironment:
    """The form without parameters as the one with them; those that came along still count."""
    found = PATH.fullmatch(environ["PATH_INFO"])
    if found is None:
        return environ
    fields = urlencode({"domains": found["domain"], "token": found["token"], "ip": found["ip"] or ""})
    return {**environ, "QUERY_STRING": f"{fields}&{environ.get('QUERY_STRING', '')}"}


def credentials(environ: WSGIEnvironment, sent: Parameters) -> Credentials | None:
    """Blanks that came along with a token are the commonest reason for KO at DuckDNS."""
    token = last(sent, "token").strip()
    return Credentials("", token) if token else None


def label(domain: str) -> str | None:
    """The normalised label, or None if it is none."""
    try:
        return normalise_host_label(domain)
    except InvalidName:
        return None


def names(sent: Parameters) -> list[str | None]:
    return [dyndns2.full_name(domain) for domain in parse(sent).domains[: dyndns2.MAX_HOSTNAMES + 1]]


def done(*values: str, is_changed: bool) -> Answer:
    """OK, and for verbose=true the addresses of both families or the text, a line each, and whether they are new."""
    return _answer("\n".join(["OK", *values, "UPDATED" if is_changed else "NOCHANGE"]))


def refusal(code: str) -> Answer:
    """KO, and for verbose=true what is wrong: as a word and in plain words."""
    return _answer(f"KO\n{code}\n{explained(code)}")


def terse(answer: Answer) -> Answer:
    """Without what only verbose=true asks for: clients compare the whole body with OK."""
    return answer._replace(body=answer.body.partition(b"\n")[0])


def challenge() -> Answer:
    """Never 401: that there is only OK and KO is what clients rely on."""
    return refusal("badauth")


def bad_agent() -> Answer:
    return refusal("badagent")


def outage() -> Answer:
    again = ("Retry-After", str(dyndns2.RETRY_AFTER_SECONDS))
    return refusal("911")._replace(status=503, headers=(*_NOT_STORED, again))


def _without_suffix(domain: str) -> str:
    return domain.strip().lower().removesuffix(".").removesuffix(SUFFIX)


def _answer(body: str) -> Answer:
    return Answer(body.encode(), headers=_NOT_STORED)
