"""TSIG on the embedded nameserver: who is believed, and how each refusal is said (RFC 8945 §5)."""

import base64
import time

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import pytest
import time_machine

from dnsupdate.embedded.errors import ConfigurationError

from .embedded_server import APEX, KEY, KEY_LINE, SECRET, Files, ask, files, handler, new_update, texts  # noqa: F401

ALGORITHMS = {
    "hmac-md5": dns.tsig.HMAC_MD5,
    "hmac-sha1": dns.tsig.HMAC_SHA1,
    "hmac-sha224": dns.tsig.HMAC_SHA224,
    "hmac-sha256": dns.tsig.HMAC_SHA256,
    "hmac-sha384": dns.tsig.HMAC_SHA384,
    "hmac-sha512": dns.tsig.HMAC_SHA512,
}
ENCODED_SECRET = base64.b64encode(SECRET).decode()


def update_of_alice(key: dns.tsig.Key):
    update = new_update(key)
    update.add("alice", 60, "A", "192.0.2.1")
    return update


def exists(handler) -> bool:  # noqa: F811
    return bool(texts(ask(handler, dns.message.make_query(f"alice.{APEX}", "A"))))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_key_of_every_algorithm_may_update(files, algorithm):  # noqa: F811
    files.write_keys(f"Alice-Key.example. {algorithm.upper()} {ENCODED_SECRET}\n")
    handler = files.handler()  # noqa: F811

    response = ask(handler, update_of_alice(dns.tsig.Key(KEY.name, SECRET, ALGORITHMS[algorithm])))

    assert response.rcode() == dns.rcode.NOERROR
    assert response.had_tsig
    assert exists(handler)
    handler.catalog.close()


MALLORYS = [
    (dns.tsig.Key(KEY.name, b"another secret", KEY.algorithm), dns.rcode.BADSIG),
    (dns.tsig.Key("mallory-key.example", SECRET, KEY.algorithm), dns.rcode.BADKEY),
    (dns.tsig.Key(KEY.name, SECRET, dns.tsig.HMAC_SHA512), dns.rcode.BADKEY),
]


@pytest.mark.parametrize(("key", "error"), MALLORYS)
def test_wrong_key_or_mac_is_notauth_with_an_unsigned_tsig(handler, key, error):  # noqa: F811
    (wire,) = handler.answer(update_of_alice(key).to_wire(), is_tcp=True)

    response = dns.message.from_wire(wire, keyring=False)
    assert response.rcode() == dns.rcode.NOTAUTH
    assert response.tsig_error == error
    assert response.mac == b""
    assert not exists(handler)


@pytest.mark.parametrize(("key", "error"), MALLORYS)
def test_wrong_key_or_mac_is_notauth_for_questions_too(handler, key, error):  # noqa: F811
    query = dns.message.make_query(APEX, "SOA")
    query.use_tsig(key)
    (wire,) = handler.answer(query.to_wire(), is_tcp=False)

    response = dns.message.from_wire(wire, keyring=False)
    assert (response.rcode(), response.tsig_error) == (dns.rcode.NOTAUTH, error)
    assert not response.answer


@pytest.mark.parametrize(
    ("fudge", "lateness", "is_believed"),
    [(300, 299, True), (300, -299, True), (300, 302, False), (300, -302, False), (5, 7, False), (600, 590, True)],
)  # fmt: skip
def test_clock_may_differ_by_the_fudge_of_the_request(handler, fudge, lateness, is_believed):  # noqa: F811
    now = int(time.time())
    update = update_of_alice(KEY)
    update.use_tsig(KEY, fudge=fudge)
    with time_machine.travel(now - lateness, tick=False):
        packet = update.to_wire()

    with time_machine.travel(now, tick=False):
        (wire,) = handler.answer(packet, is_tcp=True)

    response = dns.message.from_wire(wire, keyring=False)
    assert response.rcode() == (dns.rcode.NOERROR if is_believed else dns.rcode.NOTAUTH)
    assert response.tsig_error == (dns.rcode.NOERROR if is_believed else dns.rcode.BADTIME)
    assert exists(handler) == is_believed


def test_badtime_is_signed_and_tells_the_server_time(handler):  # noqa: F811
    now, theirs = 1_800_000_000, 1_800_001_000
    update = update_of_alice(KEY)
    with time_machine.travel(theirs, tick=False):
        packet = update.to_wire()
    with time_machine.travel(now, tick=False):
        (wire,) = handler.answer(packet, is_tcp=True)

    tsig = dns.message.from_wire(wire, keyring=False).tsig[0]
    assert (tsig.error, tsig.time_signed) == (dns.rcode.BADTIME, theirs)
    assert int.from_bytes(tsig.other, "big") == now
    assert _is_valid_mac(wire, tsig, update.mac)


def _is_valid_mac(wire: bytes, tsig, request_mac: bytes) -> bool:
    """dnspython itself does not check a MAC that stands beside an error."""
    start = wire.rindex(KEY.name.to_wire())
    bare = wire[:10] + b"\0\0" + wire[12:start]
    signed, _ = dns.tsig.sign(bare, KEY, tsig, tsig.time_signed, request_mac)
    return signed.mac == tsig.mac


@pytest.mark.parametrize("size", [0, 1, 9, 15, 33, 64])
def test_mac_of_impossible_size_is_malformed(handler, size):  # noqa: F811
    update = update_of_alice(KEY)
    update.to_wire()
    update.want_tsig_sign = False
    update.tsig = dns.rrset.from_rdata(KEY.name, 0, update.tsig[0].replace(mac=b"m" * size))

    (wire,) = handler.answer(update.to_wire(), is_tcp=True)

    assert dns.message.from_wire(wire).rcode() == dns.rcode.FORMERR


def test_changed_octet_is_badsig(handler):  # noqa: F811
    packet = bytearray(update_of_alice(KEY).to_wire())
    at = packet.index(bytes([192, 0, 2, 1]))
    packet[at + 3] = 66

    (wire,) = handler.answer(bytes(packet), is_tcp=True)

    assert dns.message.from_wire(wire, keyring=False).tsig_error == dns.rcode.BADSIG


def test_forwarded_message_is_verified_with_its_original_id(handler):  # noqa: F811
    packet = bytearray(update_of_alice(KEY).to_wire())
    packet[:2] = b"\x12\x34"

    (wire,) = handler.answer(bytes(packet), is_tcp=True)

    response = dns.message.from_wire(wire, keyring=False)
    assert (response.id, response.rcode()) == (0x1234, dns.rcode.NOERROR)


def test_same_signed_message_twice_is_accepted_twice(handler):  # noqa: F811
    packet = update_of_alice(KEY).to_wire()

    rcodes = {dns.message.from_wire(*handler.answer(packet, is_tcp=True), keyring=False).rcode() for _ in "12"}

    assert rcodes == {dns.rcode.NOERROR}


def test_signed_question_gets_a_signed_answer(handler):  # noqa: F811
    query = dns.message.make_query(APEX, "SOA")
    query.use_tsig(KEY)

    assert ask(handler, query, is_tcp=False).had_tsig
    assert not ask(handler, dns.message.make_query(APEX, "SOA"), is_tcp=False).had_tsig


WRONG_KEY_FILES = [
    ("alice-key hmac-sha256\n", "line 1: expected"),
    (f"alice-key {ENCODED_SECRET} hmac-sha256\n", "line 1: the algorithm must be one of"),
    (f"# comment\n\nalice-key hmac-sha3 {ENCODED_SECRET}\n", "line 3: the algorithm must be one of"),
    (f"alice-key hmac-sha256 !{ENCODED_SECRET}\n", "line 1: the secret is not base64"),
    (f"a..b hmac-sha256 {ENCODED_SECRET}\n", "line 1: the key's name is not a domain name"),
    (KEY_LINE + KEY_LINE.upper().replace("HMAC", "hmac"), "line 2: a second key"),
]


@pytest.mark.parametrize(("text", "complaint"), WRONG_KEY_FILES)
def test_wrong_key_file_is_explained_without_the_secret(files, text, complaint):  # noqa: F811
    files.write_keys(text)

    with pytest.raises(ConfigurationError, match=complaint) as failure:
        files.handler()

    assert ENCODED_SECRET[:12].lower() not in str(failure.value).lower()


def test_key_file_that_others_may_read_is_not_used(files):  # noqa: F811
    files.keys.chmod(0o640)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        files.handler()


def test_key_shows_no_secret_in_its_repr(handler):  # noqa: F811
    key = handler.keyring.get(KEY.name.to_wire())

    assert key.secret == SECRET
    assert "only for the tests" not in repr(key)
    assert ENCODED_SECRET not in repr(key)
