"""Owner names: one spelling for each, and nothing else gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsupdate.errors import InvalidName
from dnsupdate.names import is_within, normalise, normalise_host_label, to_unicode

SPELLINGS = {
    "case": ("Alice.EXAMPLE", "alice.example"),
    "final dot": ("alice.example.", "alice.example"),
    "blanks around": (" alice.example\n", "alice.example"),
    "U-label": ("bücher.example", "xn--bcher-kva.example"),
    "U-label in upper case": ("BÜCHER.example", "xn--bcher-kva.example"),
    "U-label in decomposed form": ("bu\u0308cher.example", "xn--bcher-kva.example"),
    "A-label": ("XN--BCHER-kva.example", "xn--bcher-kva.example"),
    "sharp s is a letter of its own in IDNA 2008": ("faß.example", "xn--fa-hia.example"),
    "double s is another name": ("fass.example", "fass.example"),
    "Japanese": ("日本語.example", "xn--wgv71a119e.example"),
    "Hebrew": ("אב.example", "xn--4dbc.example"),
    "fullwidth letters": ("ａｌｉｃｅ.example", "alice.example"),
    "ideographic full stop": ("alice。example", "alice.example"),
    "ideographic final dot": ("alice.example。", "alice.example"),
    "fullwidth final dot": ("alice．example．", "alice.example"),
    "underscore": ("_acme-challenge.alice.example", "_acme-challenge.alice.example"),
    "wildcard": ("*.alice.example", "*.alice.example"),
    "digits alone": ("1.2.example", "1.2.example"),
    "label of 63": ("a" * 63 + ".example", "a" * 63 + ".example"),
    "name of 253": ("a." * 123 + "example", "a." * 123 + "example"),
    "name of 253 and final dot": ("a." * 123 + "example.", "a." * 123 + "example"),
}

REFUSED = {
    "nothing": "",
    "the root": ".",
    "two final dots": "alice.example..",
    "empty label": "alice..example",
    "first label empty": ".alice.example",
    "label of 64": "a" * 64 + ".example",
    "U-label whose A-label is longer than 63": "ü" * 60 + ".example",
    "name of 254": "aa." + "a." * 122 + "example",
    "hyphen first": "-alice.example",
    "hyphen last": "alice-.example",
    "blank inside": "alice bob.example",
    "NUL": "alice\0.example",
    "slash": "alice/bob.example",
    "escape": "alice\\046bob.example",
    "asterisk in the middle": "alice.*.example",
    "asterisk in a label": "a*.example",
    "asterisk alone": "*",
    "emoji": "💩.example",
    "snowman": "☃.example",
    "joiner without its context": "\u200d.example",
    "soft hyphen and nothing else": "\u00ad.example",
    "right-to-left digits alone": "١٢٣.example",
    "letters outside ASCII behind the A-label prefix": "xn--ü.example",
    "dot look-alike": "alice\u2024example",
    "lone surrogate": "\ud800.example",
}

HOST_LABELS = {
    "Alice": "alice",
    "a": "a",
    "1": "1",
    "a-b": "a-b",
    "bücher": "xn--bcher-kva",
    "xn--bcher-kva": "xn--bcher-kva",
    "xn--fa-hia": "xn--fa-hia",
    "a" * 63: "a" * 63,
}

REFUSED_HOST_LABELS = {
    "two labels": "a.b",
    "underscore": "a_b",
    "wildcard": "*",
    "A-label of nothing": "xn--",
    "A-label of control characters": "xn--fake",
    "A-label of an emoji": "xn--ls8h",
    "A-label of a snowman": "xn--n3h",
    "A-label of ASCII": "xn--alice-",
    "hyphens in the third and fourth place": "ab--cd",
    "label of 64": "a" * 64,
}

letters = st.sampled_from("aZ0-_.*\\\0 äßéÉ日本אب١💩☃。．\u00ad\u0308\u200d\u2024\ud800")
texts = st.one_of(st.text(), st.text(letters), st.text(letters).map(lambda text: f"xn--{text}.example"))


@pytest.mark.parametrize(("text", "name"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_every_spelling_of_a_name_becomes_the_one_that_is_kept(text: str, name: str):
    assert normalise(text) == name


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_domain_name_is_refused(text: str):
    with pytest.raises(InvalidName):
        normalise(text)


@pytest.mark.parametrize(("text", "label"), HOST_LABELS.items(), ids=map(repr, HOST_LABELS))
def test_a_host_label_is_letters_digits_and_inner_hyphens(text: str, label: str):
    assert normalise_host_label(text) == label


@pytest.mark.parametrize("text", REFUSED_HOST_LABELS.values(), ids=REFUSED_HOST_LABELS.keys())
def test_what_a_host_cannot_be_called_is_refused(text: str):
    with pytest.raises(InvalidName):
        normalise_host_label(text)


@given(texts)
def test_normalising_twice_is_normalising_once_and_only_invalid_name_is_raised(text: str):
    try:
        name = normalise(text)
    except InvalidName:
        return
    assert normalise(name) == name
    assert name.isascii()
    assert len(name) <= 253


@given(texts)
def test_a_host_label_is_its_own_host_label_and_only_invalid_name_is_raised(text: str):
    try:
        label = normalise_host_label(text)
    except InvalidName:
        return
    assert normalise_host_label(label) == label


@given(texts)
def test_what_people_read_is_the_same_name(text: str):
    try:
        label = normalise_host_label(text)
    except InvalidName:
        return
    assert normalise(to_unicode(f"{label}.example")) == f"{label}.example"


def test_people_read_letters_where_the_a_label_is_valid():
    assert to_unicode("xn--bcher-kva.xn--fake.example") == "bücher.xn--fake.example"


@pytest.mark.parametrize(
    ("name", "is_inside"),
    [("ddns.test", True), ("a.ddns.test", True), ("a.b.ddns.test", True), ("xddns.test", False), ("test", False)],
)
def test_a_name_is_within_its_zone_by_whole_labels(name: str, is_inside: bool):
    assert is_within(name, "ddns.test") is is_inside
