"""Derived keys: hashes that some clients send in place of a key, known only where the key's text was at hand.

MD5 and SHA-256 of the key are Dynu's, SHA-1 of "user|key" is FreeDNS's. Nothing that is stored is one of them: rows have the
SHA-256 of what is presented, and a key's own row has the SHA-256 of its SHA-256 (docs/decisions/0015-update-protocols.md).
"""

import hashlib
import re

from ddns.models import DerivedKey, UpdateKey

# The user name that FreeDNS's form takes beside the account's e-mail address, which may change.
FREEDNS_USER = "ddns"

_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def remember(key: UpdateKey, text: str) -> None:
    """Stores what is needed to know the hashes of the key's text; some more milliseconds when a key is made.

    One query more unless the key's account is selected.
    """
    users = {key.account.email.lower(), FREEDNS_USER}
    presented = [(DerivedKey.Form.MD5, _md5(text))]
    presented += [(DerivedKey.Form.FREEDNS, _sha1(f"{user}|{text}")) for user in sorted(users)]
    DerivedKey.objects.bulk_create(DerivedKey(key=key, form=form, digest=_stored(each)) for form, each in presented)


def of_password(presented: str) -> bytes | None:
    """The digest of the key that a password is a hash of (Dynu), None if it is none. Asks only for what looks like one."""
    if _SHA256.fullmatch(presented):
        return hashlib.sha256(bytes.fromhex(presented)).digest()
    return _find(DerivedKey.Form.MD5, presented) if _MD5.fullmatch(presented) else None


def of_freedns_sha(presented: str) -> bytes | None:
    """The digest of the key that SHA-1("user|key") was made with, None if there is none."""
    return _find(DerivedKey.Form.FREEDNS, presented) if _SHA1.fullmatch(presented) else None


def _find(form: str, presented: str) -> bytes | None:
    found = DerivedKey.objects.filter(form=form, digest=_stored(presented.lower())).values_list(
        "key__digest", flat=True
    )
    digest = found.first()
    return None if digest is None else bytes(digest)


def _stored(presented: str) -> bytes:
    return hashlib.sha256(presented.encode()).digest()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
