"""Real dns-lexicon with its provider for UPDATE messages: a challenge is there, and gone again."""

import base64
import sys
from importlib.util import find_spec

import pytest

from tests.clients.update_client import Ran, run
from tests.ddns.nsupdate_client import parse_key_file
from tests.left_out import left_out
from tests.stack import ZONE

# It sends to port 53 and can be told no other; the zone of a name it finds by the system's resolver.
LEXICON = """
import functools, sys
import dns.query, dns.resolver
host, port = sys.argv.pop(1), int(sys.argv.pop(1))
dns.query.tcp = functools.partial(dns.query.tcp, port=port)
dns.resolver.default_resolver = dns.resolver.Resolver(configure=False)
dns.resolver.default_resolver.nameservers, dns.resolver.default_resolver.port = [host], port
from lexicon._private.cli import main
main()
"""


@pytest.fixture
def lexicon(listener, alice):
    # Not imported: everything that looks through this process's modules would meet its deprecated ones.
    if find_spec("lexicon") is None:
        left_out("lexicon", "not installed (tests/requirements.txt)")
    key = parse_key_file(listener.key_file(alice.email, permission="txt"))
    token = f"hmac-sha256:{key.name}:{base64.b64encode(key.secret).decode()}"

    def call(action: str, name: str, content: str) -> Ran:
        options = ["ddns", "--ddns-server", listener.host, "--auth-token", token]
        options += [action, ZONE, "TXT", "--name", name, "--content", content]
        return run(sys.executable, "-c", LEXICON, listener.host, listener.port, *options)

    return call


def test_a_challenge_is_created_and_deleted(stack, alice, lexicon):
    name = f"_acme-challenge.{alice.name}"

    created = lexicon("create", name, "of-alice")

    assert created.status == 0, created.said
    stack.wait_for_answer(name, "TXT", '"of-alice"')
    deleted = lexicon("delete", name, "of-alice")
    assert deleted.status == 0, deleted.said
    stack.wait_for_answer(name, "TXT")
