"""Certificates of a real authority by UPDATE messages: lego and certbot prove the name and all below it at once."""

import base64
import sys
from pathlib import Path

import dns.tsig
import pytest
from cryptography import x509

from tests.clients.update_client import run
from tests.ddns.nsupdate_client import parse_key_file
from tests.left_out import left_out, require


def secret_of(key: dns.tsig.Key) -> str:
    return base64.b64encode(key.secret).decode()


def names_in(certificate: Path) -> list[str]:
    loaded = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    extension = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return sorted(extension.value.get_values_for_type(x509.DNSName))


def test_lego_gets_a_certificate_for_the_name_and_its_wildcard(stack, alice, listener, pebble, tmp_path):
    key = parse_key_file(listener.key_file(alice.email, alice.name, permission="txt"))
    nameserver = f"{listener.host}:{listener.port}"
    environment = pebble.trusting | {
        "RFC2136_NAMESERVER": nameserver,
        "RFC2136_TSIG_KEY": str(key.name),
        "RFC2136_TSIG_ALGORITHM": str(key.algorithm),
        "RFC2136_TSIG_SECRET": secret_of(key),
        "RFC2136_SEQUENCE_INTERVAL": "1",
        "RFC2136_POLLING_INTERVAL": "2",
    }
    wanted = [option for name in (alice.name, f"*.{alice.name}") for option in ("--domains", name)]
    options = ["--server", pebble.directory_url, "--email", alice.email, "--accept-tos", "--path", tmp_path]
    options += ["--dns", "rfc2136", "--dns.resolvers", nameserver, "--dns.disable-cp"]

    ran = run(require("lego"), *options, *wanted, "run", environment=environment)

    assert ran.status == 0, ran.said
    assert names_in(tmp_path / "certificates" / f"{alice.name}.crt") == sorted([alice.name, f"*.{alice.name}"])
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "TXT")


CERTBOT = """
dns_rfc2136_server = {host}
dns_rfc2136_port = {port}
dns_rfc2136_name = {key.name}
dns_rfc2136_secret = {secret}
dns_rfc2136_algorithm = HMAC-SHA512
dns_rfc2136_sign_query = {signs_queries}
"""


@pytest.mark.parametrize("signs_queries", ["false", "true"])
def test_certbot_gets_a_certificate_for_the_name_and_its_wildcard(
    stack, alice, listener, pebble, tmp_path, signs_queries
):
    certbot = Path(sys.executable).with_name("certbot")
    if not certbot.exists():
        left_out("certbot", "not installed (tests/requirements.txt)")
    key = parse_key_file(listener.key_file(alice.email, algorithm="hmac-sha512"))
    credentials = tmp_path / "rfc2136.ini"
    credentials.touch(mode=0o600)
    credentials.write_text(
        CERTBOT.format(
            host=listener.host, port=listener.port, key=key, secret=secret_of(key), signs_queries=signs_queries
        )
    )
    options = ["certonly", "--non-interactive", "--agree-tos", "--email", alice.email, "--server", pebble.directory_url]
    options += [f"--{kind}-dir={tmp_path}/{kind}" for kind in ("config", "work", "logs")]
    options += ["--dns-rfc2136", "--dns-rfc2136-credentials", credentials, "--dns-rfc2136-propagation-seconds", "2"]

    ran = run(certbot, *options, "-d", f"{alice.name},*.{alice.name}", environment=pebble.trusting)

    assert ran.status == 0, ran.said
    live = tmp_path / "config" / "live" / alice.name / "cert.pem"
    assert names_in(live) == sorted([alice.name, f"*.{alice.name}"])
    stack.wait_for_answer(f"_acme-challenge.{alice.name}", "TXT")
