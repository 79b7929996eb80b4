"""Scoring: the score is on the case, a hold is a decision like any other, and twice is once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import decisions, scoring, tasks
from abuse.facts import Facts
from abuse.intake.drafts import Draft, Subject
from abuse.models import Assessment, Case, Decision, LedgerEntry, ProtectedName, Rule
from ddns.models import Hostname, User
from ddns.models.hostnames import State
from tests.abuse import readable, rows

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _addresses_that_the_internet_routes(home):
    """Documentation networks count as parked, and parked names are not held. The name is two days old."""
    Hostname.objects.filter(pk=home.pk).update(ipv4=None, ipv6=None, created_at=timezone.now() - 2 * DAY)


@pytest.fixture
def case(home):
    return rows.case(Hostname.objects.get(pk=home.pk), report_count=0)


def listed(case: Case, confidence: float = 0.95, *, feed: str = "threatfox", **fields):
    details = {"confidence": confidence, "is_compromised": False}
    report = rows.report(case, reporter=rows.reporter(f"feed:{feed}", kind="feed"), details=details, **fields)
    Case.objects.filter(pk=case.pk).update(report_count=case.reports.count())
    return report


def state(home: Hostname) -> State:
    return Hostname.objects.get(pk=home.pk).state


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def holds(case: Case) -> list[Decision]:
    return list(Decision.objects.filter(case=case, action="hold"))


def test_score_and_its_reasons_are_on_the_case(case):
    listed(case, 0.8)
    score = scoring.rescore(case)
    stored = fresh(case)

    assert stored.score == score.total == 55
    assert [each["signal"] for each in stored.score_reasons] == ["feed_hit", "young_account"]
    assert stored.scored_at is not None
    assert scoring.stored(stored) == score
    assert holds(case) == []


def test_sure_feed_holds_a_young_name_and_the_case_stays_open(case, home):
    listed(case)
    scoring.rescore(case)
    (hold,) = holds(case)

    assert state(home) == State.HELD
    assert (hold.decided_by, hold.rule, hold.state) == (None, "feed-on-young-name", "done")
    assert hold.reason == "threatfox lists it with a confidence of 95%, on a name that is 2 days old."
    assert hold.ends_at - timezone.now() > 71 * HOUR
    assert fresh(case).closed_at is None
    assert LedgerEntry.objects.filter(action="hold", actor=None).exists()


def test_twice_is_once(case):
    listed(case)
    scoring.rescore(case)
    scoring.rescore(case)

    assert len(holds(case)) == 1


def test_hold_that_was_undone_is_not_taken_again_for_the_same(case, home, oscar):
    listed(case)
    scoring.rescore(case)
    decisions.undo(holds(case)[0], reason="It is a school's.", by=oscar)
    scoring.rescore(case)

    assert state(home) == State.LIVE
    assert len(holds(case)) == 1


def test_new_evidence_after_an_undone_hold_counts(case, home, oscar):
    listed(case, evidence_at=timezone.now() - HOUR)
    scoring.rescore(case)
    decisions.undo(holds(case)[0], reason="It is a school's.", by=oscar)
    listed(case, feed="urlhaus", evidence_at=timezone.now() + timedelta(seconds=1))
    scoring.rescore(case)

    assert state(home) == State.HELD
    assert len(holds(case)) == 2


def test_case_dismissed_before_settles_what_was_said_of_the_name(case, home, oscar):
    listed(case, evidence_at=timezone.now() - HOUR)
    decisions.take(case, action="dismiss", reason="It is a school's.", by=oscar)
    again = rows.case(home)
    listed(again, evidence_at=timezone.now() - HOUR)
    scoring.rescore(again)

    assert state(home) == State.LIVE


def test_closed_case_keeps_its_score(case):
    Case.objects.filter(pk=case.pk).update(closed_at=timezone.now(), state="closed", score=7)
    listed(case)

    assert scoring.rescore(case).total == 7
    assert holds(case) == []


@pytest.mark.parametrize("what", ["protected", "paid", "staff", "off"])
def test_name_that_policy_must_not_touch_stays_as_it_is(case, home, alice, what):
    match what:
        case "protected":
            ProtectedName.objects.create(name=home.name, reason="A hospital's.")
        case "paid":
            User.objects.filter(pk=alice.pk).update(plan="pro")
        case "staff":
            User.objects.filter(pk=alice.pk).update(is_staff=True)
        case "off":
            Rule.objects.update(is_on=False)
    listed(case)
    scoring.rescore(case)

    assert state(home) == State.LIVE
    assert Assessment.objects.get(case=case).rule == ""


def test_policy_stops_where_it_has_held_too_many(case, home, settings, caplog):
    settings.ABUSE_AUTOMATIC_HOLDS_PER_HOUR = 0
    listed(case)
    scoring.rescore(case)

    assert state(home) == State.LIVE
    assert "policy has held 0 names within an hour" in Assessment.objects.get(case=case).verdict
    assert "people have to look" in caplog.text


def test_what_a_person_has_proposed_is_left_to_people(case, home, oscar):
    rows.decision(case, by=oscar, action="hold", state="proposed", done_at=None)
    listed(case)
    scoring.rescore(case)

    assert state(home) == State.LIVE
    assert "It is not held by itself:" in Assessment.objects.get(case=case).verdict


def test_facts_are_kept_as_they_were_and_only_where_they_differ(case):
    listed(case, 0.8)
    scoring.rescore(case)
    scoring.rescore(case)
    kept = Assessment.objects.get(case=case)
    assert Facts.from_json(kept.facts).feed_hits[0].confidence == 0.8
    assert kept.verdict == "No rule is met: a person decides."

    rows.report(case)
    scoring.rescore(case)
    assert Assessment.objects.filter(case=case).count() == 2


def test_flood_of_reports_is_remembered_within_a_bound(case, monkeypatch):
    monkeypatch.setattr(scoring, "MOST_ASSESSMENTS", 2)
    for number in range(4):
        rows.report(case, reporter=rows.reporter(f"org:example{number}.net"))
        scoring.rescore(case)
    assert Assessment.objects.filter(case=case).count() == 2

    listed(case)
    scoring.rescore(case)
    assert Assessment.objects.filter(case=case).last().rule == "feed-on-young-name"


def test_cases_with_new_reports_are_scored_by_themselves_and_once(case, home):
    listed(case)

    assert scoring.rescore_due() == 1
    assert state(home) == State.HELD
    assert scoring.rescore_due() == 0


def test_case_that_cannot_be_scored_keeps_nobody_waiting(case, foreign, monkeypatch, caplog):
    other = rows.case(foreign)
    listed(case)
    gather = scoring.signals.gather_loaded

    def break_on_one(given, words):
        if given.pk == case.pk:
            raise RuntimeError("broken")
        return gather(given, words)

    monkeypatch.setattr(scoring.signals, "gather_loaded", break_on_one)

    assert scoring.rescore_due() == 1
    assert fresh(other).scored_at is not None
    assert f"Case {case.pk} cannot be scored." in caplog.text


def test_list_of_a_stranger_does_not_delay_the_score_of_what_is_proven(case, foreign, monkeypatch):
    """A post without a key opens thousands of cases; scoring them takes minutes, and what policy holds is held by then."""
    flood = rows.case(foreign, opened_at=timezone.now() - timedelta(hours=3))
    rows.report(flood, reporter=rows.reporter("claimed:org:example.net"))
    listed(case)
    Case.objects.update(scored_report_count=0)
    order, rescore = [], scoring.rescore

    def remember(given, *terms):
        order.append(given.pk)
        return rescore(given, *terms)

    monkeypatch.setattr(scoring, "rescore", remember)
    assert scoring.rescore_due() == 2
    assert order == [case.pk, flood.pk]


def test_task_scores_and_may_run_twice(case, home):
    listed(case)
    tasks.score_case(case.pk)
    tasks.score_case(case.pk)
    tasks.score_cases()
    tasks.follow_stays()
    tasks.purge_stays()

    assert state(home) == State.HELD
    assert len(holds(case)) == 1


def test_report_of_a_sure_feed_becomes_a_held_name_by_tasks_alone(home, monkeypatch):
    feed = rows.reporter("feed:threatfox", kind="feed")
    draft = Draft(
        kind="infrastructure/botnet",
        subjects=(Subject(name=home.name, port=5552, role="c2"),),
        details={"confidence": 0.95, "is_compromised": False, "malware_family": "njrat"},
    )
    readable.read(monkeypatch, draft, reporter=feed, door="feed")
    tasks.score_cases()

    case = Case.objects.get(hostname=home)
    assert state(home) == State.HELD
    assert holds(case)[0].rule == "feed-on-young-name"
    assert case.score >= 40
