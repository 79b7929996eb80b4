"""Registries: expiry and status of a domain by RDAP (RFC 9082, RFC 9083), from the server that the list of RFC 9224 names."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from django.conf import settings
from django.utils.dateparse import parse_datetime

from dnsupdate.errors import RegistryError

# For a whole answer, however slowly it drips.
TIMEOUT_SECONDS = 10.0
# The list of all registries has about 50 KiB, one domain's data seldom more than 10.
MAX_OCTETS = 1024 * 1024
MAX_STATUS_COUNT, MAX_STATUS_CHARACTERS = 32, 64
LIST_LIFETIME = timedelta(days=1)
# A day before and after every one of them is a time too, in whatever time zone it is read back.
YEARS = range(1970, 9999)

# RFC 8056: what comes and goes by the calendar, and says nothing about who holds the domain.
_CALENDAR = {"active", "add period", "auto renew period", "renew period"}
# What takes a domain out of DNS or away from us: never taken over by itself.
ALARMING = {
    "client hold",
    "inactive",
    "locked",
    "pending delete",
    "pending transfer",
    "redemption period",
    "server hold",
    "transfer period",
}

# By its URL: when it was fetched, and the servers by domain.
_lists: dict[str, tuple[float, dict[str, str]]] = {}


@dataclass(frozen=True, slots=True)
class Registration:
    """What the registry says of a domain: status as RFC 8056 writes it, in lower case and sorted."""

    domain: str
    status: tuple[str, ...]
    expires_at: datetime | None


class NotRegistered(RegistryError):
    """The registry knows no such domain."""


def find(apex: str) -> Registration:
    """The registration of the zone's apex, or of the next name above it that has one. Raises RegistryError."""
    labels = apex.split(".")
    for start in range(max(1, len(labels) - 1)):
        try:
            return ask(".".join(labels[start:]))
        except NotRegistered:
            continue
    raise NotRegistered(f"Neither {apex} nor a name above it.")


def ask(domain: str) -> Registration:
    """The domain's own registration. Raises RegistryError, NotRegistered."""
    return _read(domain, _fetch(urljoin(_server_of(domain), "domain/" + quote(domain))))


def difference(was: Sequence[str] | None, now: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Status that appeared and that is gone, but for what the calendar brings; nothing while either is not known."""
    if was is None or now is None:
        return [], []
    return sorted({*now} - {*was} - _CALENDAR), sorted({*was} - {*now} - _CALENDAR)


def _read(domain: str, found: Any) -> Registration:
    if not isinstance(found, dict) or found.get("objectClassName") != "domain":
        raise RegistryError("its answer is no domain (RFC 9083 §5.3).")
    if str(found.get("ldhName", domain)).lower().rstrip(".") != domain:
        raise RegistryError("its answer is about another domain.")
    status = found.get("status", [])
    if not isinstance(status, list) or not all(isinstance(each, str) and each.isprintable() for each in status):
        raise RegistryError("its status is no list of texts.")
    # Some write EPP's own serverHold where RFC 8056 has “server hold”.
    words = {_spaced(each)[:MAX_STATUS_CHARACTERS] for each in status[:MAX_STATUS_COUNT]}
    return Registration(domain, tuple(sorted(words)), _expiration(found))


def _expiration(found: dict[str, Any]) -> datetime | None:
    events = found.get("events", [])
    for event in events if isinstance(events, list) else []:
        if isinstance(event, dict) and event.get("eventAction") == "expiration":
            return _time(str(event.get("eventDate")))
    return None


def _time(text: str) -> datetime:
    try:
        at = parse_datetime(text)
    except ValueError as error:
        raise RegistryError(f"its expiry is no time: {text[:40]!r}.") from error
    if at is None:
        raise RegistryError(f"its expiry is no time: {text[:40]!r}.")
    try:
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError as error:
        raise RegistryError(f"its expiry is out of range: {text[:40]!r}.") from error
    if at.year not in YEARS:
        raise RegistryError(f"its expiry is out of range: {text[:40]!r}.")
    return at


def _spaced(status: str) -> str:
    return "".join(f" {letter}" if letter.isupper() else letter for letter in status).strip().lower().replace("  ", " ")


def _server_of(domain: str) -> str:
    if settings.RDAP_SERVER:
        return settings.RDAP_SERVER.rstrip("/") + "/"
    servers = _list(settings.RDAP_BOOTSTRAP)
    labels = domain.split(".")
    for start in range(len(labels)):
        if server := servers.get(".".join(labels[start:])):
            return server.rstrip("/") + "/"
    raise RegistryError(f"the list of registries has none for {domain}.")


def _list(url: str) -> dict[str, str]:
    fetched_at, servers = _lists.get(url, (0.0, {}))
    if not servers or time.monotonic() - fetched_at > LIST_LIFETIME.total_seconds():
        servers = dict(_entries(_fetch(url)))
        _lists[url] = (time.monotonic(), servers)
    return servers


def _entries(found: Any) -> Iterator[tuple[str, str]]:
    """RFC 9224 §3: services, each a list of entries and a list of base URLs."""
    try:
        for domains, urls in found["services"]:
            usable = [str(url) for url in urls if str(url).startswith("https:")] or [str(url) for url in urls]
            yield from ((str(domain).lower(), usable[0]) for domain in domains if usable)
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError("the list of registries is not in the form of RFC 9224.") from error


def _fetch(url: str) -> Any:
    _check_url(url)
    request = urllib.request.Request(url, headers={"Accept": "application/rdap+json, application/json"})  # noqa: S310 - checked
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.loads(_octets(answer))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.NOT_FOUND:
            raise NotRegistered from error
        raise RegistryError(f"{url} answers with status {error.code}.") from error
    except (OSError, http.client.HTTPException, RecursionError, ValueError) as error:
        raise RegistryError(f"{url}: {error or type(error).__name__}."[:500]) from error


def _octets(answer: http.client.HTTPResponse) -> bytes:
    deadline, octets = time.monotonic() + TIMEOUT_SECONDS, bytearray()
    while chunk := answer.read1(65536):
        octets += chunk
        if len(octets) > MAX_OCTETS:
            raise ValueError("the answer is too big")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer takes too long")
    return bytes(octets)


def _check_url(url: str) -> None:
    """HTTPS, or a server on this machine: who can change the answer on its way can hide a seizure."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise RegistryError(f"{url[:200]!r} is not an https URL.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        try:
            _check_url(newurl)
        except RegistryError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_opener = urllib.request.build_opener(_Redirects)
