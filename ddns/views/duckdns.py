"""DuckDNS: addresses and challenges of labels."""

from wsgiref.types import WSGIEnvironment

from ddns import address_updates, challenges, scopes
from ddns.address_updates import Caller, Changed, Outcome, Unchanged, Wish
from ddns.addresses import Addresses, is_publishable
from ddns.errors import InvalidRecord
from ddns.protocols import duckdns, dyndns2
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials
from ddns.protocols.duckdns import UpdateRequest
from ddns.protocols.parameters import Parameters
from ddns.views import devices

# A hostname, or the code of what stands in its place.
Name = tuple[str, None] | tuple[None, str]


def _update(caller: Caller, _: Credentials, sent: Parameters) -> Answer:
    """OK if it is so for every domain; each is done by itself. Raises WrongKey before anything else is said."""
    wanted = duckdns.parse(sent)
    names = [_name(caller, domain) for domain in wanted.domains[: dyndns2.MAX_HOSTNAMES + 1]]
    held = [name for name, _ in names if name is not None]
    if not held or len(names) > dyndns2.MAX_HOSTNAMES:
        # Nobody may have looked at the key yet.
        scopes.names(caller)
    if not names or len(names) > dyndns2.MAX_HOSTNAMES:
        return duckdns.refusal("numhost" if names else "notfqdn")
    try:
        values, outcomes = _done(caller, held, wanted, sent)
    except (dyndns2.Malformed, InvalidRecord) as error:
        scopes.note_refusal(caller, held, "dnserr", str(error))
        return duckdns.refusal("dnserr")
    codes = [code for _, code in names if code is not None]
    codes += [dyndns2.code(each) for each in outcomes if not isinstance(each, Changed | Unchanged)]
    if codes:
        return duckdns.refusal(codes[0])
    return duckdns.done(*values, is_changed=any(isinstance(each, Changed) for each in outcomes))


def _done(
    caller: Caller, names: list[str], wanted: UpdateRequest, sent: Parameters
) -> tuple[list[str], list[Outcome | None]]:
    """What was set, and what became of each name. Raises Malformed and InvalidRecord."""
    if wanted.text is not None:
        return [wanted.text], [_set_text(caller, name, wanted.text) for name in names]
    wish = Wish(Addresses(), removed=frozenset({4, 6})) if wanted.is_clear else _wish(caller, sent)
    ipv4, ipv6 = wish.addresses.ipv4, wish.addresses.ipv6
    return [str(ipv4 or ""), str(ipv6 or "")], address_updates.update(caller, names, wish)


def _wish(caller: Caller, sent: Parameters) -> Wish:
    """Raises Malformed."""
    wish = dyndns2.parse({name: sent[name] for name in ("ip", "ipv6") if name in sent}).wish(caller.source)
    if not all(map(is_publishable, wish.addresses)):
        raise dyndns2.Malformed(str(wish.addresses))
    return wish


def _set_text(caller: Caller, name: str, text: str) -> Outcome:
    return challenges.present(caller, name, text) if text else challenges.clear(caller, name)


def _name(caller: Caller, domain: str) -> Name:
    """A full name as it is; of a label, the hostname that the key covers. Raises WrongKey."""
    if "." in domain:
        name = dyndns2.full_name(domain)
        return (name, None) if name else (None, "notfqdn")
    label = duckdns.label(domain)
    if label is None:
        return None, "notfqdn"
    found = scopes.names_labelled(caller, label)
    return (found[0], None) if len(found) == 1 else (None, scopes.unclear(found))


_verbose = devices.view_of(duckdns, _update)


def update(environ: WSGIEnvironment) -> Answer:
    """Every answer says all there is to say; what nobody has asked for is cut."""
    answer = _verbose(environ)
    return answer if "verbose=true" in environ.get("QUERY_STRING", "").lower() else duckdns.terse(answer)


def update_by_path(environ: WSGIEnvironment) -> Answer:
    return update(duckdns.as_query(environ))
