"""The update endpoint of dyndns2, and the services that speak it with words of their own."""

from collections.abc import Sequence

from ddns import address_updates, challenges, keys, prefixes, scopes
from ddns.address_updates import Caller, Wish
from ddns.addresses import Addresses, is_publishable
from ddns.errors import InvalidPrefix, InvalidRecord, NoSuchGroup
from ddns.protocols import changeip, dyndns1, dyndns2, groups, hurricane, nsupdate_info
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials
from ddns.protocols.parameters import Parameters, last
from ddns.views import devices


def _update(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
    if "txt" in sent and (value := hurricane.text_value(sent)) is not None:
        return _set_text(caller, last(sent, "hostname"), value)
    answer = _update_addresses(caller, presented, sent)
    return changeip.translated(answer) if "cmd" in sent and changeip.speaks(sent) else answer


def _update_addresses(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
    """The table of docs/protocols.md from top to bottom. Raises WrongKey before anything else is said."""
    wanted = dyndns2.parse(sent)
    if wanted.prefix is not None and wanted.is_for_followers_alone:
        return _move(caller, presented, sent, wanted)
    names, is_group = wanted.names, False
    if not names or None in names or names[0] == groups.ALL:
        names, is_group = _meant(caller, presented, sent, names)
    if len(names) > (scopes.MAX_HOSTNAMES if is_group else dyndns2.MAX_HOSTNAMES):
        return _refuse(caller, [], "numhost", 1)
    if not any(names):
        return _refuse(caller, [], "notfqdn", len(names) or 1)
    lines = 1 if is_group else len(names)
    try:
        wish = wanted.wish(caller.source)
    except dyndns2.Malformed as error:
        return _refuse(caller, names, "dnserr", lines, str(error))
    if not all(map(is_publishable, wish.addresses)):
        return _refuse(caller, names, "dnserr", lines, str(wish.addresses))
    if wanted.prefix is not None:
        group = groups.name(sent, presented.user) if is_group and wanted.names != [groups.ALL] else wanted.group
        return _update_with_prefix(caller, names, wish, wanted, group=group, is_group=is_group)
    outcomes = address_updates.update(caller, names, wish)
    render = groups.render if is_group else dyndns2.render
    return render(outcomes, wanted.echo or str(wish.addresses))


def _update_with_prefix(
    caller: Caller,
    names: list[str | None],
    wish: Wish,
    wanted: dyndns2.UpdateRequest,
    *,
    group: str | None,
    is_group: bool,
) -> Answer:
    lines = 1 if is_group else len(names)
    # The hostnames of a group are not named one by one: what follows among them moves.
    named = [] if is_group else names
    try:
        outcomes = prefixes.update(caller, names, wish, wanted.prefix, group=group, but=named)
    except InvalidPrefix as error:
        return _refuse(caller, names, "dnserr", lines, str(error))
    except NoSuchGroup as error:
        return _refuse(caller, names, "nohost", lines, str(error))
    return (groups.render if is_group else dyndns2.render)(outcomes, wanted.echo)


def _move(caller: Caller, presented: Credentials, sent: Parameters, wanted: dyndns2.UpdateRequest) -> Answer:
    """A prefix and nothing else: one line for all that follows it, of the user name's group if that has one."""
    group = wanted.group
    if group is None and (named := groups.name(sent, presented.user)) and scopes.names_of_group(caller, named):
        group = named
    try:
        moved = prefixes.move(caller, wanted.prefix, group=group)
    except InvalidPrefix as error:
        return _refuse(caller, [], "dnserr", 1, str(error))
    except NoSuchGroup as error:
        return _refuse(caller, [], "nohost", 1, str(error))
    if not moved:
        return _refuse(caller, [], "nohost", 1, "nothing follows the prefix")
    return groups.render([outcome for _, outcome in moved], wanted.echo)


def _delete(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
    """nsupdate.info's: ends with no address of the families of the addresses that were sent."""
    wanted = dyndns2.parse(sent)
    names = wanted.names or [_default_name(caller, presented)]
    if len(names) > dyndns2.MAX_HOSTNAMES:
        return _refuse(caller, [], "numhost", 1)
    if not any(names):
        return _refuse(caller, [], "notfqdn", len(names))
    if isinstance(wanted.addresses, dyndns2.Malformed):
        return _refuse(caller, names, "dnserr", len(names), str(wanted.addresses))
    families = nsupdate_info.families(wanted.addresses or (), caller.source)
    outcomes = address_updates.update(caller, names, Wish(Addresses(), removed=families))
    return nsupdate_info.render(outcomes, families)


def _dyndns1(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
    return dyndns1.page(_update_addresses(caller, presented, sent))


def _set_text(caller: Caller, name: str, value: str) -> Answer:
    """Hurricane Electric's. Raises WrongKey."""
    key = keys.recognise(caller.key, caller.source, caller.agent)
    try:
        is_clear = value in ("", hurricane.NOTHING)
        outcome = challenges.clear(caller, name) if is_clear else challenges.present(caller, name, value)
    except InvalidRecord as error:
        found = challenges.find(key, name)
        scopes.note_refusal(caller, [found[0].name if found else dyndns2.full_name(name)], "dnserr", str(error))
        return dyndns2.text("dnserr\n")
    return hurricane.render(outcome, value)


def _meant(
    caller: Caller, presented: Credentials, sent: Parameters, names: list[str | None]
) -> tuple[list[str | None], bool]:
    """The hostnames that a client means that does not write them all in full, and whether as a group. Raises WrongKey."""
    if len(names) > 1:
        return names, False
    if names == [groups.ALL]:
        return [*scopes.names(caller)], True
    group = groups.name(sent, presented.user)
    if group is not None and (members := scopes.names_of_group(caller, group)):
        return [*members], True
    return names or [_default_name(caller, presented)], False


def _refuse(caller: Caller, names: Sequence[str | None], code: str, lines: int, detail: str = "") -> Answer:
    """To a caller with a working key only. Raises WrongKey."""
    address_updates.check_key(caller)
    scopes.note_refusal(caller, names, code, detail)
    return dyndns2.text(f"{code}\n" * lines)


def _default_name(caller: Caller, presented: Credentials) -> str | None:
    """For clients that name no host: the user name if it is one, else the only one that the key covers."""
    return dyndns2.full_name(presented.user) or address_updates.only_name(caller)


update = devices.view_of(dyndns2, _update)
dyndns1_update = devices.view_of(dyndns1, _dyndns1)
delete = devices.view_of(nsupdate_info, _delete)
