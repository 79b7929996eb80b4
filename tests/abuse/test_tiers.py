"""Tiers: by record, told and entered; warned before doubted, doubted for a time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import reporters, tiers
from abuse.errors import NotAllowed, NothingToDo, ReasonMissing
from abuse.models import LedgerEntry, Reporter, ReporterMail
from abuse.reporters import UNKNOWN, Accuracy
from tests.abuse import rows
from tests.abuse.test_reporters import decided

NOW = timezone.now()
DAY = timedelta(days=1)


def record(upheld: int, rejected: int) -> Accuracy:
    count = upheld + rejected
    return Accuracy(*reporters.interval(upheld, count), count, upheld)


def reporter(**fields) -> Reporter:
    return Reporter(**{"identity": "org:example.net", "kind": "organisation", "tier": "C", **fields})


WARNED = {"warned_at": NOW - 10 * DAY}


@pytest.mark.parametrize(
    ("who", "of_late", "since_warning", "step"),
    [
        (reporter(), UNKNOWN, UNKNOWN, None),
        (reporter(), record(19, 0), UNKNOWN, None),
        (reporter(), record(34, 0), UNKNOWN, None),
        (reporter(), record(40, 0), UNKNOWN, ("B", False)),
        (reporter(), record(100, 15), UNKNOWN, None),
        (reporter(identity="claimed:org:example.net"), record(400, 0), UNKNOWN, None),
        (reporter(identity="claimed:org:example.net"), record(0, 400), UNKNOWN, None),
        (reporter(identity="anonymous"), record(0, 400), UNKNOWN, None),
        (reporter(is_tier_set_by_hand=True, tier="A"), record(0, 400), UNKNOWN, None),
        (reporter(tier="B"), record(40, 0), UNKNOWN, None),
        (reporter(tier="B"), UNKNOWN, UNKNOWN, None),
        (reporter(tier="B"), record(14, 6), UNKNOWN, ("C", False)),
        (reporter(), record(0, 9), UNKNOWN, None),
        (reporter(), record(4, 6), UNKNOWN, None),
        (reporter(), record(1, 9), UNKNOWN, ("C", True)),
        (reporter(**WARNED), record(1, 9), UNKNOWN, None),
        (reporter(**WARNED), record(1, 9), record(0, 4), None),
        (reporter(**WARNED), record(1, 14), record(1, 4), ("D", False)),
        (reporter(**WARNED), record(1, 14), record(3, 2), None),
        (reporter(warned_at=NOW - 200 * DAY), UNKNOWN, UNKNOWN, ("C", False)),
        (reporter(tier="D", doubted_until=NOW + DAY, **WARNED), record(0, 50), record(0, 50), None),
        (reporter(tier="D", doubted_until=NOW - DAY, **WARNED), record(0, 50), record(0, 50), ("C", False)),
    ],
)
def test_step(who, of_late, since_warning, step):
    found = tiers.step(who, of_late, since_warning, NOW)
    assert (found and (found.tier.value, found.is_warning)) == step


@pytest.fixture
def trudy(db) -> Reporter:
    return rows.reporter(contact="soc@example.net")


def test_wrong_reporter_is_warned_then_doubted_then_trusted_as_anybody(home, trudy):
    decided(home, trudy, "rejected", times=12)
    assert tiers.review(timezone.now()) == 1
    trudy.refresh_from_db()
    assert (trudy.tier, trudy.warned_at is None) == ("C", False)
    assert tiers.review(timezone.now()) == 0
    decided(home, trudy, "rejected", times=5)
    assert tiers.review(timezone.now()) == 1
    trudy.refresh_from_db()
    assert (trudy.tier, reporters.weight(trudy)) == ("D", 0.1)
    Reporter.objects.update(doubted_until=timezone.now() - DAY)
    tiers.review(timezone.now())
    trudy.refresh_from_db()
    assert (trudy.tier, trudy.warned_at, trudy.doubted_until) == ("C", None, None)
    assert (
        list(ReporterMail.objects.filter(address="soc@example.net").values_list("address", flat=True))
        == ["soc@example.net"] * 3
    )
    entries = list(LedgerEntry.objects.order_by("sequence").values_list("action", "actor", "object"))
    mine = f"reporter {trudy.pk}"
    assert entries == [("warn-reporter", None, mine), ("move-reporter", None, mine), ("move-reporter", None, mine)]


def test_ledger_names_no_mailbox(home, trudy):
    decided(home, trudy, "rejected", times=12)
    tiers.review(timezone.now())
    assert "example.net" not in str(list(LedgerEntry.objects.values()))


def test_claimed_address_gets_no_warning(home):
    claimed = rows.reporter("claimed:org:example.org", contact="victim@example.org")
    decided(home, claimed, "rejected", times=40)
    assert tiers.review(timezone.now()) == 0
    assert not ReporterMail.objects.exists()


def test_tier_by_hand_stays_whatever_the_record_says(home, trudy, root):
    tiers.set_by_hand(trudy, Reporter.Tier.TRUSTED, reason="Trusted flagger by the authority's list.", by=root)
    decided(home, trudy, "rejected", times=40)
    assert tiers.review(timezone.now()) == 0
    entry = LedgerEntry.objects.get(action="set-tier")
    assert (entry.actor, entry.details["tier"], entry.details["before"]["tier"]) == (root, "A", "C")
    tiers.set_by_hand(trudy, None, reason="It is on the list no more.", by=root)
    trudy.refresh_from_db()
    assert (trudy.tier, trudy.is_tier_set_by_hand) == ("C", False)


@pytest.mark.parametrize("tier", ["A", "B"])
def test_claim_is_never_trusted(root, tier):
    claimed = rows.reporter("claimed:org:example.org")
    with pytest.raises(NotAllowed):
        tiers.set_by_hand(claimed, Reporter.Tier(tier), reason="They wrote so.", by=root)


def test_only_who_may_change_settings_sets_tiers_and_warns(trudy, oscar):
    with pytest.raises(NotAllowed):
        tiers.set_by_hand(trudy, Reporter.Tier.TRUSTED, reason="a friend", by=oscar)
    with pytest.raises(NotAllowed):
        tiers.warn(trudy, reason="no friend", by=oscar)


def test_warning_wants_a_reason_and_is_given_once(trudy, root):
    with pytest.raises(ReasonMissing):
        tiers.warn(trudy, reason=" ", by=root)
    tiers.warn(trudy, reason="Nine of ten were your own customers.", by=root)
    assert "Nine of ten" in ReporterMail.objects.get().text
    with pytest.raises(NothingToDo):
        tiers.warn(trudy, reason="again", by=root)


def test_move_is_told_in_the_language_of_what_was_reported_last(root, home):
    house = rows.reporter(contact="abuse@example.net")
    rows.report(rows.case(home), reporter=house, language="de")
    tiers.set_by_hand(house, Reporter.Tier.KNOWN, reason="Their reports hold.", by=root)

    assert "wiegen von jetzt an mehr" in ReporterMail.objects.get().text
