"""Harnesses: one for each parser of intake; each takes octets, and may raise Unreadable alone."""

import json
from collections.abc import Callable
from contextlib import suppress

from abuse.errors import Unreadable
from abuse.intake import (
    arf,
    attachments,
    letters,
    mime,
    moments,
    parse,
    parsing,
    prose,
    stix,
    subjects,
    tables,
    text,
    x_arf,
    xarf,
)
from abuse.refang import refang, straighten
from tests.abuse.intake import seeds
from tests.abuse.intake.shape import check, check_letter

Harness = Callable[[bytes], None]


def _whole(content: bytes) -> None:
    check(parse(content))


def _mail(content: bytes) -> None:
    check(parse(b"From: a@b.example\r\n" + content))


def _json(content: bytes) -> None:
    check(parsing.finished(parsing.of_json(text.decode(content))))


def _xarf(content: bytes) -> None:
    """Every octet is a choice: a place in a valid report, and what stands there instead."""
    report = json.loads(json.dumps(seeds.RICH))
    keys = sorted(report)
    for at in range(0, len(content) - 2, 3):
        where, what, more = content[at : at + 3]
        key = keys[where % len(keys)]
        inner = [
            None,
            True,
            -1,
            2**70,
            1.5,
            "",
            "home.ddns.test",
            "x" * (more * 40),
            [],
            {},
            [[more]],
            {"a": {"address": "b.test"}},
        ]
        report[key] = (
            inner[what % len(inner)] if what < 128 else {**seeds.RICH, "_": report.get(key)}.get(keys[more % len(keys)])
        )
    check(parsing.finished(xarf.read(report)))


_INSTEAD = (None, True, -1, 2**70, 1.5, "", "home.ddns.test", [], {}, {"a": {"address": "b.test"}}, ["a.test"])


def _yaml(content: bytes) -> None:
    json.dumps(x_arf.load(text.decode(content), []))
    check(parsing.finished(x_arf.read(text.decode(content))))


def _feedback(content: bytes) -> None:
    arf.feedback(content)


def _mime(content: bytes) -> None:
    for leaf in mime.leaves(mime.read(content)):
        assert len(leaf.content) <= len(content) + 3
        leaf.text, leaf.filename, leaf.field("subject"), leaf.address("from")


def _pattern(content: bytes) -> None:
    stix.comparisons(text.decode(content))


def _table(content: bytes) -> None:
    said = text.decode(content)
    tables.is_one(said)
    check(parsing.finished(tables.read(said)))


def _prose(content: bytes) -> None:
    said = text.decode(content)
    prose.hosts(said)
    prose.hosts(prose.of_html(said))


def _order(content: bytes) -> None:
    check_letter(letters.read(content))


def _subject(content: bytes) -> None:
    said = text.decode(content)
    subjects.find(said)
    refang(said)
    straighten(said)
    moments.read(said)
    attachments.decoded(said, attachments.Budget(), claimed_hash=said)


# Name, harness, and the inputs of tests/abuse/intake/seeds.py that it begins with.
HARNESSES: dict[str, tuple[Harness, tuple[bytes, ...]]] = {
    "whole": (_whole, tuple(seeds.OCTETS.values())),
    "mail": (_mail, tuple(seeds.OCTETS[name] for name in ("mail", "arf", "x-arf-mail", "mail-xarf"))),
    "mime": (_mime, (seeds.OCTETS["mail"], seeds.OCTETS["arf"])),
    "arf": (_feedback, (seeds.OCTETS["arf"].partition(b"feedback-report\n\n")[2],)),
    "x-arf": (_yaml, (seeds.OCTETS["x-arf"],)),
    "json": (_json, tuple(json.dumps(value).encode() for value in seeds.VALUES.values())),
    "xarf": (_xarf, (b"\x01\x02\x03", bytes(range(60)))),
    "stix-pattern": (_pattern, (seeds.BUNDLE["objects"][2]["pattern"].encode(), b"[url:value = 'http://a.test/\\'']")),
    "table": (_table, tuple(seeds.OCTETS[name] for name in ("csv", "csv-bare", "urlhaus-csv", "threatfox-csv"))),
    "list": (_whole, (seeds.OCTETS["list"],)),
    "letter": (_prose, (seeds.OCTETS["letter"], b'<p>See <a href="https://home.ddns.test/">x</a></p>')),
    "order": (_order, (*seeds.OCTETS.values(), seeds.ORDER, b'["a.ddns.test", "b[.]ddns[.]test:80"]')),
    "subject": (
        _subject,
        (b"hxxps://home[.]ddns[.]test:80/x", b"[2001:db8::7]:80", b"2026-11-01T10:00:00+01:00", b"eA=="),
    ),
}


def run(name: str, content: bytes) -> None:
    with suppress(Unreadable):
        HARNESSES[name][0](content)
