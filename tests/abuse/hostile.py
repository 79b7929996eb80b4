"""What somebody sends to break us: of our own making, each as octets, of a size that a door takes."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from functools import cache

from abuse.submissions import MIB

NAME = "home.ddns.test"
# Turns the text around that stands beside it: “exe.gpj” is shown as “jpg.exe”.
OVERRIDE = "\u202e"


@cache
def zip_bomb() -> bytes:
    """100 MiB of nothing in an archive in an archive."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("names.txt", b"\0" * (100 * MIB))
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}.zip", inner.getvalue())
    return outer.getvalue()


def _xarf(**fields) -> bytes:
    whole = {
        "xarf_version": "4.2.0",
        "report_id": "5d7b7f9c-0f5c-4f6e-8f0e-0d6a3f9b1c11",
        "timestamp": "2026-11-25T08:00:00Z",
        "reporter": {"org": "CERT Example", "contact": "trudy@cert.example", "domain": "cert.example"},
        "sender": {"org": "CERT Example", "contact": "trudy@cert.example", "domain": "cert.example"},
        "source_identifier": NAME,
        "category": "content",
        "type": "phishing",
        "url": f"https://{NAME}/login",
    }
    return json.dumps(whole | fields).encode()


def _spliced(member: bytes) -> bytes:
    """A report with a member that json.dumps would not write."""
    return _xarf().removesuffix(b"}") + b"," + member + b"}"


_X_ARF = (
    f"Report-Type: phishing\nCategory: fraud\nReported-From: trudy@cert.example\nSource: {NAME}\nDate: 2026-11-25\n"
)
_ALIASES = "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9))
_ENTITIES = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))

# As JSON, through the API and as files.
JSON: dict[str, Callable[[], bytes]] = {
    "100,000 deep": lambda: b"[" * 100_000 + b"]" * 100_000,
    "objects 100,000 deep": lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep within a report": lambda: _spliced(b'"a":' + b"[" * 30_000 + b"]" * 30_000),
    "open for ever": lambda: b'{"xarf_version":"4.2.0","a":' * 50_000,
    "a number of 200,000 digits": lambda: _spliced(b'"confidence":' + b"9" * 200_000),
    "a number beyond all numbers": lambda: _spliced(b'"confidence":1e999999999'),
    "no number": lambda: _spliced(b'"confidence":NaN,"x":-Infinity'),
    "half a character": lambda: _spliced(b'"description":"\\ud800 \\udc00\\ud800","x":"\\u0000"'),
    "100,000 keys": lambda: _xarf(**{f"k{n}": n for n in range(100_000)}),
    "one key 100,000 times": lambda: _spliced(b",".join([b'"a":1'] * 100_000)),
    "10,000 pieces of evidence": lambda: _xarf(evidence=[{"content_type": "a", "payload": "QQ=="}] * 10_000),
    "evidence of 15 MiB that is no base64": lambda: _xarf(evidence=[{"content_type": "a", "payload": "*" * (15 * MIB)}]),
    "a URL of 1 MiB": lambda: _xarf(url=f"https://{NAME}/" + "a" * MIB),
    "10,000 controllers": lambda: _xarf(c2_servers=[{"address": f"h{n}.{NAME}", "port": n} for n in range(10_000)]),
    "wrong types everywhere": lambda: _xarf(
        reporter=[1], sender="x", tags={"a": 1}, evidence={"a": 1}, timestamp=10**30, report_id=[], description={}
    ),
    "a prototype": lambda: _xarf(__proto__={"is_admin": True}, constructor="x", _internal={"secret": 1}),
    "a pattern without end": lambda: json.dumps(
        {"type": "bundle", "objects": [
            {"type": "indicator", "pattern_type": "stix", "pattern": "[domain-name:value IN (" + "'a'," * 15_000 + "("}
        ]}
    ).encode(),
}  # fmt: skip

# As anything else.
TEXTS: dict[str, Callable[[], bytes]] = {
    "a zip bomb": zip_bomb,
    "a gzip bomb": lambda: gzip.compress(b"\0" * (100 * MIB)),
    "billions of laughs": lambda: (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{_ENTITIES}]><x>&e9;</x>'.encode()
    ),
    "an entity of a file": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><IODEF>&f;</IODEF>'
    ),
    "aliases of aliases": lambda: f"{_X_ARF}a: &a [1,1,1,1,1,1,1,1,1]\n{_ALIASES}".encode(),
    "YAML that runs": lambda: (_X_ARF + "x: !!python/object/apply:os.system ['true']\n").encode(),
    "YAML 10,000 deep": lambda: (_X_ARF + "x: " + "[" * 10_000).encode(),
    "YAML in itself": lambda: (_X_ARF + "x: &x [*x]\n").encode(),
    "a line of 20 MiB": lambda: b"a." * (10 * MIB),
    "a million lines": lambda: b"a.example\n" * 1_000_000,
    "a cell of 5 MiB": lambda: b"host,comment\n" + NAME.encode() + b',"' + b"x" * (5 * MIB) + b'"\n',
    "a quote that never ends": lambda: b"host,comment\n" + NAME.encode() + b',"' + b"x\n" * 50_000,
    "10,000 columns": lambda: b"\n".join([b",".join([b"a"] * 10_000)] * 20),
    "a formula": lambda: b"host,comment\n" + NAME.encode() + b",\"=cmd|' /C calc'!A0\"\n",
    "noise": lambda: random.Random(5).randbytes(3 * MIB),
    "nothing but zeros": lambda: b"\0" * (3 * MIB),
    "zeros in a list": lambda: b"home.ddns.test\0\nb.example\n\0\n" * 500,
    "half of UTF-16": lambda: b"\xff\xfe" + "home.ddns.test\n".encode("utf-16-le")[:-1],
    "overlong UTF-8": lambda: b"home.ddns.test\n\xc0\xaf\xed\xa0\x80\xf8\x88\x80\x80\x80\n",
    "blanks": lambda: b" \n\t\r\n" * 1_000_000,
    "all dots": lambda: b"." * MIB,
    "all brackets": lambda: b"hxxp[:]//" * 100_000,
    "text turned around": lambda: f"Phishing at {NAME}: {OVERRIDE}gpj.exe <script>alert(1)</script>\n".encode(),
}


def _mail(head: str, body: str = f"Phishing at https://{NAME}/login\n") -> bytes:
    return (
        f"From: Trudy <trudy@cert.example>\nTo: abuse@ddns.test\nDate: Wed, 25 Nov 2026 08:00:00 +0000\n{head}\n\n{body}"
    ).encode("utf-8", "surrogateescape")


def _nested(depth: int) -> bytes:
    opened = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return _mail(f"Subject: deep\nMIME-Version: 1.0\n{opened}Content-Type: text/plain")


def _forwarded(depth: int) -> bytes:
    return _mail("Subject: deep\nMIME-Version: 1.0\n" + "Content-Type: message/rfc822\n\nSubject: x\n" * depth)


def _parts(count: int, boundary: str = "b") -> bytes:
    part = f"--{boundary}\nContent-Type: text/plain\n\nhttps://{NAME}/\n"
    return _mail(
        f"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary={boundary}", part * count + f"--{boundary}--\n"
    )


MAILS: dict[str, Callable[[], bytes]] = {
    "10,000 parts": lambda: _parts(10_000),
    "1,000 levels": lambda: _nested(1_000),
    "1,000 mails in mails": lambda: _forwarded(1_000),
    "a boundary that begins like another": lambda: _parts(300, "b" * 60),
    "a subject of 5 MiB": lambda: _mail("Subject: " + "x" * (5 * MIB)),
    "a folded subject of 100,000 lines": lambda: _mail("Subject: x" + "\n x" * 100_000),
    "a subject of encoded words": lambda: _mail("Subject: " + "=?utf-8?q?=41?= " * 50_000),
    "100,000 fields": lambda: _mail("Subject: x\n" + "X-Field: y\n" * 100_000),
    "fields alone": lambda: b"X: y\n" * 1_000_000,
    "a charset that unpacks": lambda: _mail("Content-Type: text/plain; charset=zlib_codec"),
    "a charset that is code": lambda: _mail(
        "Content-Type: text/plain; charset=unicode_escape", "\\ud800 \\x00 " + NAME
    ),
    "a charset of nobody": lambda: _mail(f"Content-Type: text/plain; charset={'x' * 5_000}"),
    "a charset with a zero": lambda: _mail("Content-Type: text/plain; charset=utf\0-8"),
    "UTF-7": lambda: _mail("Content-Type: text/plain; charset=utf-7", f"+ADw-script+AD4- https://{NAME}/"),
    "an encoding of nobody": lambda: _mail("Content-Transfer-Encoding: x-uuencode"),
    "base64 that is none": lambda: _mail("Content-Transfer-Encoding: base64", "=====" + "*" * 10_000),
    "zeros": lambda: _mail("Subject: a\0b", f"https://{NAME}/\0 phishing\0"),
    "a second From": lambda: _mail("From: Oscar <oscar@example.com>\nSubject: two"),
    "addresses without end": lambda: _mail("Reply-To: " + "a@b.example, " * 100_000 + "\nSubject: x"),
    "brackets in From": lambda: _mail("Subject: x").replace(b"Trudy <", b"(" * 10_000 + b"<"),
    "octets beyond ASCII": lambda: _mail("Subject: \udcff\udcfe\udc80"),
    "text turned around": lambda: _mail(f"Subject: {OVERRIDE}lanigiro <script>alert(1)</script>"),
}
