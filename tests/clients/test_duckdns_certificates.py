"""Certificates by DuckDNS's interface, which every ACME tool has: real ones, for a name and its wildcard."""

import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from tests.clients.patient_resolver import patient_resolver
from tests.clients.update_client import Ran
from tests.left_out import require

ZONE = "duckdns.org"
# Not its command, which asks the DNS root for the zone before anything else.
LEXICON = """
import sys
from lexicon.client import Client
from lexicon.config import ConfigResolver
domain, token, *record = sys.argv[1:]
config = {"provider_name": "duckdns", "domain": domain, "duckdns": {"auth_token": token}}
with Client(ConfigResolver().with_dict(config)) as operations:
    sys.exit(not operations.create_record(*record))
"""
# Nothing listens there: its look for a newer list of public suffixes shall not leave the machine.
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Customer:
    """Alice, with a hostname below duckdns.org: of other names lego's and lexicon's providers send but one label."""

    name: str
    key: str

    @property
    def challenge(self) -> str:
        return f"_acme-challenge.{self.name}"


@pytest.fixture(scope="module")
def _zone(session_stack) -> None:
    session_stack.bind.add_zone(ZONE)
    session_stack.add_domain(ZONE)


@pytest.fixture
def alice(_zone, stack) -> Customer:
    label = f"home-{secrets.token_hex(4)}"
    return Customer(f"{label}.{ZONE}", stack.customer(f"{label}@example.com", label, zone=ZONE))


@pytest.fixture
def lego(stack, services, pebble, alice, tmp_path: Path) -> Callable[..., Ran]:
    """Runs lego, which asks DuckDNS under its own name, until its challenge is in DNS."""
    program, trusted = require("lego"), tmp_path / "authorities.pem"
    trusted.write_text(services.certificate.authority.read_text() + pebble.authority.read_text())

    def get(domain: str, *, key: str = "", texts: int = 1) -> Ran:
        with patient_resolver(stack.bind, texts=texts) as resolver:
            return services.run(
                program, "--path", tmp_path, "--server", pebble.directory_url, "--accept-tos", "--email", "alice@example.com",
                "--dns", "duckdns", "--dns.resolvers", resolver, "--dns.disable-cp", "--dns-timeout", 60, "-d", domain, "run",
                SSL_CERT_FILE=trusted, LEGO_CA_CERTIFICATES=trusted, DUCKDNS_TOKEN=key or alice.key,
                DUCKDNS_POLLING_INTERVAL=1,
            )  # fmt: skip

    return get


def names_in(certificate: Path) -> list[str]:
    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(names.get_values_for_type(x509.DNSName))


def test_lego_gets_certificates_for_a_hostname_and_for_its_wildcard(stack, alice, lego, tmp_path):
    """One after the other, as its provider does anyway: it waits for no other value than its own to be gone."""
    for domain, file in ((alice.name, alice.name), (f"*.{alice.name}", f"_.{alice.name}")):
        ran = lego(domain)

        assert ran.status == 0, ran.said
        assert names_in(tmp_path / "certificates" / f"{file}.crt") == [domain]
        stack.wait_for_answer(alice.challenge, "TXT")


def test_lego_gets_none_with_a_wrong_key(alice, lego):
    ran = lego(alice.name, key="wrong", texts=0)

    assert ran.status != 0
    assert "KO" in ran.said


def test_lexicon_sets_values_side_by_side_and_an_address(stack, services, alice):
    def create(*record: str) -> Ran:
        return services.run(
            sys.executable, "-c", LEXICON, alice.name, alice.key, *record,
            REQUESTS_CA_BUNDLE=services.certificate.authority, HTTPS_PROXY=NOWHERE, NO_PROXY="www.duckdns.org",
        )  # fmt: skip

    created = [create("TXT", alice.challenge, "one"), create("TXT", alice.challenge, "two")]
    created.append(create("A", alice.name, "203.0.113.5"))

    assert [ran.status for ran in created] == [0, 0, 0], created
    stack.wait_for_answer(alice.challenge, "TXT", '"one"', '"two"')
    stack.wait_for_answer(alice.name, "A", "203.0.113.5")
