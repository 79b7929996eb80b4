"""Labels: what they imitate, what they pretend to be, whose siblings they are. Tables of cases."""

import time

import pytest

from abuse import lookalikes, stems

BRANDS = ["paypal", "microsoft", "visa", "amazon", "google", "icloud"]


def a_label(text: str) -> str:
    return text.encode("idna").decode()


@pytest.mark.parametrize(
    ("label", "brand", "how"),
    [
        ("paypal", "paypal", "the brand itself"),
        ("paypal-login", "paypal", "a lure beside it"),
        ("secure-paypal", "paypal", "a lure beside it"),
        ("paypallogin", "paypal", "a lure beside it"),
        ("loginpaypal2", "paypal", "a lure beside it"),
        ("paypal-login24", "paypal", "a lure beside it"),
        ("micros0ft", "microsoft", "digits or pairs in the place of letters"),
        ("rnicrosoft", "microsoft", "digits or pairs in the place of letters"),
        ("paypa1", "paypal", "digits or pairs in the place of letters"),
        ("g00gle", "google", "digits or pairs in the place of letters"),
        ("arnaz0n", "amazon", "digits or pairs in the place of letters"),
        ("paypa1-security", "paypal", "digits or pairs in the place of letters"),
        ("v1sa-verify", "visa", "digits or pairs in the place of letters"),
        ("paypol", "paypal", "one letter off"),
        ("paypall", "paypal", "one letter off"),
        ("paypl", "paypal", "one letter off"),
        ("apypal", "paypal", "one letter off"),
        ("gogole", "google", "one letter off"),
        (a_label("pаypal"), "paypal", "letters of another script"),
        (a_label("pаypаl-login"), "paypal", "letters of another script"),
        (a_label("páypal"), "paypal", "letters of another script"),
        (a_label("gооgle"), "google", "letters of another script"),
    ],
)
def test_label_that_imitates(label, brand, how):
    found = lookalikes.likeness(label, BRANDS)
    assert found is not None
    assert (found.brand, found.how) == (brand, how)


@pytest.mark.parametrize(
    "label",
    "home vista visit amazing johns-paypal-notes pay pal my-cloud camera1 xn--invalid- router-visa 1234".split(),
)  # fmt: skip
def test_label_that_imitates_nobody(label):
    assert lookalikes.likeness(label, BRANDS) is None


def test_no_brands_are_imitated_by_nobody():
    assert lookalikes.likeness("paypal", []) is None


@pytest.mark.parametrize("label", ["1" * 63, "1rn" * 21, "0134578" * 9, "rn" * 31, "a-" * 31 + "a"])
def test_label_made_to_cost_time_is_folded_within_bounds(label):
    began = time.process_time()
    lookalikes.likeness(label, [f"brand{number}" for number in range(2000)])
    # Not a timing: without the bound it would be 2 to the power of 63 spellings.
    assert time.process_time() - began < 60


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("com-verify", ("com-",)),
        ("paypal-com", ("-com",)),
        ("irs-gov-refund", ("-gov-",)),
        ("uk-post", ("uk-",)),
        ("njrat5552", ("njrat",)),
        ("myhacker", ("hack",)),
        ("my-rat", ("-rat",)),
        ("pirate", ()),
        ("karate", ()),
        ("commerce", ()),
        ("home", ()),
        ("telecom", ()),
    ],
)
def test_tokens(label, expected):
    assert lookalikes.tokens(label) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("xkqzvwpfjh", True),
        ("qwzxkvbnmpl", True),
        ("home", False),
        ("wohnzimmerkamera", False),
        ("francescaserver", False),
        ("weatherstation", False),
        ("192-0-2-1-abc", False),
    ],
)
def test_randomness(label, expected):
    assert lookalikes.looks_random(label) is expected


@pytest.mark.parametrize(
    ("label", "stem"),
    [
        ("camera1", "camera"),
        ("camera-22", "camera"),
        ("camera", "camera"),
        ("cam1", ""),
        ("12345", ""),
        ("a1b2c3d4", "a1b2c3d"),
        ("", ""),
    ],
)
def test_stem(label, stem):
    assert stems.of(label) == stem


@pytest.mark.parametrize(
    ("label", "expected"),
    [("camera7", True), ("camera", True), ("camera-7", True), ("cameras", False), ("camera7b", False)],
)
def test_sibling(label, expected):
    assert stems.is_sibling(label, "camera") is expected
    assert not stems.is_sibling(label, "")
