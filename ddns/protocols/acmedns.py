"""acme-dns: its /register, /update and /health, and lego's storage of its accounts (docs/certificates.md)."""

import re
import uuid
from collections.abc import Mapping
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from django.conf import settings

from ddns.acme_storage import Access
from ddns.address_updates import Changed, Outcome, Restricted, Unchanged
from ddns.errors import HostnameNotNamed, InvalidNetwork, RegistrationClosed, TooManyRegistrations, WrongKey
from ddns.models import AcmeAccount
from ddns.protocols import json_bodies
from ddns.protocols.answers import Answer, Headers
from ddns.protocols.credentials import MAX_KEY_CHARACTERS, Credentials, find
from ddns.protocols.dyndns2 import REALM, RETRY_AFTER_SECONDS, full_name
from ddns.protocols.json_bodies import Fields, Malformed, text_of
from ddns.requests import EXPLANATIONS
from dnsupdate.errors import InvalidName

NAME = "acme-dns"


class BadText(Malformed):
    """A value is 43 letters, digits, hyphens and underscores: what a certification authority asks for."""


# base64url of a SHA-256 (RFC 8555 §8.4): nobody can keep anything else at names that are nobody's.
_TEXT = re.compile(r"[A-Za-z0-9_-]{43}")
_PATH = re.compile(r"/acme(?:/(?P<key>[^/]+)(?:/(?P<name>[^/]+))?)?/(?P<what>register|update|health)")
_STORAGE_PATH = re.compile(r"/acme(?:/(?P<key>[^/]+))?/(?P<what>storage)(?:/(?P<name>[^/]*))?")
_CHALLENGE: Headers = (("WWW-Authenticate", f'Basic realm="{REALM}"'),)
# acme-dns's own words for what was wrong, and statuses; clients take everything but 200 and 201 for a failure.
_REFUSALS: dict[type[Exception], tuple[str, int]] = {
    BadText: ("bad_txt", 400),
    Malformed: ("malformed_json_payload", 400),
    InvalidName: ("bad_subdomain", 400),
    InvalidNetwork: ("invalid_allowfrom_cidr", 400),
    HostnameNotNamed: ("bad_subdomain", 400),
    TooManyRegistrations: ("too_many_registrations", 429),
    RegistrationClosed: ("forbidden", 401),
    WrongKey: ("forbidden", 401),
}


class Target(NamedTuple):
    """What a path asks for. name is empty or the hostname or domain in it, as it was sent."""

    what: str
    key: str = ""
    name: str = ""


class Update(NamedTuple):
    subdomain: str
    text: str


class Posted(NamedTuple):
    """An account as lego stores it; username is None for one that is none of ours."""

    username: uuid.UUID | None
    password: str


def target(environ: WSGIEnvironment) -> Target | None:
    """None for a path that nothing is at."""
    path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
    found = _STORAGE_PATH.fullmatch(path) or _PATH.fullmatch(path)
    if found is None:
        return None
    key, name = found["key"] or "", found["name"] or ""
    return Target(found["what"], key.strip()[:MAX_KEY_CHARACTERS], name)


def credentials(environ: WSGIEnvironment) -> Credentials | None:
    """acme-dns's own headers, or the key in the path, or Basic and Bearer authentication. None where there are none."""
    if "HTTP_X_API_KEY" in environ:
        return Credentials(_header(environ, "HTTP_X_API_USER"), _header(environ, "HTTP_X_API_KEY"))
    to = target(environ)
    if to is not None and to.key:
        return Credentials("", to.key)
    return find(environ.get("HTTP_AUTHORIZATION", ""), {})


def hostname(environ: WSGIEnvironment, presented: Credentials) -> str | None:
    """The hostname that an account shall be for: the path's or the user name, if that is one."""
    to = target(environ)
    return (to and to.name) or full_name(presented.user)


def parse_registration(fields: Fields) -> list[str]:
    """Networks that the account may be used from. Raises Malformed."""
    networks = fields.get("allowfrom") or []
    if not isinstance(networks, list) or not all(isinstance(each, str) for each in networks):
        raise Malformed("“allowfrom” must be a list of networks such as 192.0.2.0/24.")
    return [each.replace("[", "").replace("]", "") for each in networks]


def parse_update(fields: Fields) -> Update:
    """Raises Malformed and BadText, which is one."""
    subdomain, text = text_of(fields, "subdomain"), fields.get("txt")
    if not isinstance(text, str) or not _TEXT.fullmatch(text):
        raise BadText
    return Update(subdomain.strip(), text)


def parse_account(fields: Fields) -> Posted:
    """Raises Malformed."""
    username, password = text_of(fields, "username"), text_of(fields, "password")
    try:
        return Posted(uuid.UUID(username), password)
    except ValueError:
        return Posted(None, password)


def registered(account: AcmeAccount, password: str) -> Answer:
    content = {
        "username": str(account.username),
        "password": password,
        "fulldomain": account.fulldomain,
        "subdomain": str(account.subdomain),
        "allowfrom": account.networks,
    }
    return json_bodies.answer(content, 201)


def updated(outcome: Outcome, text: str) -> Answer:
    """acme.sh looks for the value in quotes."""
    match outcome:
        case Changed() | Unchanged():
            return json_bodies.answer({"txt": text})
        case Restricted():
            return json_bodies.error("forbidden", EXPLANATIONS["abuse"], 401, _CHALLENGE)
    return json_bodies.error("forbidden", EXPLANATIONS["nohost"], 401, _CHALLENGE)


def found(access: Access | None, key: str) -> Answer:
    """404 makes lego register an account and post it."""
    if access is None:
        return json_bodies.error("not_found", "No account is kept for this name, and the key does not cover it.", 404)
    return json_bodies.answer(_account(access, key))


def all_found(by_name: Mapping[str, Access], key: str) -> Answer:
    return json_bodies.answer({name: _account(access, key) for name, access in by_name.items()})


def kept(needs_no_cname: bool) -> Answer:
    """201 makes lego go on; 200 makes it stop and tell its user which CNAME record to make."""
    return json_bodies.answer({}, 201 if needs_no_cname else 200)


def healthy() -> Answer:
    return Answer(b"")


def not_found() -> Answer:
    return json_bodies.error("not_found", "There is /acme/register, /acme/update, /acme/health and /acme/storage.", 404)


def refused(error: Exception) -> Answer:
    """To what a client, or whoever set it up, can mend."""
    code, status = next((_REFUSALS[each] for each in type(error).__mro__ if each in _REFUSALS), ("bad_request", 400))
    headers = _CHALLENGE if status == 401 else (("Retry-After", "3600"),) if status == 429 else ()
    return json_bodies.error(code, error, status, headers)


def outage() -> Answer:
    return json_bodies.error("outage", EXPLANATIONS["911"], 503, (("Retry-After", str(RETRY_AFTER_SECONDS)),))


def _account(access: Access, key: str) -> dict[str, str]:
    return {
        "fulldomain": access.fulldomain,
        "subdomain": access.subdomain,
        "username": access.username,
        "password": key,
        "server_url": f"{settings.SITE_URL}/acme",
    }


def _header(environ: WSGIEnvironment, name: str) -> str:
    return environ.get(name, "").strip()[:MAX_KEY_CHARACTERS]
