"""The update endpoint of deSEC."""

from collections.abc import Sequence

from ddns import address_updates, joint_updates, scopes
from ddns.address_updates import Caller
from ddns.protocols import desec, dyndns2
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials
from ddns.protocols.parameters import Parameters
from ddns.views import devices


def _update(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
    """The table of docs/protocols.md from top to bottom. Raises WrongKey before anything else is said."""
    hostnames = desec.hostnames(sent, presented.user) or list(filter(None, [address_updates.only_name(caller)]))
    try:
        wanted = desec.parse(sent, hostnames, caller.source)
        if len(wanted) > dyndns2.MAX_HOSTNAMES:
            return _refuse(caller, [], "numhost", "numhost")
        named = {name: each.wish for name, each in wanted.items() if name is not None}
        if not named:
            return _refuse(caller, [], "notfqdn", "notfqdn")
        if len(named) < len(wanted):
            return _refuse(caller, list(named), "nohost", "nohost")
        return desec.render(joint_updates.update(caller, named).values())
    except desec.Malformed as error:
        return _refuse(caller, desec.names(sent, presented.user), "dnserr", f"dnserr {error.code}", str(error))


def _refuse(caller: Caller, names: Sequence[str | None], code: str, body: str, detail: str = "") -> Answer:
    """To a caller with a working key only. Raises WrongKey."""
    address_updates.check_key(caller)
    scopes.note_refusal(caller, names, code, detail)
    return dyndns2.text(body)


update = devices.view_of(desec, _update)
