"""Record tokens: credentials for one hostname, made from a key for who cannot know its text. Signed, and stored nowhere.

FreeDNS's listing hands them out: its reader has shown a hash of the key. They end with the key.
"""

import re
from typing import NamedTuple

from django.core import signing

from ddns.errors import WrongKey
from ddns.models import Hostname, UpdateKey

# Full stops stand in no key, so that neither is taken for the other.
_SIGNER_SALT = "ddns.record_tokens"
_FORM = re.compile(r"[0-9]+-[0-9]+\.[A-Za-z0-9_-]+")


class RecordToken(NamedTuple):
    """The digest of the key that it stands for, and the hostname that it is limited to."""

    key_digest: bytes
    name: str


def make(key: UpdateKey, hostname: Hostname) -> str:
    """Letters, digits, hyphens and one full stop: fits URLs unescaped."""
    return _signer().sign(f"{key.pk}-{hostname.pk}")


def looks_like_one(text: str) -> bool:
    return _FORM.fullmatch(text) is not None


def read(text: str) -> RecordToken:
    """Whether the key still works and still covers the hostname, the update says. Two queries. Raises WrongKey."""
    try:
        key_id, hostname_id = _signer().unsign(text).split("-")
    except (signing.BadSignature, ValueError) as error:
        raise WrongKey from error
    digest = UpdateKey.objects.filter(pk=key_id).values_list("digest", flat=True).first()
    name = Hostname.objects.unreleased().filter(pk=hostname_id).values_list("name", flat=True).first()
    if digest is None or name is None:
        raise WrongKey
    return RecordToken(bytes(digest), name)


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SIGNER_SALT, sep=".")
