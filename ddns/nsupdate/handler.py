"""One message in, one answer out: whom it is believed, and what is said then. No sockets, no threads."""

import base64
import logging
from typing import NamedTuple

import dns.opcode
import dns.rcode
from django.db import Error as DatabaseError

from ddns import contacts, keys, requests, tsig_keys
from ddns.address_updates import Caller
from ddns.addresses import Address
from ddns.errors import Conflict, KeyNotAllowed
from ddns.keys import Proven
from ddns.models import TsigKey, UpdateKey
from ddns.nsupdate import answers, holdings, updates
from ddns.nsupdate.apexes import Apexes
from dnsupdate.serving import checks, names, tsig
from dnsupdate.serving.errors import MalformedMessageError, RejectedError
from dnsupdate.serving.keys import ALGORITHMS, Key
from dnsupdate.serving.requests import Request
from dnsupdate.serving.responses import AnySigner, Response, refusal, size_limit

logger = logging.getLogger(__name__)

PROTOCOL = "rfc2136"
# What a person is told about a signature that was not believed: mostly a wrong secret or a wrong clock.
_UNBELIEVED = {dns.rcode.BADKEY: "badauth", dns.rcode.BADSIG: "badauth", dns.rcode.BADTIME: "badtime"}


class Arrival(NamedTuple):
    """A message that can be read, and how it came."""

    request: Request
    source: Address
    is_tcp: bool

    def caller(self, name: str, key: str | Proven = "") -> Caller:
        """Under the name of the TSIG key: UPDATE messages say nothing of the program that sent them."""
        return Caller(key, self.source, f"TSIG key {name}", PROTOCOL)


class Answer(NamedTuple):
    """To a proven client, who has signed with a key of ours: its address is its own."""

    wire: bytes
    is_proven: bool


class NoKeys:
    """For messages whose key's name is none of ours, and for those without one: no question to the database."""

    found: TsigKey | None = None

    def get(self, name: bytes) -> Key | None:
        return None


class StoredKeys:
    """Keeps the key that was found: who it is that signed."""

    def __init__(self) -> None:
        self.found: TsigKey | None = None

    def get(self, name: bytes) -> Key | None:
        self.found = tsig_keys.find(names.to_text(name))
        return _for_messages(self.found) if self.found else None


def answer(arrival: Arrival, apexes: Apexes, stored: NoKeys | StoredKeys) -> Answer:
    """Whatever comes; SERVFAIL for a failure of ours."""
    request = arrival.request
    signer: AnySigner = None
    try:
        signer = tsig.verify(request, stored)
        wire = _answer(arrival, apexes, stored.found, signer)
    except RejectedError as rejection:
        wire = refusal(request, signer, rejection.rcode)
    except MalformedMessageError:
        wire = refusal(request, signer, dns.rcode.FORMERR)
    except (DatabaseError, Conflict) as error:
        logger.error("A message was answered with SERVFAIL: %s", error)
        wire = refusal(request, signer, dns.rcode.SERVFAIL)
    except Exception:
        logger.exception("A message was answered with SERVFAIL.")
        wire = refusal(request, signer, dns.rcode.SERVFAIL)
    return Answer(wire, isinstance(signer, tsig.Signer))


def _answer(arrival: Arrival, apexes: Apexes, key: TsigKey | None, signer: AnySigner) -> bytes:
    request = arrival.request
    if signer and signer.error:
        _note_unbelieved(arrival, signer)
    checks.check(request, signer)
    response = Response(request, signer, size_limit(request, is_tcp=arrival.is_tcp))
    if request.opcode == dns.opcode.QUERY:
        answers.answer(request, response, apexes, _allowed_key(key, arrival))
    elif key is None:
        raise RejectedError(dns.rcode.REFUSED)
    else:
        updates.apply(request, key.key, arrival.caller(key.name, Proven(bytes(key.key.digest))))
    return response.finish()


def _allowed_key(key: TsigKey | None, arrival: Arrival) -> UpdateKey | None:
    """Whose names may be asked for. Raises RejectedError where the key may not be used from there."""
    if key is None:
        return None
    try:
        keys.check_network(key.key.networks, arrival.source)
    except KeyNotAllowed as error:
        raise RejectedError(dns.rcode.REFUSED) from error
    contacts.remember(key.key_id, arrival.source, arrival.caller(key.name).agent)
    return key.key


def _note_unbelieved(arrival: Arrival, signer: tsig.Signer | tsig.UnsignedError) -> None:
    """So that whoever holds the hostname sees what is wrong with the client."""
    request, error = arrival.request, dns.rcode.Rcode(signer.error)
    if request.opcode != dns.opcode.UPDATE or len(request.questions) != 1:
        return
    name = names.to_text(signer.request.key_name)
    for hostname in updates.spoken_of(request)[: holdings.MAX_HOSTNAMES]:
        requests.note(hostname, arrival.caller(name), _UNBELIEVED[error], dns.rcode.to_text(error))


def _for_messages(key: TsigKey) -> Key:
    algorithm, digest = ALGORITHMS[key.algorithm]
    return Key(names.from_text(key.name), names.from_text(algorithm), digest, base64.b64decode(key.secret))
