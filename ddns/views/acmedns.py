"""The endpoints of acme-dns, at the root and under /acme/, and lego's storage of its accounts."""

from wsgiref.types import WSGIEnvironment

from ddns import acme_accounts, acme_storage
from ddns.address_updates import Caller
from ddns.errors import WrongKey
from ddns.protocols import acmedns, json_bodies
from ddns.protocols.answers import Answer
from ddns.views import acme


def under_prefix(environ: WSGIEnvironment) -> Answer:
    """Whatever is at /acme/."""
    to = acmedns.target(environ)
    return _BY_NAME[to.what](environ) if to else acmedns.not_found()


def _register(caller: Caller, environ: WSGIEnvironment) -> Answer:
    networks = acmedns.parse_registration(json_bodies.parse(environ))
    presented = acmedns.credentials(environ)
    if presented is None:
        return acmedns.registered(*acme_accounts.register_openly(caller, networks=networks))
    name = acmedns.hostname(environ, presented)
    with acme.noting(caller, name or ""):
        return acmedns.registered(*acme_accounts.register(caller, name=name, networks=networks))


def _update(caller: Caller, environ: WSGIEnvironment) -> Answer:
    wanted = acmedns.parse_update(json_bodies.parse(environ))
    presented = acmedns.credentials(environ)
    if presented is None:
        raise WrongKey
    with acme.noting(caller, wanted.subdomain):
        outcome = acme_accounts.present(caller, username=presented.user, subdomain=wanted.subdomain, text=wanted.text)
    return acmedns.updated(outcome, wanted.text)


def _health(caller: Caller, environ: WSGIEnvironment) -> Answer:
    return acmedns.healthy()


def _fetch(caller: Caller, environ: WSGIEnvironment) -> Answer:
    name = _stored_name(caller, environ)
    with acme.noting(caller, name):
        if name:
            return acmedns.found(acme_storage.find(caller, name), caller.key)
        return acmedns.all_found(acme_storage.find_all(caller), caller.key)


def _store(caller: Caller, environ: WSGIEnvironment) -> Answer:
    name, posted = _stored_name(caller, environ), acmedns.parse_account(json_bodies.parse(environ))
    with acme.noting(caller, name):
        return acmedns.kept(acme_storage.keep(caller, name, username=posted.username, password=posted.password))


def _stored_name(caller: Caller, environ: WSGIEnvironment) -> str:
    """Empty for all. Raises WrongKey where there is no key."""
    if not caller.key:
        raise WrongKey
    to = acmedns.target(environ)
    return to.name if to else ""


register = acme.view_of(acmedns, POST=_register)
update = acme.view_of(acmedns, POST=_update)
health = acme.view_of(acmedns, GET=_health, HEAD=_health)
storage = acme.view_of(acmedns, GET=_fetch, POST=_store)
_BY_NAME = {"register": register, "update": update, "health": health, "storage": storage}
