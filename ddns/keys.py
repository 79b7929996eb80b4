"""Update keys: made, shown once, recognised by one indexed SELECT, revoked."""

import hashlib
import secrets
import string
from collections.abc import Iterable

from django.db import transaction
from django.db.models.functions import Now

from ddns.models import Hostname, UpdateKey, User

# Letters and digits only: devices put keys into URLs without escaping and into fields of 64 characters.
_ALPHABET = string.ascii_letters + string.digits
PREFIX_LENGTH = 8
# 32 secret characters are 190 random bits, so that a fast hash suffices; the prefix is no secret.
SECRET_LENGTH = 32


def digest(key: str) -> bytes:
    """What is stored of a key. Blanks that came along when it was copied do not count."""
    return hashlib.sha256(key.strip().encode()).digest()


@transaction.atomic
def create(account: User, *, label: str, hostnames: Iterable[Hostname] | None = None) -> tuple[UpdateKey, str]:
    """A key for these hostnames, or for the whole account. The text of the key is given here and never again."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(PREFIX_LENGTH + SECRET_LENGTH))
    key = UpdateKey.objects.create(
        account=account,
        label=label,
        prefix=text[:PREFIX_LENGTH],
        digest=digest(text),
        covers_account=hostnames is None,
    )
    if hostnames is not None:
        key.hostnames.set(hostname for hostname in hostnames if hostname.account_id == account.pk)
    return key, text


def revoke(key: UpdateKey) -> bool:
    """From the next request on the key is refused. Whether it was working until now."""
    return bool(UpdateKey.objects.working().filter(pk=key.pk).update(revoked_at=Now()))
