"""Policy: tables of what is found, what it weighs, and when a name is held without a person. It never suspends."""

import importlib
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from abuse import compromise, policy
from abuse.facts import Claim, Facts, Likeness, Suspended
from abuse.models import Brand, Rule, Weight
from abuse.networks import Network
from abuse.policy import Hold, Nothing
from abuse.reasons import SIGNALS, count, listed, span
from tests.abuse.made_facts import (
    DAY,
    HOSTING,
    HOUR,
    NOW,
    facts,
    hit,
    movement,
    place,
    trusted,
    voice,
    voices,
)  # fmt: skip


@dataclass
class Row:
    """A Weight or a Rule that is in no database."""

    key: str = ""
    signal: str = ""
    points: int = 0
    parameters: dict = field(default_factory=dict)
    is_on: bool = True


WEIGHTS = [Row(signal=key, points=each.points) for key, each in SIGNALS.items()]
RULES = [Row(key=key, is_on=each.is_on) for key, each in policy.RULES.items()]


def found(known: Facts) -> dict[str, int]:
    return {each.signal: each.points for each in policy.score(known, WEIGHTS).reasons}


def decided(known: Facts, rules: list[Row] = RULES) -> Hold | Nothing:
    return policy.decide(known, policy.score(known, WEIGHTS), rules)


CGNAT, VPN, SUNK = Network(kind="CGNAT"), Network(64502, "Example VPN", "SE", "VPN"), Network(kind="sinkhole")
SHARED = place(suspended=("bad.ddns.test",))
OLD_ACCOUNT = NOW - 800 * DAY
NEW = {"joined_at": NOW - 2 * DAY}
PAYPAL = Likeness(brand="paypal", how="one letter off")
OLD = {"created_at": NOW - 400 * DAY}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {}),
        # Feeds.
        ({"feed_hits": (hit(),)}, {"feed_hit": 40}),
        ({"feed_hits": (hit(0.75),)}, {"feed_hit": 40}),
        ({"feed_hits": (hit(0.74),)}, {}),
        ({"feed_hits": (replace(hit(), tier="D"),)}, {}),
        ({"feed_hits": (hit(None),)}, {"feed_hit": 40}),
        ({"feed_hits": (hit(ago=31 * DAY),)}, {}),
        ({"feed_hits": (hit(is_compromised=True),)}, {}),
        ({"feed_hits": (hit(),), "settled_at": NOW}, {}),
        # Reporters.
        ({"voices": (trusted(),)}, {"trusted_report": 30}),
        ({"voices": (trusted(accuracy=0.9),)}, {}),
        ({"voices": (trusted(decided_count=19),)}, {}),
        ({"voices": (replace(trusted(), grade=2),)}, {}),
        ({"voices": (replace(trusted(), tier="B"),)}, {}),
        ({"voices": voices(3)}, {"independent_reports": 15}),
        ({"voices": voices(2)}, {}),
        ({"voices": voices(3, tier="D")}, {}),
        ({"voices": voices(3, is_proven=False)}, {}),
        # Neighbours.
        ({"places": (SHARED,)}, {"shared_with_suspended": 25}),
        ({"places": (replace(SHARED, network=CGNAT),)}, {"sunk": 0}),
        ({"places": (replace(SHARED, network=VPN),)}, {"foreign_target": 10}),
        ({"places": (replace(SHARED, network=HOSTING),), "movement": movement(source_network=HOSTING)}, {}),
        ({"places": (place(new_in_day=4),)}, {"names_on_address": 20}),
        ({"places": (place(new_in_day=3),)}, {}),
        ({"places": (place(new_in_day=4),), "is_paid": True}, {"secured": -10}),
        ({"places": (place(network=CGNAT, new_in_day=400),)}, {"sunk": 0}),
        # The account.
        ({"suspended_names": (Suspended(name="bad.ddns.test", at=NOW),)}, {"account_suspended_before": 20}),
        ({"suspended_names": (Suspended(name="bad.ddns.test", at=NOW - 90 * DAY),)}, {"account_suspended_before": 10}),
        ({"suspended_names": (Suspended(name="bad.ddns.test", at=NOW - 181 * DAY),)}, {}),
        ({"sign_ups_nearby": 2}, {"sign_up_burst": 15}),
        ({"sign_ups_nearby": 1}, {}),
        ({"joined_at": NOW - HOUR - 23 * HOUR}, {"young_account": 15}),
        ({"joined_at": NOW - HOUR - 24 * HOUR}, {}),
        ({"has_second_factor": True}, {"secured": -10}),
        ({"appeals_won": 1}, {"appeal_won": -30}),
        # Movement.
        ({"movement": movement(networks_in_day=("AS1", "AS2", "AS3", "AS4"))}, {"many_networks": 15}),
        ({"movement": movement(networks_in_day=("AS1", "AS2", "AS3"), countries_in_day=("DE", "NL"))}, {}),
        ({"movement": movement(countries_in_day=("DE", "NL", "US"))}, {"many_networks": 15}),
        ({"places": (place(network=HOSTING),)}, {"foreign_target": 10}),
        ({"places": (place(network=HOSTING),), "movement": movement(source_network=Network())}, {}),
        (OLD, {"established": -20}),
        (OLD | {"movement": movement(networks=("AS1", "AS2", "AS3"))}, {}),
        ({"places": (place(network=SUNK),)}, {"sunk": 0}),
        ({"places": (place(network=SUNK), place())}, {}),
        # Labels; weak ones never alone.
        ({"likeness": PAYPAL}, {"lookalike": 20}),
        ({"suspended_siblings": ("camera2.ddns.test",)}, {"sibling": 10}),
        ({"tokens": ("com-",)}, {"tokens": 0}),
        ({"is_mail_disposable": True, "looks_random": True}, {"disposable_mail": 0, "random_label": 0}),
        ({"tokens": ("com-",), "sign_ups_nearby": 2}, {"sign_up_burst": 15, "tokens": 8}),
    ],
)  # fmt: skip
def test_signal(changed, expected):
    assert found(facts(**changed)) == expected


def test_score_stays_between_nothing_and_a_hundred():
    worst = facts(
        feed_hits=(hit(),), voices=(trusted(), *voices(3)), places=(replace(SHARED, new_in_day=9),), sign_ups_nearby=9,
        suspended_names=(Suspended(name="bad.ddns.test", at=NOW),),
    )  # fmt: skip
    assert policy.score(worst, WEIGHTS).total == 100
    assert policy.score(facts(appeals_won=1), WEIGHTS).total == 0


def test_weight_that_is_off_or_unknown_counts_nothing():
    rows = [Row(signal="feed_hit", points=40, is_on=False), Row(signal="gone", points=9)]
    assert policy.score(facts(feed_hits=(hit(),)), rows).reasons == ()


def test_thresholds_are_those_of_the_weight():
    strict = [Row(signal="feed_hit", points=40, parameters={"confidence": 0.99})]
    assert policy.score(facts(feed_hits=(hit(0.95),)), strict).total == 0


def test_reasons_are_sentences_with_figures_the_weightiest_first():
    score = policy.score(facts(feed_hits=(hit(),), voices=voices(3), joined_at=NOW - 3 * HOUR), WEIGHTS)

    assert [each.sentence for each in score.reasons] == [
        "threatfox lists the name as malicious, with a confidence of 95%, not as compromised.",
        "Three independent reporters within a minute.",
        "The account was 2 hours old when the name was first reported.",
    ]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({}, None),
        ({"feed_hits": (hit(),)}, "feed-on-young-name"),
        ({"feed_hits": (hit(0.89),)}, None),
        ({"feed_hits": (hit(None),)}, None),
        ({"feed_hits": (hit(),), "created_at": NOW - 8 * DAY}, None),
        ({"feed_hits": (hit(),), "settled_at": NOW - timedelta(minutes=1)}, None),
        ({"voices": voices(3)}, None),
        ({"voices": (*voices(2), voice(tier="B"))}, "reports-on-young-name"),
        # What a name answers anybody can ask, so evidence that agrees with our history makes no stranger known.
        ({"voices": voices(3, grade=3)}, None),
        ({"voices": (*voices(2, grade=3), voice(tier="A"))}, "reports-on-young-name"),
        ({"voices": (*voices(2), voice(tier="B", ago=25 * HOUR))}, None),
        ({"voices": (*voices(2), voice(tier="B", is_proven=False))}, None),
        ({"voices": (*voices(1), voice(tier="B"))}, None),
        ({"voices": (trusted(),)}, "trusted-report-on-young-name"),
        ({"voices": (trusted(),), "settled_at": NOW - 2 * HOUR}, "trusted-report-on-young-name"),
        ({"voices": (trusted(),), "settled_at": NOW - HOUR}, None),
    ],
)
def test_rule(changed, rule):
    verdict = decided(facts(**changed))
    assert (verdict.rule if isinstance(verdict, Hold) else None) == rule


def test_hold_says_why_in_a_sentence_and_ends_by_itself():
    verdict = decided(facts(voices=(*voices(2), voice(tier="B", ago=3 * HOUR))))

    why = "Three independent reporters in 2 hours, on a name that is 2 days old."
    assert verdict == Hold("reports-on-young-name", why, 3 * DAY)


def test_rule_by_score_is_off_until_it_is_switched_on():
    known = facts(voices=voices(3), places=(replace(SHARED, new_in_day=9),), sign_ups_nearby=9)
    assert policy.score(known, WEIGHTS).total == 75
    assert isinstance(decided(known), Nothing)

    assert decided(known, [Row(key="score-on-young-name")]).rule == "score-on-young-name"


def test_rule_that_is_off_or_unknown_holds_nothing():
    known = facts(feed_hits=(hit(),))
    assert isinstance(decided(known, [Row(key="feed-on-young-name", is_on=False), Row(key="gone")]), Nothing)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"protection": "A hospital's."}, "protected name: A hospital's."),
        ({"is_paid": True, "plan": "pro"}, "pays for its plan (pro)"),
        ({"is_staff": True}, "member of staff"),
        ({"before_holder_count": 1}, "older than the present holder"),
        ({"claims": (Claim(report="r", at=NOW, claimed=("192.0.2.1",), ours=("192.0.2.2",)),)}, "contradicts a report"),
        ({"claims": (Claim(report="r", at=NOW, claimed=("192.0.2.1",), ours=()),)}, "the name answered nothing"),
        ({"places": (place(network=SUNK),)}, "sinkhole"),
        ({"places": (place(network=VPN),)}, "VPN"),
        ({"places": (place(network=CGNAT),)}, "CGNAT"),
        ({"feed_hits": (hit(), hit(is_compromised=True))}, "holder is a victim"),
        ({"appeals_won": 1}, "won an appeal"),
        ({"joined_at": OLD_ACCOUNT, "other_name_count": 0, "kinds": ("connection/scan",)}, "rather than malicious"),
    ],
)  # fmt: skip
def test_guard_forbids_a_hold_and_says_why(changed, word):
    verdict = decided(facts(**{"feed_hits": (hit(),)} | changed))

    assert isinstance(verdict, Nothing)
    assert word in verdict.why
    assert verdict.guards


def test_old_name_with_steady_updates_is_never_held():
    rules = [Row(key="feed-on-young-name", parameters={"age_days": 9999})]
    old = facts(feed_hits=(hit(),), created_at=NOW - 181 * DAY)

    assert "181 days old and still updated" in decided(old, rules).why
    assert isinstance(decided(replace(old, last_contact_at=NOW - 31 * DAY), rules), Hold)


def test_claims_that_agree_or_cannot_be_judged_forbid_nothing():
    claims = (
        Claim(report="a", at=NOW, claimed=("192.0.2.1",), ours=("192.0.2.1",)),
        Claim(report="b", at=NOW, claimed=("192.0.2.1",), ours=None),
    )
    assert isinstance(decided(facts(feed_hits=(hit(),), claims=claims)), Hold)


def test_what_a_stranger_gets_wrong_keeps_no_name_from_being_held():
    """Else whoever holds a bad name reports it themselves, with addresses that it never answered."""
    wrong = Claim(report="a", at=NOW, claimed=("192.0.2.1",), ours=(), identity="org:example1.net", weighs=False)
    assert isinstance(decided(facts(feed_hits=(hit(),), claims=(wrong,))), Hold)
    # Nor does a stranger who is wrong corroborate anything.
    three = (*voices(2), voice("org:cert.example", tier="B"))
    assert isinstance(decided(facts(voices=three)), Hold)
    assert isinstance(decided(facts(voices=three, claims=(wrong,))), Nothing)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"created_at": None}, "Nobody holds the name now."),
        ({"is_released": True}, "Nobody holds the name now."),
        ({"state": "held"}, "The name is held already."),
        ({"state": "suspended"}, "The name is suspended already."),
        ({"state": "diverted"}, "The name is diverted already."),
        ({"route": "victim"}, "The holder is not suspected: a person decides."),
        ({"route": "restricted"}, "The holder is not suspected: a person decides."),
        ({"may_hold": False}, "Names of this category are not held without a person."),
    ],
)
def test_what_is_no_question_for_policy(changed, why):
    assert decided(facts(feed_hits=(hit(),), **changed)) == Nothing(why)


@pytest.mark.parametrize(
    ("changed", "leans"),
    [
        ({}, compromise.UNSURE),
        (NEW | {"created_at": NOW - 2 * HOUR, "places": (place(network=HOSTING),)}, compromise.MALICIOUS),
        (NEW | {"siblings": ("a2.test", "a3.test"), "last_agent": "curl/8.5"}, compromise.MALICIOUS),
        ({"likeness": PAYPAL, "is_mail_disposable": True, "last_agent": "", "siblings": ("a", "b")}, compromise.MALICIOUS),
        ({"joined_at": OLD_ACCOUNT, "kinds": ("connection/scan",), "last_agent": "FRITZ!Box 7590"}, compromise.COMPROMISED),
        ({"joined_at": OLD_ACCOUNT, "paths": ("/wp-content/uploads/x/login.html",)}, compromise.COMPROMISED),
        ({"feed_hits": (hit(is_compromised=True),)}, compromise.COMPROMISED),
        ({"joined_at": OLD_ACCOUNT, "tokens": ("njrat",), "places": (place(network=HOSTING),)}, compromise.UNSURE),
    ],
)  # fmt: skip
def test_judgement_leans(changed, leans):
    judgement = compromise.judge(facts(**changed))
    assert judgement.leans == leans
    assert all(each.endswith(".") for each in judgement.reasons)


def test_words():
    assert [count(n, "report") for n in (0, 1, 3, 40)] == ["no reports", "one report", "three reports", "40 reports"]
    assert [listed(each) for each in ([], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"])] == [
        "", "a", "a and b", "a, b and c", "a, b, c and 1 more",
    ]  # fmt: skip
    spans = [timedelta(0), timedelta(minutes=2), HOUR, 47 * HOUR, 2 * DAY, 800 * DAY]
    assert [span(each) for each in spans] == ["a minute", "2 minutes", "1 hour", "47 hours", "2 days", "2 years"]


@pytest.mark.django_db
def test_rows_of_the_migration_are_those_that_policy_knows():
    weights = {row.signal: (row.points, row.parameters, row.is_on) for row in Weight.objects.all()}
    assert weights == {key: (each.points, dict(each.parameters), True) for key, each in SIGNALS.items()}
    rules = {row.key: (row.title, row.parameters, row.is_on) for row in Rule.objects.all()}
    assert rules == {key: (each.title, dict(each.parameters), each.is_on) for key, each in policy.RULES.items()}
    assert Brand.objects.filter(word="paypal").exists()


def test_policy_asks_no_database():
    for module in ("policy", "reasons", "compromise", "facts"):
        source = importlib.import_module(f"abuse.{module}").__loader__.get_data(f"abuse/{module}.py").decode()
        assert "from abuse.models" not in source
        assert "django" not in source
