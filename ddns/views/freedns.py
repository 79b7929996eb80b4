"""FreeDNS: updates by token, and the listing that hands tokens out."""

import time
from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.utils.translation import gettext as _

from ddns import address_updates, derived_keys, keys, record_tokens, scopes
from ddns.address_updates import Caller, Changed, Unchanged, Wish
from ddns.addresses import is_publishable
from ddns.errors import KeyNotAllowed, WrongKey
from ddns.keys import Proven
from ddns.models import Hostname
from ddns.protocols import dyndns2, freedns, freedns_listing
from ddns.protocols.answers import Answer
from ddns.protocols.credentials import Credentials
from ddns.protocols.freedns import Version
from ddns.protocols.freedns_listing import Line
from ddns.protocols.parameters import Parameters
from ddns.views import devices


def _update(version: Version) -> Callable[[Caller, Credentials, Parameters], Answer]:
    """What answers updates in the words of this version. Raises WrongKey before anything else is said."""

    def answer(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
        began = time.monotonic()
        caller, name = _meant(caller, presented, sent)
        if name is None:
            return _refuse(caller, None, "notfqdn")
        wanted = freedns.parse(sent)
        try:
            wish = wanted.wish(caller.source)
        except dyndns2.Malformed as error:
            return _refuse_address(caller, name, str(error))
        if not all(map(is_publishable, wish.addresses)):
            return _refuse_address(caller, name, str(wish.addresses))
        address, old = wanted.echo or str(wish.addresses), _addresses(name, wish)
        (outcome,) = address_updates.update(caller, [name], wish)
        match outcome:
            case Changed():
                seconds = time.monotonic() - began
                return freedns.updated(version, name=name, old=old, address=address, seconds=seconds)
            case Unchanged():
                return freedns.unchanged(version, name=name, address=address)
        return freedns.refusal(dyndns2.code(outcome))

    return answer


def _list(caller: Caller, presented: Credentials, sent: Parameters) -> Answer:
    """The key's hostnames, each with a token of its own. Raises WrongKey."""
    digest = derived_keys.of_freedns_sha(presented.key)
    if digest is None:
        raise WrongKey
    key = keys.recognise(Proven(digest), caller.source, caller.agent)
    if not key.may_update:
        raise KeyNotAllowed(_("it may not update addresses."))
    held = Hostname.objects.unreleased().in_scope_of(key).order_by("name")
    url = f"{settings.SITE_URL}{freedns.UPDATE_PATH}"
    return freedns_listing.render(
        [Line(each.name, each.ipv4, each.ipv6, f"{url}?{record_tokens.make(key, each)}") for each in held], sent
    )


def _meant(caller: Caller, presented: Credentials, sent: Parameters) -> tuple[Caller, str | None]:
    """Who asks for which hostname: the token's, the one that is named, or the only one of the key. Raises WrongKey."""
    if record_tokens.looks_like_one(presented.key):
        token = record_tokens.read(presented.key)
        return caller._replace(key=Proven(token.key_digest)), token.name
    named = freedns.names(sent)
    return caller, named[0] if named else address_updates.only_name(caller)


def _refuse(caller: Caller, name: str | None, code: str, detail: str = "") -> Answer:
    """To a caller with a working key only. Raises WrongKey."""
    address_updates.check_key(caller)
    scopes.note_refusal(caller, [name], code, detail)
    return freedns.refusal(code)


def _refuse_address(caller: Caller, name: str, address: str) -> Answer:
    _refuse(caller, name, "dnserr", address)
    return freedns.invalid_address(address)


def _addresses(name: str, wish: Wish) -> str:
    """Those that the hostname has of the families that are to be set."""
    row = Hostname.objects.unreleased().filter(name=name).first()
    return ",".join(getattr(row, f"ipv{address.version}", None) or "NULL" for address in wish.addresses)


update = devices.view_of(freedns, _update(freedns.FIRST))
listing = devices.view_of(freedns_listing, _list)
_by_path = devices.view_of(freedns, _update(freedns.SECOND))


def update_by_path(environ: WSGIEnvironment) -> Answer:
    return _by_path(freedns.as_query(environ))
