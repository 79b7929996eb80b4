"""TSIG keys and the file they come from."""

import base64
import binascii
import logging
import stat
from pathlib import Path

import dns.exception

from dnsupdate.serving import names
from dnsupdate.serving.keys import ALGORITHMS, Key

from .errors import ConfigurationError
from .watch import WatchedFile, lines

log = logging.getLogger(__name__)


class _KeyFile(WatchedFile):
    def check_mode(self, mode: int) -> None:
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationError(f"{self.path} holds secrets but others may open it: chmod 600 {self.path}")


class Keyring:
    """The keys by name, as the file last had them."""

    def __init__(self, path: Path):
        self._file = _KeyFile(path)
        self._keys: dict[bytes, Key] = {}

    def get(self, name: bytes) -> Key | None:
        return self._keys.get(name)

    def refresh(self) -> None:
        """Take over a changed file, whole or not at all; raises ConfigurationError."""
        text = self._file.changed_text()
        if text is None:
            return
        self._keys = _parse(text, self._file.path)
        log.info("%d TSIG keys read", len(self._keys))


def _parse(text: str, path: Path) -> dict[bytes, Key]:
    keys: dict[bytes, Key] = {}
    for number, line in lines(text):
        try:
            key = _parse_line(line)
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}, line {number}: {error}") from None
        if key.name in keys:
            raise ConfigurationError(f"{path}, line {number}: a second key of the same name")
        keys[key.name] = key
    return keys


def _parse_line(line: str) -> Key:
    """No message quotes the line: it holds a secret, in the wrong column perhaps."""
    fields = line.split()
    if len(fields) != 3:
        raise ConfigurationError("expected: name algorithm base64-secret")
    name, algorithm, secret = fields
    if algorithm.lower().removesuffix(".") not in ALGORITHMS:
        raise ConfigurationError("the algorithm must be one of " + ", ".join(sorted(ALGORITHMS)))
    wire_name, digest = ALGORITHMS[algorithm.lower().removesuffix(".")]
    return Key(_owner(name), names.from_text(wire_name), digest, _secret(secret))


def _owner(name: str) -> bytes:
    try:
        return names.from_text(name)
    except dns.exception.DNSException:
        raise ConfigurationError("the key's name is not a domain name") from None


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not secret:
        raise ConfigurationError("the secret is not base64")
    return secret
