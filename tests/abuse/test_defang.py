"""What strangers wrote cannot be clicked, or copied into a browser by mistake."""

import pytest

from abuse.templatetags.desk import defang, percent

TEXTS = [
    ("see https://Bank.example/login?a=1.2", "see hxxps://Bank[.]example/login?a=1.2"),
    ("HTTP://198.51.100.7/x", "hxxp://198[.]51[.]100[.]7/x"),
    ("hxxp://evil[.]example", "hxxp://evil[.]example"),
    ("mail to a@mail.example now.", "mail to a@mail[.]example now."),
    ("It is live. The kit is 1.5 MB.", "It is live. The kit is 1.5 MB."),
    ("xn--bcher-kva.example", "xn--bcher-kva[.]example"),
    ("", ""),
    (None, ""),
    (7, "7"),
]


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_text_is_defanged(text, shown):
    assert defang(text) == shown


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0%"), (1, "100%"), (0.0462, "4.6%"), (0.00046, "0.046%"), (1e-7, "less than 0.001%")]
)
def test_share_has_as_many_digits_as_it_takes(share, words):
    assert percent(share) == words
