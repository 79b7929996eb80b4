"""Pictures: how a delegation differs, and what a parent's servers say together."""

import pytest

from dnsupdate.pictures import Picture, Verdict, differences, judge

OURS = Picture(("ns1.ddns.example", "ns2.ddns.example"), (("ns1.ddns.example", ("192.0.2.53",)),), ("1 13 2 ab",))
SEIZED = Picture(("ns7.microsoftinternetsafety.example", "ns8.microsoftinternetsafety.example"))
OTHER = Picture(("ns1.example.net",))
GONE = Picture()


@pytest.mark.parametrize(
    ("shown", "verdict", "picture"),
    [
        # As expected.
        ([OURS, OURS], Verdict.AS_EXPECTED, OURS),
        ([OURS, None], Verdict.AS_EXPECTED, OURS),
        ([OURS, OURS, SEIZED], Verdict.AS_EXPECTED, OURS),
        ([OURS, OURS, OURS, SEIZED, OTHER], Verdict.AS_EXPECTED, OURS),
        ([OURS, None, None, None, None], Verdict.AS_EXPECTED, OURS),
        # Two say so, or one where there are no more than two.
        ([SEIZED, SEIZED], Verdict.CHANGED, SEIZED),
        ([SEIZED], Verdict.CHANGED, SEIZED),
        ([SEIZED, None], Verdict.CHANGED, SEIZED),
        ([SEIZED, OURS], Verdict.CHANGED, SEIZED),
        ([SEIZED, SEIZED, None, None, None], Verdict.CHANGED, SEIZED),
        ([SEIZED, SEIZED, OURS, OURS, None], Verdict.CHANGED, SEIZED),
        ([GONE, GONE, OURS], Verdict.CHANGED, GONE),
        # They differ among themselves, but none is as it should be.
        ([SEIZED, OTHER, SEIZED], Verdict.CHANGED, SEIZED),
        ([SEIZED, OTHER], Verdict.CHANGED, OTHER),
        ([OTHER, SEIZED], Verdict.CHANGED, OTHER),
        # A single one among several is not believed, and not taken for proof of the contrary.
        ([SEIZED, None, None], Verdict.UNKNOWN, None),
        ([SEIZED, OURS, None], Verdict.UNKNOWN, None),
        ([None, None], Verdict.UNKNOWN, None),
        ([], Verdict.UNKNOWN, None),
    ],
)
def test_the_parents_servers_say_it_together(shown, verdict, picture):
    assert judge(OURS, shown) == (verdict, picture)


def test_without_an_expected_picture_the_first_is_what_they_agree_on():
    assert judge(None, [OURS, OURS, SEIZED]) == (Verdict.CHANGED, OURS)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (OURS, []),
        (
            GONE,
            [
                "The parent no longer delegates the zone. Nameservers: were ns1.ddns.example, ns2.ddns.example; now none."
            ],
        ),
        (
            SEIZED,
            [
                "Nameservers: were ns1.ddns.example, ns2.ddns.example; now ns7.microsoftinternetsafety.example, "
                "ns8.microsoftinternetsafety.example.",
                "DS: was 1 13 2 ab; now none.",
            ],
        ),
        (
            Picture(OURS.ns, (("ns1.ddns.example", ("198.51.100.1",)),), OURS.ds),
            ["Glue of ns1.ddns.example: was 192.0.2.53; now 198.51.100.1."],
        ),
        (Picture(OURS.ns, (), OURS.ds), ["Glue of ns1.ddns.example: was 192.0.2.53; now none."]),
        (Picture(OURS.ns, OURS.glue, ()), ["DS: was 1 13 2 ab; now none."]),
    ],
)
def test_what_differs_is_said(now, words):
    assert differences(OURS, now) == words


def test_a_new_nameserver_comes_with_its_glue():
    now = Picture(("ns9.ddns.example",), (("ns9.ddns.example", ("198.51.100.1",)),), OURS.ds)
    assert "Glue of ns9.ddns.example: was none; now 198.51.100.1." in differences(OURS, now)


def test_whatever_differs_is_said():
    """No two pictures are unequal without a word: an alarm would have nothing to say."""
    for now in (GONE, SEIZED, OTHER, Picture(OURS.ns), Picture(OURS.ns, OURS.glue)):
        assert differences(OURS, now)
        assert differences(now, OURS)


@pytest.mark.parametrize("picture", [OURS, SEIZED, GONE])
def test_a_picture_is_stored_and_read_again(picture):
    assert Picture.from_json(picture.to_json()) == picture
