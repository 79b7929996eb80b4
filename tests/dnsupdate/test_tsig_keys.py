"""TSIG keys: read as operators write them, kept sealed, shown nowhere."""

import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError

from dnsupdate import tsig_keys
from dnsupdate.errors import InvalidKey, InvalidName
from dnsupdate.models import TsigKey

SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()

WRITTEN = {
    "colons": f"publisher.example:hmac-sha512:{SECRET}",
    "blanks": f"publisher.example hmac-sha512 {SECRET}\n",
    "upper case and final dots": f"Publisher.Example.:HMAC-SHA512.:{SECRET}",
    "BIND": f'key "publisher.example" {{\n\talgorithm hmac-sha512;\n\tsecret "{SECRET}";\n}};\n',
    "BIND in one line, without quotes": f'key publisher.example {{ algorithm hmac-sha512; secret "{SECRET}"; }};',
    "BIND behind a comment": f'// from tsig-keygen\nkey "publisher.example" {{ algorithm "hmac-sha512"; secret "{SECRET}"; }};',
}

UNUSABLE = {
    "nothing": "",
    "no secret": "publisher.example:hmac-sha256",
    "too much": f"a:b:c:{SECRET}",
    "no base64": "publisher.example:hmac-sha256:no-base64!",
    "half of it": f"publisher.example:hmac-sha256:{SECRET[:-2]}",
    "unknown algorithm": f"publisher.example:hmac-sha257:{SECRET}",
    "algorithm last": f"publisher.example:{SECRET}:hmac-sha256",
    "secret of no octets": "publisher.example:hmac-sha256:=",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_a_key_is_read_however_it_is_written(text: str):
    key = tsig_keys.parse(text)
    assert (key.name, key.algorithm, key.secret) == ("publisher.example", "hmac-sha512", SECRET)


def test_the_short_name_of_md5_is_its_long_one():
    assert tsig_keys.parse(f"old.example:hmac-md5:{SECRET}").algorithm == "hmac-md5.sig-alg.reg.int"


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_is_no_key_is_refused_without_showing_it(text: str):
    with pytest.raises(InvalidKey) as refusal:
        tsig_keys.parse(text)
    assert SECRET[:-2] not in str(refusal.value)


def test_a_key_has_a_usable_name():
    with pytest.raises(InvalidName):
        tsig_keys.parse(f"no_name!:hmac-sha256:{SECRET}")


def test_a_generated_key_is_as_long_as_its_digest_and_never_the_same():
    keys = [tsig_keys.generate("Publisher.ddns.example.") for _ in range(2)]
    assert [len(base64.b64decode(key.secret)) for key in keys] == [32, 32]
    assert keys[0].secret != keys[1].secret
    assert (keys[0].name, keys[0].algorithm) == ("publisher.ddns.example", "hmac-sha256")


def test_the_secret_is_stored_sealed_and_shown_nowhere(db):
    key = tsig_keys.parse(f"publisher.example:hmac-sha256:{SECRET}")
    key.save()
    stored = TsigKey.objects.values().get()
    assert SECRET not in str(stored)
    assert SECRET not in f"{key} {key!r}"
    assert TsigKey.objects.get().secret == SECRET


def test_a_sealed_secret_survives_the_rotation_of_the_secret_key(settings):
    key = tsig_keys.parse(f"publisher.example:hmac-sha256:{SECRET}")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of at least fifty characters, for this test only"
    assert key.secret == SECRET
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ImproperlyConfigured, match="DDNS_SECRET_KEY_FALLBACKS"):
        _ = key.secret


def test_the_database_refuses_an_algorithm_that_messages_cannot_use(db):
    key = tsig_keys.generate("publisher.example")
    key.algorithm = "hmac-sha257"
    with pytest.raises(IntegrityError, match="tsig_key_algorithm_known"):
        key.save()
