"""The update endpoint of dyndns2."""

from collections.abc import Sequence

from ddns import address_updates, prefixes, requests
from ddns.address_updates import Caller, Wish
from ddns.addresses import is_publishable
from ddns.errors import InvalidPrefix, NoSuchGroup
from ddns.protocols import dyndns2
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials
from ddns.protocols.parameters import Parameters
from ddns.views import devices


def _update(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
    """The table of docs/protocols.md from top to bottom. Raises WrongKey before anything else is said."""
    wanted = dyndns2.parse(sent)
    if wanted.prefix is not None and wanted.is_for_followers_alone:
        return _move(caller, wanted)
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
    if wanted.prefix is not None:
        return _update_with_prefix(caller, names, wish, wanted)
    outcomes = address_updates.update(caller, names, wish)
    return dyndns2.render(outcomes, wanted.echo or str(wish.addresses))


def _update_with_prefix(
    caller: Caller, names: Sequence[str | None], wish: Wish, wanted: dyndns2.UpdateRequest
) -> Answer:
    try:
        outcomes = prefixes.update(caller, names, wish, wanted.prefix, group=wanted.group)
    except InvalidPrefix as error:
        return _refuse(caller, names, "dnserr", "dnserr\n" * len(names), str(error))
    except NoSuchGroup as error:
        return _refuse(caller, names, "nohost", "nohost\n" * len(names), str(error))
    return dyndns2.render(outcomes, wanted.echo)


def _move(caller: Caller, wanted: dyndns2.UpdateRequest) -> Answer:
    """A prefix and nothing else: one line for all that follows it."""
    try:
        moved = prefixes.move(caller, wanted.prefix, group=wanted.group)
    except InvalidPrefix as error:
        return _refuse(caller, [], "dnserr", "dnserr\n", str(error))
    except NoSuchGroup as error:
        return _refuse(caller, [], "nohost", "nohost\n", str(error))
    if not moved:
        return _refuse(caller, [], "nohost", "nohost\n", "nothing follows the prefix")
    return dyndns2.render([prefixes.summary(moved)], wanted.echo)


def _refuse(caller: Caller, names: Sequence[str | None], code: str, body: str, detail: str = "") -> Answer:
    """To a caller with a working key only. Raises WrongKey."""
    key_id = address_updates.check_key(caller)
    if names:
        devices.note(caller, names, code, detail)
    else:
        requests.note_of_key(key_id, caller, code, detail)
    return dyndns2.text(body)


def _default_name(caller: Caller, presented: Credentials) -> str | None:
    """For clients that name no host: the user name if it is one, else the only one that the key covers."""
    return dyndns2.full_name(presented.user) or address_updates.only_name(caller)


update = devices.view_of(dyndns2, _update)
