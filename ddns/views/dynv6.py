"""The update endpoint of dynv6."""

from functools import partial
from wsgiref.types import WSGIEnvironment

from ddns import address_updates, prefixes, scopes
from ddns.address_updates import Caller
from ddns.addresses import is_publishable
from ddns.errors import InvalidPrefix
from ddns.protocols import dynv6
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials
from ddns.protocols.parameters import Parameters
from ddns.views import devices


def update(environ: WSGIEnvironment) -> Answer:
    """Hosts called ipv4.* and ipv6.* are reached by one family alone."""
    return _BY_HOST_LABEL.get(environ.get("HTTP_HOST", "").partition(".")[0], _of_any_family)(environ)


def _update(caller: Caller, presented: Credentials, sent: Parameters, *, family: int | None) -> Answer:
    try:
        wanted = dynv6.parse(sent, caller.source, family)
    except dynv6.Malformed as error:
        return _refuse(caller, sent, "dnserr", str(error))
    name = wanted.name if wanted.is_named else address_updates.only_name(caller)
    if name is None:
        return _refuse(caller, sent, "notfqdn", "zone is missing")
    if not all(map(is_publishable, wanted.wish.addresses)):
        return _refuse(caller, sent, "dnserr", "the address is not routed in the Internet")
    try:
        (outcome,) = (
            address_updates.update(caller, [name], wanted.wish)
            if wanted.prefix is None
            else prefixes.update(caller, [name], wanted.wish, wanted.prefix)
        )
    except InvalidPrefix as error:
        return _refuse(caller, sent, "dnserr", "invalid ipv6 prefix", str(error))
    return dynv6.render(outcome or address_updates.Unknown())


def _refuse(caller: Caller, sent: Parameters, code: str, body: str, detail: str = "") -> Answer:
    """To a caller with a working key only. Raises WrongKey."""
    address_updates.check_key(caller)
    scopes.note_refusal(caller, dynv6.names(sent), code, detail or body)
    return dynv6.refusal(body)


_of_any_family = devices.view_of(dynv6, partial(_update, family=None))
_BY_HOST_LABEL = {
    "ipv4": devices.view_of(dynv6, partial(_update, family=4)),
    "ipv6": devices.view_of(dynv6, partial(_update, family=6)),
}
