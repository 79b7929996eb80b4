"""Backtests: honest about what was known when, about victims, and about how little a few cases say."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from abuse import backtests, policy
from abuse.backtests import Tally, wilson
from abuse.errors import InvalidParameter
from abuse.models import Assessment, Case, Rule, Weight
from abuse.reasons import SIGNALS
from tests.abuse import rows
from tests.abuse.made_facts import HOUR, NOW, facts, hit, voice, voices

pytestmark = pytest.mark.django_db

SURE = {"feed_hits": (hit(),)}


@pytest.fixture
def decided(home, oscar):
    """Makes a closed case on which a person decided, and what policy knew on the way."""

    def make(outcome: str, *known: dict, decided_at=NOW + HOUR, by=oscar) -> Case:
        case = rows.case(
            home, opened_at=NOW, state="closed", closed_at=decided_at, decided_at=decided_at, outcome=outcome
        )
        rows.decision(case, by=by)
        for number, changed in enumerate(known):
            at = NOW + number * timedelta(minutes=10)
            Assessment.objects.create(
                case=case, at=at, facts=facts(at=at, **changed).as_json(), total=0, reasons=[], verdict="-"
            )
        return case

    return make


def rule_of(result, key="feed-on-young-name"):
    of_rule = result.rules[key]
    return (of_rule.held.right, of_rule.held.wrong), (of_rule.forbidden.right, of_rule.forbidden.wrong)


@pytest.mark.parametrize(
    ("hits", "total", "expected"),
    [
        (0, 0, (0.0, 1.0)),
        (0, 10, (0.0, 0.278)),
        (10, 10, (0.722, 1.0)),
        (5, 10, (0.237, 0.763)),
        (95, 100, (0.888, 0.978)),
    ],
)
def test_interval(hits, total, expected):
    assert wilson(hits, total) == pytest.approx(expected, abs=0.001)
    assert Tally(hits, total - hits).is_few == (total < 20)


def test_rule_is_right_where_people_upheld_and_wrong_where_they_did_not(decided):
    decided("upheld", SURE)
    decided("rejected", SURE)
    decided("upheld", {})
    result = backtests.run()

    assert (result.all.right, result.all.wrong) == (2, 1)
    assert rule_of(result) == ((1, 1), (0, 0))
    assert result.recall("feed-on-young-name") == 0.5
    assert (result.signals["feed_hit"].right, result.signals["feed_hit"].wrong) == (1, 1)
    assert {each.rule for each in result.holds} == {"feed-on-young-name"}
    assert [each.earlier for each in result.holds] == [HOUR, HOUR]


def test_victim_that_would_have_been_held_is_wrong(decided):
    decided("informed", SURE)

    assert rule_of(backtests.run()) == ((0, 1), (0, 0))


@pytest.mark.parametrize("outcome", ["insufficient", "forwarded", "already_done", "not_ours", ""])
def test_outcome_that_says_nothing_is_left_out(decided, outcome):
    decided(outcome, SURE)
    result = backtests.run()

    assert (result.all.total, result.unknown_count, result.holds) == (0, 1, [])


def test_cases_that_only_policy_decided_or_nothing_was_remembered_of_are_no_proof(decided):
    decided("upheld", SURE, by=None)
    decided("upheld")
    result = backtests.run()

    assert (result.all.total, result.unknown_count) == (0, 1)


def test_guards_count_apart_and_show_whom_they_protected(decided):
    decided("rejected", SURE | {"is_paid": True})
    decided("upheld", SURE | {"is_paid": True})

    assert rule_of(backtests.run()) == ((0, 0), (1, 1))


def test_only_what_was_known_before_the_decision_counts(decided):
    decided("upheld", {}, SURE, decided_at=NOW + timedelta(minutes=5))
    result = backtests.run()

    assert rule_of(result) == ((0, 0), (0, 0))
    assert result.signals["feed_hit"].total == 0


def test_first_hold_of_a_rule_counts_once(decided):
    decided("upheld", {}, SURE, SURE)
    (hold,) = backtests.run().holds

    assert hold.at == NOW + timedelta(minutes=10)


def test_what_policy_held_itself_is_tried_as_if_it_had_not(decided):
    backed = {"voices": (*voices(2), voice(tier="B"))}
    decided("upheld", SURE, SURE | backed | {"state": "held"})

    assert rule_of(backtests.run(), "reports-on-young-name") == ((1, 0), (0, 0))


def test_rule_that_is_off_is_tried_too_and_said_to_be_off(decided):
    Rule.objects.update(is_on=False)
    decided("upheld", SURE)
    result = backtests.run()

    assert rule_of(result) == ((1, 0), (0, 0))
    assert not result.rules["feed-on-young-name"].is_on


def test_other_weights_and_rules_are_tried_without_changing_any(decided):
    decided("upheld", {"voices": voices(3), "joined_at": NOW - HOUR})
    tried = backtests.run(
        weights=backtests.present_weights({"independent_reports": 60, "young_account": {"points": 10, "is_on": True}}),
        rules=backtests.present_rules(
            {"score-on-young-name": {"parameters": {"score": 70}}}, only=["score-on-young-name"]
        ),
    )

    assert list(tried.rules) == ["score-on-young-name"]
    assert rule_of(tried, "score-on-young-name") == ((1, 0), (0, 0))
    assert Weight.objects.get(pk="independent_reports").points == 15
    assert rule_of(backtests.run(), "score-on-young-name") == ((0, 0), (0, 0))


def test_old_cases_are_passed_over(decided):
    decided("upheld", SURE)

    assert backtests.run(since=NOW + 2 * HOUR).all.total == 0


def test_facts_of_an_older_version_are_read(decided):
    case = decided("upheld", SURE)
    kept = Assessment.objects.get(case=case)
    del kept.facts["looks_random"]
    kept.facts["something_that_was_dropped"] = 1
    kept.save()

    assert backtests.run().all.total == 1


def test_few_cases_and_one_sided_ones_are_said_to_prove_nothing(decided):
    decided("upheld", SURE)
    said = " ".join(backtests.run().caveats)

    assert "too few to say anything" in said
    assert "All were decided alike" in said


def test_queries_do_not_grow_with_cases(decided, django_assert_max_num_queries):
    for _ in range(5):
        decided("upheld", SURE)
    with django_assert_max_num_queries(6):
        backtests.run()


@pytest.mark.parametrize(
    "changed",
    [{"gone": 1}, {"feed_hit": "x"}, {"feed_hit": True}, {"feed_hit": 1000}, {"feed_hit": {"parameters": {"gone": 1}}},
     {"feed_hit": {"parameters": {"days": -1}}}, {"feed_hit": {"parameters": 5}}, {"feed_hit": {"other": 1}},
     {"feed_hit": {"is_on": 1}}, [1]],
)  # fmt: skip
def test_weights_that_mean_nothing_are_refused(changed):
    with pytest.raises(InvalidParameter):
        backtests.present_weights(changed)


@pytest.mark.parametrize(("changed", "only"), [({"gone": True}, []), ({}, ["gone"]), ({"feed-on-young-name": 5}, [])])
def test_rules_that_mean_nothing_are_refused(changed, only):
    with pytest.raises(InvalidParameter):
        backtests.present_rules(changed, only=only)


def output(*arguments: str) -> str:
    out = StringIO()
    call_command("backtest_policy", *arguments, stdout=out)
    return out.getvalue()


def test_command_prints_a_table_wrong_holds_first(decided):
    decided("upheld", SURE)
    decided("rejected", SURE)
    text = output()

    assert "2 cases that people decided, 50% of them abuse; 0 left out." in text
    assert "50% (9% to 91%), few" in text
    assert text.index("NO ABUSE  case") < text.index("abuse     case")
    assert "too few to say anything" in text


def test_command_prints_json_lines(decided):
    decided("upheld", SURE)
    lines = [json.loads(line) for line in output("--json").splitlines()]

    assert lines[0] == {"of": "cases", "decided": 1, "abuse": 1, "left_out": 0}
    rule = next(each for each in lines if each.get("rule") == "feed-on-young-name" and each["of"] == "rule")
    assert (rule["count"], rule["right"], rule["precision"], rule["recall"]) == (1, 1, 1.0, 1.0)
    assert sum(each["of"] == "rule" for each in lines) == len(policy.RULES)
    assert sum(each["of"] == "signal" for each in lines) == len(SIGNALS)
    assert [each["name"] for each in lines if each["of"] == "hold"] == ["home.ddns.test"]


def test_command_says_so_where_there_is_nothing():
    assert "0 cases that people decided; 0 left out." in output("--since", "2026-01-01")


def test_command_tries_a_file(decided, tmp_path):
    decided("upheld", {"voices": voices(3)})
    path = tmp_path / "weights.json"
    path.write_text(json.dumps({"weights": {"independent_reports": 90}}))

    assert "by score-on-young-name: It scores 90 of 100" in output(
        "--weights", str(path), "--rule", "score-on-young-name"
    )


@pytest.mark.parametrize("content", ["", "[]", '{"other": 1}', '{"weights": {"gone": 1}}', "[" * 100_000])
def test_command_refuses_a_file_that_means_nothing(tmp_path, content):
    path = tmp_path / "weights.json"
    path.write_text(content)
    with pytest.raises(CommandError):
        output("--weights", str(path))


@pytest.mark.parametrize(
    "arguments", [("--since", "yesterday"), ("--rule", "gone"), ("--weights", "/nonexistent.json")]
)
def test_command_refuses_what_it_does_not_know(arguments):
    with pytest.raises(CommandError):
        output(*arguments)
