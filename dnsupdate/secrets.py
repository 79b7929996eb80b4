"""Secrets at rest: sealed with keys derived from SECRET_KEY, readable while an old key is a fallback."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def seal(text: str) -> str:
    """Encrypted and authenticated under the present key."""
    return _sealer(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises ImproperlyConfigured where none of the keys fits."""
    try:
        return _sealer(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "A stored secret was sealed under another DDNS_SECRET_KEY: list the earlier key in DDNS_SECRET_KEY_FALLBACKS."
        ) from error


@lru_cache(maxsize=4)
def _sealer(*keys: str) -> MultiFernet:
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(key: str) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"dnsupdate.secrets").derive(key.encode())
    return base64.urlsafe_b64encode(derived)
