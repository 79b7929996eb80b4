"""The update endpoint of dyndns2."""

from collections.abc import Sequence

from ddns import address_updates, requests
from ddns.address_updates import Caller
from ddns.addresses import is_publishable
from ddns.protocols import dyndns2
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials
from ddns.protocols.parameters import Parameters
from ddns.views import devices


def _update(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
    """The table of docs/protocols.md from top to bottom. Raises WrongKey before anything else is said."""
    wanted = dyndns2.parse(sent)
    names = wanted.names or [_default_name(caller, presented)]
    if len(names) > dyndns2.MAX_HOSTNAMES:
        return _refuse(caller, [], "numhost", "numhost\n")
    if not any(names):
        return _refuse(caller, [], "notfqdn", "notfqdn\n" * len(names))
    try:
        wish = wanted.wish(caller.source)
    except dyndns2.Malformed as error:
        return _refuse(caller, names, "dnserr", "dnserr\n" * len(names), str(error))
    if not all(map(is_publishable, wish.addresses)):
        return _refuse(caller, names, "dnserr", "dnserr\n" * len(names), str(wish.addresses))
    outcomes = address_updates.update(caller, names, wish)
    return dyndns2.render(outcomes, wanted.echo or str(wish.addresses))


def _refuse(caller: Caller, names: Sequence[str | None], code: str, body: str, detail: str = "") -> Answer:
    """To a caller with a working key only. Raises WrongKey."""
    key_id = address_updates.check_key(caller)
    if names:
        devices.note(caller, names, code, detail)
    else:
        requests.note_of_key(key_id, caller, code)
    return dyndns2.text(body)


def _default_name(caller: Caller, presented: Credentials) -> str | None:
    """For clients that name no host: the user name if it is one, else the only one that the key covers."""
    return dyndns2.full_name(presented.user) or address_updates.only_name(caller)


update = devices.view_of(dyndns2, _update)
