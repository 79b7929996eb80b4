"""What nobody should send: refused with what to do, in bounded time and memory; and the shape of everything that is taken."""

import json

import pytest

from abuse.errors import Unreadable
from abuse.intake import limits, parse, parsing
from abuse.intake.drafts import Draft, Parsed, Subject
from tests.abuse.intake.reports import xarf


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "nothing in it"),
        (b" \n\t", "nothing in it"),
        (b"PK\x03\x04rest", "a zip archive, which is never opened here. Unpack it"),
        (b"\x1f\x8b\x08rest", "compressed by gzip"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x89PNG\r\n", "a picture"),
        (b"MZ\x90", "a program"),
        (b"\xd0\xcf\x11\xe0", "an Office document"),
        (b"abc\x00\x01\x02", "no text"),
        (b"<?xml version='1.0'?><IODEF-Document/>", "IODEF"),
        (b"<?xml version='1.0'?><x/>", "This is XML"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "This is XML"),
        (b"Hello there, no host in here.", "A person has to read it"),
        (b'{"a": 1}', "neither XARF"),
        (b"[]", "neither XARF"),
        (b'{"xarf_version": "4.2.0",', "The JSON is broken"),
        (b'{"xarf_version": ' + b"[" * 100_000, "The JSON is nested too deep"),
        (b"[" * 100_000, "The JSON is nested too deep"),
        (b'{"category":"content","type":"x","reporter":' + b'{"a":' * 60 + b"1" + b"}" * 61, "nested deeper than 40"),
        (b"[" + b"[]," * 1_000_001 + b"[]]", "more than 1,000,000 values"),
        (b"[" + b"{}," * 1_000_001 + b"{}]", "more than 1,000,000 values"),
        (b"x" * (limits.MAX_OCTETS + 1), "the most is"),
    ],
    ids=range(23),
)
def test_what_cannot_be_read_is_refused_with_a_reason(content, problem):
    with pytest.raises(Unreadable, match=problem):
        parse(content)


@pytest.mark.parametrize(
    "said",
    [
        '{"n": %s}' % ("9" * 5_000),
        '{"n": 1e999}',
        '{"n": -1e999}',
        '{"n": NaN}',
        '{"n": [Infinity, -Infinity]}',
        '{"n": 1%s}' % ("0" * 400),
    ],
)
def test_numbers_that_nobody_can_store_are_nothing(said):
    report = json.dumps(xarf())[:-1] + f', "note": {said}}}'
    (draft,) = parse(report.encode()).drafts
    json.dumps(dict(draft.details), allow_nan=False)
    assert draft.details["fields"]["note"]["n"] in (None, [None, None])


def test_keys_that_come_twice_are_said():
    said = json.dumps(xarf())[:-1] + ', "type": "fraud"}'
    parsed = parse(said.encode())
    assert parsed.drafts[0].kind == "content/fraud"
    assert parsed.warnings == ("The key “type” occurs twice in one object; its last value counts.",)


def test_lines_of_json_are_a_list():
    said = "\n".join(json.dumps(xarf(report_id=str(n))) for n in range(3))
    assert [each.external_id for each in parse(said.encode()).drafts] == ["0", "1", "2"]


def test_json_list_of_names_is_a_list():
    assert [each.name for each in parse(b'["a.ddns.test", "b.ddns.test"]').drafts[0].subjects] == [
        "a.ddns.test",
        "b.ddns.test",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_may_have_a_byte_order_mark(encoding):
    assert parse(json.dumps(xarf()).encode(encoding)).format == "xarf"


def test_type_and_name_that_came_with_it_may_be_wrong():
    said = json.dumps(xarf()).encode()
    assert parse(said, content_type="text/csv", filename="a.eml", door="mail").format == "xarf"


def test_letter_without_headers_is_a_letter():
    parsed = parse(b"Please look at hxxps://home[.]ddns[.]test/bank, it is phishing against us.")
    assert (parsed.format, parsed.drafts[0].kind) == ("letter", "content/phishing")


def test_draft_without_subject_is_none():
    empty = Draft("content/phishing", (), warnings=("“x” names no host.",))
    whole = Draft("content/phishing", (Subject("home.ddns.test"),))
    assert parsing.finished(Parsed("x", (empty, whole))) == Parsed("x", (whole,), ("“x” names no host.",))
    with pytest.raises(Unreadable, match=r"It names no host, address or URL. “x” names no host."):
        parsing.finished(Parsed("x", (empty,)))


@pytest.mark.parametrize("kind", ["", "phishing", "/", "a/", "/b", "x" * 200])
def test_kind_that_is_none_is_the_rest(kind):
    draft = Draft(kind, (Subject("home.ddns.test"),))
    assert parsing.finished(Parsed("x", (draft,))).drafts[0].kind == "other/unclassified"


def test_warnings_are_cut_in_length_and_number():
    tags = [f"Bad tag {n} " + "x" * 5_000 for n in range(20)]
    draft = parse(json.dumps(xarf(tags=tags, evidence=[{}] * 50, confidence=7)).encode()).drafts[0]
    assert len(draft.warnings) == limits.MAX_WARNINGS
    assert draft.warnings[-1].startswith("And ")
    assert max(map(len, draft.warnings)) <= limits.MAX_WARNING_CHARACTERS


def test_long_description_is_cut_and_says_so():
    draft = parse(json.dumps(xarf(description="x" * 100_000)).encode()).drafts[0]
    assert len(draft.description) == limits.MAX_DESCRIPTION_CHARACTERS
    assert any("was cut" in each for each in draft.warnings)
