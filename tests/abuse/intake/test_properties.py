"""Whatever is sent: a parser gives back what can be stored, or says why it is Unreadable. Nothing else."""

import contextlib
import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from abuse.errors import Unreadable
from abuse.intake import letters, moments, parse, prose, stix, subjects, text, x_arf
from abuse.intake.drafts import Parsed
from abuse.refang import refang, straighten
from tests.abuse.intake import seeds
from tests.abuse.intake.shape import check, check_letter

# Each of some twenty tests: a second or two on a busy machine.
_examples = settings(max_examples=150)
_texts = st.text(max_size=60) | st.sampled_from(
    [
        "\x00",
        "\ud800",
        "home.ddns.test",
        "192.0.2.7",
        "https://[",
        "..",
        "%",
        "1e999",
        "true",
        "2026-11-01",
        "=?",
        "'",
        "x" * 5_000,
    ]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=8,
)


def _parsed(content: bytes, **options) -> Parsed | None:
    try:
        return check(parse(content, **options))
    except Unreadable:
        return None


@_examples
@given(st.binary(max_size=2_000))
def test_any_octets(content):
    _parsed(content)


@_examples
@given(st.binary(max_size=2_000) | st.text(max_size=1_000).map(lambda said: said.encode("utf-8", "surrogatepass")))
def test_any_letter_of_an_authority(content):
    with contextlib.suppress(Unreadable):
        check_letter(letters.read(content))


@_examples
@given(
    st.lists(st.sampled_from(["home.ddns.test", "a, b.ddns.test", "# c", "", "3) x y", "Dear sir,", "no..x"]) | _texts)
)
def test_any_lines_of_an_authority(lines):
    said = "\n".join(line.replace("\n", "").replace("\r", "") for line in lines)
    with contextlib.suppress(Unreadable):
        letter = check_letter(letters.read(said.encode("utf-8", "surrogatepass")))
        assert letter.format not in ("list", "letter") or letter.line_count == len(said.removesuffix("\n").split("\n"))


@_examples
@given(st.lists(_values, max_size=4), st.sampled_from(sorted(seeds.VALUES)))
def test_any_json_of_an_authority(values, name):
    with contextlib.suppress(Unreadable):
        check_letter(letters.read(json.dumps([seeds.VALUES[name], *values]).encode()))


@_examples
@given(st.text(max_size=1_000), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_any_text(said, encoding):
    _parsed(said.encode(encoding, "surrogatepass"), kind="content/phishing")


@settings(max_examples=600)
@given(st.sampled_from(sorted(seeds.OCTETS)), st.data())
def test_any_octets_within_a_valid_input(name, data):
    content = bytearray(seeds.OCTETS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        gone = data.draw(st.integers(0, 8))
        content[at : at + gone] = data.draw(st.binary(max_size=8) | st.sampled_from(list(_BITS)))
    _parsed(bytes(content))


_BITS = [
    b"\x00",
    b"\r\n\r\n",
    b"\n--b",
    b"\xff",
    b"\\u0000",
    b"\\ud800",
    b'"',
    b"{",
    b"[",
    b"*a",
    b"&a",
    b"<",
    b",",
    b"\n",
    b"=?",
    b"%00",
]


@settings(max_examples=600)
@given(st.sampled_from(sorted(seeds.VALUES)), st.data())
def test_any_value_at_any_place_of_a_valid_report(name, data):
    value = copy.deepcopy(seeds.VALUES[name])
    for _ in range(data.draw(st.integers(1, 3))):
        _replace(value, data)
    _parsed(json.dumps(value).encode())


def _replace(value, data) -> None:
    """Walks down at random and puts something else there."""
    while True:
        keys = sorted(value) if isinstance(value, dict) else range(len(value))
        if not keys:
            return
        key = data.draw(st.sampled_from(list(keys)))
        if isinstance(value[key], (dict, list)) and value[key] and data.draw(st.booleans()):
            value = value[key]
            continue
        value[key] = data.draw(_values)
        return


@_examples
@given(st.text(max_size=300) | _texts)
def test_any_text_is_a_subject_or_none(said):
    subject = subjects.find(said)
    if subject is not None:
        again = subjects.read(subject.name or subject.address)
        assert (again.name, again.address) == (subject.name, subject.address)


@_examples
@given(st.text(alphabet="ab.:/[](){}@ \t\\dot*hxp-1%", max_size=80))
def test_any_defanged_text(said):
    subjects.find(said)
    refang(said)
    straighten(said)
    prose.hosts(said)


@_examples
@given(st.text(alphabet="<>a/= \"'pbrdivscript!-&#;x\n", max_size=200))
def test_any_markup_is_text(said):
    assert "<script" not in prose.of_html(said)


@_examples
@given(st.text(alphabet="[]()'=:.ab0 ANDORINvaluedomain-nameipv4addr\\", max_size=200))
def test_any_pattern(said):
    stix.comparisons(f"[domain-name:value = 'a.ddns.test'] {said}")


@_examples
@given(st.text(alphabet="ab:-[]{}&*!|>'\" \n\t#,?%@0", max_size=200))
def test_any_yaml(said):
    with contextlib.suppress(Unreadable):
        json.dumps(x_arf.load(said, []))


@_examples
@given(
    st.text(max_size=60)
    | st.integers()
    | st.floats()
    | st.from_regex(r"\d{1,4}-\d{1,2}-\d{1,2}T\d\d:\d\d:\d\d[+-]\d\d:\d\d", fullmatch=True)
)
def test_any_moment_is_aware_or_none(said):
    at = moments.read(said)
    assert at is None or (1989 <= at.year <= 2101 and at.utcoffset() is not None)


@_examples
@given(_values)
def test_any_value_is_made_storable(value):
    said = text.data(value)
    assert len(json.dumps(said, allow_nan=False).encode()) <= text.octets_of(said)
    assert "\\u0000" not in json.dumps(said)
