"""TSIG keys of customers: made for an update key, shown once, found by their names, deleted. They end with their update keys."""

import base64
import re
import secrets

from django.conf import settings
from django.db import transaction

from ddns import notifications
from ddns.errors import AlgorithmNotAllowed
from ddns.models import TsigKey, UpdateKey
from ddns.models.notifications import Kind

# Digits that look like letters are none of base32's. 50 random bits: a name is no secret, it only must not be taken.
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_NAME = re.compile(r"k[a-z2-7]{10}")
# RFC 8945 §8: as long as the digest.
_SECRET_OCTETS = {
    TsigKey.Algorithm.HMAC_SHA256: 32,
    TsigKey.Algorithm.HMAC_SHA384: 48,
    TsigKey.Algorithm.HMAC_SHA512: 64,
    TsigKey.Algorithm.HMAC_MD5: 16,
}
_KEY_FILE = """\
key "{name}" {{
	algorithm {algorithm};
	secret "{secret}";
}};
"""


def allowed_algorithms() -> list[TsigKey.Algorithm]:
    """Those that keys may be made with and sign with now, the best choice first."""
    return [
        algorithm
        for algorithm in TsigKey.Algorithm
        if algorithm != TsigKey.Algorithm.HMAC_MD5 or settings.NSUPDATE_HMAC_MD5
    ]


@transaction.atomic
def create(key: UpdateKey, *, algorithm: str = TsigKey.Algorithm.HMAC_SHA256) -> tuple[TsigKey, str]:
    """A TSIG key of the update key, in the place of one that it had, which works no more from now on.

    Gives it as a BIND key file, here and never again. Its owner is told, as of every key. Raises AlgorithmNotAllowed.
    """
    if algorithm not in allowed_algorithms():
        raise AlgorithmNotAllowed(f"{', '.join(allowed_algorithms())}.")
    # Locked, so that of two requests at once the later one's key takes the place of the earlier one's.
    UpdateKey.objects.select_for_update(no_key=True).get(pk=key.pk)
    secret = base64.b64encode(secrets.token_bytes(_SECRET_OCTETS[TsigKey.Algorithm(algorithm)])).decode()
    made = TsigKey(key=key, name=_new_name(), algorithm=algorithm)
    made.secret = secret
    TsigKey.objects.filter(key=key).delete()
    made.save(force_insert=True)
    details = {"label": key.label, "prefix": key.prefix, "permission": key.permission, "tsig": made.name}
    notifications.tell(key.account, Kind.NEW_KEY, details=details)
    return made, _KEY_FILE.format(name=made.name, algorithm=made.algorithm, secret=secret)


def delete(key: UpdateKey) -> bool:
    """What is signed with the TSIG key of the update key is refused from now on. Whether it had one."""
    return bool(TsigKey.objects.filter(key=key).delete()[0])


def is_name(name: str) -> bool:
    """Whether one of our keys could be called so: others need not be looked for."""
    return _NAME.fullmatch(name) is not None


def find(name: str) -> TsigKey | None:
    """The working key of that name, with its update key and account."""
    usable = TsigKey.objects.working().filter(algorithm__in=allowed_algorithms())
    return usable.filter(name=name).select_related("key__account").first()


def _new_name() -> str:
    return "k" + "".join(secrets.choice(_ALPHABET) for _ in range(10))
