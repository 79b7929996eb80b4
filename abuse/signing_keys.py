"""Signing keys: Ed25519 (RFC 8032), one in use at a time, the public halves of all published for good."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.db import connection, transaction
from django.utils import timezone

from abuse import ledger
from abuse.models import SigningKey
from dnsupdate import secrets

# Any number that nothing else in this database uses for an advisory lock.
_LOCK = 0x51615


@transaction.atomic
def in_use() -> SigningKey:
    """The key that signs now; the first receipt ever makes it."""
    if (key := SigningKey.objects.filter(retired_at=None).first()) is not None:
        return key
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    return SigningKey.objects.filter(retired_at=None).first() or _make()


@transaction.atomic
def rotate() -> SigningKey:
    """A new key signs from now on, which is in the ledger. The private half of the old one is destroyed.

    What it signed stays verifiable.
    """
    # Before the other lock, as whoever signs the first receipt of all has it.
    ledger.lock()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    retired = list(SigningKey.objects.filter(retired_at=None).values_list("key_id", flat=True))
    SigningKey.objects.filter(retired_at=None).update(retired_at=timezone.now(), sealed_private_key="")
    key = _make()
    ledger.append(
        actor=None,
        action="rotate-signing-key",
        object=f"signing key {key.key_id}",
        reason="Rotated by command.",
        details={"retired": retired},
    )
    return key


def sign(text: str, key: SigningKey) -> bytes:
    """64 octets over the UTF-8 of the text."""
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secrets.unseal(key.sealed_private_key)))
    return private.sign(text.encode())


def _make() -> SigningKey:
    private = Ed25519PrivateKey.generate()
    octets = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SigningKey.objects.create(
        key_id=hashlib.sha256(public).hexdigest()[:16], public_key=public, sealed_private_key=secrets.seal(octets.hex())
    )
