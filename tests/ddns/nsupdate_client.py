"""A client of nsupdate for tests: UPDATE messages signed with Alice's TSIG key, answered without sockets."""

import re
from dataclasses import dataclass, field

import dns.message
import dns.name
import dns.rcode
import dns.tsig
import dns.update

from ddns import tsig_keys
from ddns.addresses import parse
from ddns.models import UpdateKey
from ddns.nsupdate import handler
from ddns.nsupdate.apexes import Apexes
from ddns.nsupdate.handler import Arrival, NoKeys, StoredKeys
from dnsupdate.serving import names, requests
from tests.ddns.devices import SOURCE

ZONE = "ddns.test"
_KEY_FILE = re.compile(r'key "(?P<name>\S+)" \{\n\talgorithm (?P<algorithm>\S+);\n\tsecret "(?P<secret>\S+)";\n\};\n')
_ALGORITHMS = {"hmac-md5": dns.tsig.HMAC_MD5}


@dataclass
class Client:
    """Signs with its key; without one it does not sign."""

    key: dns.tsig.Key | None = None
    source: str = SOURCE
    apexes: Apexes = field(default_factory=Apexes)

    def update(self, zone: str = ZONE) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(zone, keyring=self.key)

    def query(self, name: str, rdtype: str, **options) -> dns.message.Message:
        query = dns.message.make_query(name, rdtype, **options)
        if self.key:
            query.use_tsig(self.key)
        return query

    def send(self, message: dns.message.Message, *, is_tcp: bool = True) -> dns.rcode.Rcode:
        """The response code, of an answer whose signature is good if the message was signed."""
        return self.ask(message, is_tcp=is_tcp).rcode()

    def ask(self, message: dns.message.Message, *, is_tcp: bool = True) -> dns.message.Message:
        wire = self.exchange(message.to_wire(), is_tcp=is_tcp)
        return dns.message.from_wire(wire, keyring=message.keyring, request_mac=message.mac or b"")

    def exchange(self, wire: bytes, *, is_tcp: bool = True) -> bytes:
        request = requests.read(wire)
        is_ours = request.tsig is not None and tsig_keys.is_name(names.to_text(request.tsig.owner))
        arrival = Arrival(request, parse(self.source), is_tcp)
        return handler.answer(arrival, self.apexes, StoredKeys() if is_ours else NoKeys()).wire


def client(key: UpdateKey, **options) -> Client:
    """With a new TSIG key of this update key."""
    _, text = tsig_keys.create(key, **options)
    return Client(parse_key_file(text))


def parse_key_file(text: str) -> dns.tsig.Key:
    found = _KEY_FILE.fullmatch(text)
    assert found, text
    algorithm = _ALGORITHMS.get(found["algorithm"], found["algorithm"])
    return dns.tsig.Key(found["name"], found["secret"], algorithm)
