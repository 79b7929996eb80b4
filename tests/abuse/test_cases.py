"""Cases: many reports, one case; one holder each; closed with an answer to all."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import cases, clocks, reporters, reports, suspensions
from abuse.errors import CaseClosed, ReasonMissing
from abuse.intake.drafts import Attachment, Draft, Party, Subject
from abuse.models import Case, Category, LedgerEntry, Report, Reporter
from ddns import hostnames
from ddns.models import Hostname, ReservedName
from dnsupdate.models import Alarm
from tests.abuse import rows
from tests.abuse.readable import read

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TRUDY, IVAN = Party(contact="trudy@example.com"), Party(contact="ivan@example.net")
Outcome = Report.Outcome


def draft(kind: str = "content/phishing", name: str = "home.ddns.test", **fields) -> Draft:
    values = {"reporter": TRUDY, "description": "It imitates a bank's log-in page."} | fields
    return Draft(kind, (Subject(name=name, url=f"https://{name}/login"),), **values)


def case_of(report: Report) -> Case:
    assert report.case is not None
    return report.case


def test_kinds_of_one_route_share_a_case_and_the_worst_names_it(monkeypatch, home):
    (spam,) = read(monkeypatch, draft("messaging/spam"))
    due_at = case_of(spam).due_at
    (phishing,) = read(monkeypatch, draft("content/phishing"))
    case = case_of(phishing)
    assert case == spam.case
    assert (case.category_id, case.severity) == ("content/phishing", 90)
    assert case.due_at < due_at


def test_less_bad_report_leaves_the_clock(monkeypatch, home):
    (phishing,) = read(monkeypatch, draft("content/phishing"))
    (spam,) = read(monkeypatch, draft("messaging/spam"))
    case = case_of(spam)
    assert (case.category_id, case.due_at) == ("content/phishing", case_of(phishing).due_at)


@pytest.mark.parametrize("kind", ["connection/login_attack", "copyright/copyright", "content/csam"])
def test_another_route_is_another_case(monkeypatch, home, kind):
    (suspect,) = read(monkeypatch, draft("content/phishing"))
    (other,) = read(monkeypatch, draft(kind))
    assert suspect.case != other.case
    assert Case.objects.open().count() == 2


def test_clock_starts_when_a_report_is_complete(monkeypatch, home):
    bare = Draft("content/phishing", (Subject(name="home.ddns.test"),), reporter=TRUDY)
    (first,) = read(monkeypatch, bare)
    early = timezone.now() - DAY
    Case.objects.update(due_at=early)
    (second,) = read(monkeypatch, draft(reporter=IVAN))
    assert first.case == second.case
    assert case_of(second).due_at == second.received_at + Category.objects.get(pk="content/phishing").clock


def test_holders_of_one_name_have_a_case_each(monkeypatch, home, bob, domain):
    now = timezone.now()
    Hostname.objects.filter(pk=home.pk).update(created_at=now - 100 * DAY, released_at=now - 50 * DAY)
    ReservedName.objects.filter(name=home.name).delete()
    after = hostnames.register(bob, domain=domain, label="home")
    Hostname.objects.filter(pk=after.pk).update(created_at=now - 10 * DAY)
    (old,) = read(monkeypatch, draft(evidence_at=now - 70 * DAY))
    (new,) = read(monkeypatch, draft(evidence_at=now - DAY))
    assert (case_of(old).account, case_of(new).account) == (home.account, bob)
    assert (old.standing, new.standing) == ("held_since", "held")


def test_given_up_name_is_answered(monkeypatch, home):
    hostnames.release(home)
    (report,) = read(monkeypatch, draft(evidence_at=timezone.now() - timedelta(minutes=1)))
    assert (report.standing, report.outcome, report.case) == ("released", "already_done", None)
    assert "given it up" in report.answer


def test_given_up_name_of_somebody_with_others_is_a_case(monkeypatch, alice, home, domain):
    hostnames.register(alice, domain=domain, label="next")
    hostnames.release(home)
    (report,) = read(monkeypatch, draft())
    assert (report.standing, case_of(report).account) == ("released", alice)


def test_given_up_name_is_a_case_where_the_law_wants_to_know(monkeypatch, home):
    hostnames.release(home)
    (report,) = read(monkeypatch, draft("content/csam"))
    assert case_of(report).route == "restricted"


def test_name_that_is_suspended_is_answered_with_the_date_and_counted(monkeypatch, home, oscar):
    (first,) = read(monkeypatch, draft())
    suspensions.suspend(home, reason="phishing", by=oscar)
    cases.close(case_of(first), outcome=Outcome.UPHELD, by=oscar, reason="phishing")
    (second,) = read(monkeypatch, draft(reporter=IVAN))
    assert (second.state, second.outcome, second.case) == ("closed", "already_done", first.case)
    assert f"{timezone.now():%Y-%m-%d}" in second.answer
    assert Case.objects.get().report_count == 2


def test_suspended_name_gets_a_case_where_the_law_wants_one(monkeypatch, home, oscar):
    suspensions.suspend(home, reason="phishing", by=oscar)
    (report,) = read(monkeypatch, draft("content/csam"))
    assert case_of(report).closed_at is None


def dismissed(monkeypatch, oscar, **fields) -> Case:
    (report,) = read(monkeypatch, draft(**fields))
    return cases.close(case_of(report), outcome=Outcome.REJECTED, by=oscar, reason="it is a bank's own page")


def test_same_evidence_does_not_reopen_a_dismissed_case(monkeypatch, home, oscar):
    seen_at = timezone.now() - HOUR
    case = dismissed(monkeypatch, oscar, evidence_at=seen_at)
    (again,) = read(monkeypatch, draft(reporter=IVAN, evidence_at=seen_at))
    assert (again.case, again.state, again.outcome) == (case, "closed", "rejected")
    assert "nothing that we did not know" in again.answer
    assert not Case.objects.open().exists()


def test_dismissed_junk_of_a_stranger_silences_nobody_who_has_proven_who_it_is(monkeypatch, home, oscar):
    """Mallory reports her own name, badly, so that it is dismissed before the genuine report comes."""
    seen_at = timezone.now() - HOUR
    house, other = rows.reporter("org:cert.example"), rows.reporter("org:bank.example")
    case = dismissed(monkeypatch, oscar, evidence_at=seen_at)
    (genuine,) = read(monkeypatch, draft(evidence_at=seen_at), reporter=house)
    assert (genuine.state, case_of(genuine).closed_at) == ("open", None)
    assert genuine.case != case
    cases.close(case_of(genuine), outcome=Outcome.REJECTED, by=oscar, reason="not now")
    (heard,) = read(monkeypatch, draft(evidence_at=seen_at, description="The same in other words."), reporter=house)
    (second,) = read(monkeypatch, draft(evidence_at=seen_at), reporter=other)
    assert (heard.outcome, second.state) == ("rejected", "open")


@pytest.mark.parametrize(
    "fields",
    [
        {"evidence_at": None},
        {"kind": "content/malware", "evidence_at": "before", "attachments": (Attachment(b"a log"),)},
        {"kind": "content/csam", "evidence_at": "before"},
    ],
    ids=["seen since", "better evidence", "restricted"],
)
def test_what_is_new_opens_a_case_again(monkeypatch, home, oscar, fields):
    before = timezone.now() - HOUR
    case = dismissed(monkeypatch, oscar, evidence_at=before)
    fields = {name: before if value == "before" else value for name, value in fields.items()}
    (report,) = read(monkeypatch, draft(reporter=IVAN, **fields))
    assert report.case != case
    assert case_of(report).closed_at is None


def test_dismissal_of_long_ago_keeps_nothing_out(monkeypatch, home, oscar):
    seen_at = timezone.now() - 20 * DAY
    Hostname.objects.update(created_at=seen_at - DAY)
    case = dismissed(monkeypatch, oscar, evidence_at=seen_at)
    Case.objects.update(closed_at=timezone.now() - cases.LOOKED_AT_FOR - HOUR)
    (report,) = read(monkeypatch, draft(reporter=IVAN, evidence_at=seen_at))
    assert report.case != case


def test_closing_answers_every_report_once(monkeypatch, home, oscar):
    (first,) = read(monkeypatch, draft())
    read(monkeypatch, draft(reporter=IVAN))
    case = cases.close(case_of(first), outcome=Outcome.UPHELD, by=oscar, reason="phishing")
    assert (case.state, case.outcome, case.closed_at is None) == ("closed", "upheld", False)
    assert {(each.state, each.outcome, bool(each.answer)) for each in case.reports.all()} == {
        ("closed", "upheld", True)
    }
    assert set(Reporter.objects.values_list("upheld_count", flat=True).filter(reports__case=case)) == {1}
    with pytest.raises(CaseClosed):
        cases.close(case, outcome=Outcome.REJECTED, by=oscar, reason="once more")


def test_closing_wants_a_reason(home):
    with pytest.raises(ReasonMissing):
        cases.close(rows.case(home), outcome=Outcome.UPHELD, by=None, reason=" ")


def test_reopening_takes_back_answers_and_figures_and_says_so(monkeypatch, home, oscar):
    (report,) = read(monkeypatch, draft())
    case = cases.close(case_of(report), outcome=Outcome.UPHELD, by=oscar, reason="phishing")
    cases.reopen(case, by=oscar, reason="a mistake")
    report.refresh_from_db()
    assert (report.state, report.outcome, report.answered_at) == ("open", "", None)
    assert report.answer.startswith("Our decision about this was undone on ")
    assert report.reporter.upheld_count == 0
    case.refresh_from_db()
    assert (case.state, case.closed_at, case.outcome) == ("open", None, "")
    assert LedgerEntry.objects.get(action="reopen-case").reason == "a mistake"


def test_reopening_beside_an_open_case_gives_that_one(monkeypatch, home, oscar):
    (first,) = read(monkeypatch, draft())
    closed = cases.close(case_of(first), outcome=Outcome.UPHELD, by=oscar, reason="phishing")
    (second,) = read(monkeypatch, draft(reporter=IVAN))
    assert cases.reopen(closed, by=oscar, reason="a mistake") == second.case


def test_many_mails_of_one_house_are_one_source(monkeypatch, home):
    for number in range(12):
        read(monkeypatch, draft(reporter=Party(contact=f"soc+{number}@example.net"), external_id=str(number)))
    case = Case.objects.get()
    assert (case.report_count, case.source_count) == (12, 1)


def test_strangers_are_one_source_together_however_many_names_they_make_up(monkeypatch, home):
    for number in range(5):
        read(monkeypatch, draft(reporter=Party(contact=f"soc@example-{number}.com")))
    assert (Case.objects.get().report_count, Case.objects.get().source_count) == (5, 1)


def proven(domain: str) -> Reporter:
    return reporters.proven_by_mailbox(f"abuse@{domain}")


def test_houses_that_have_proven_who_they_are_are_a_source_each(monkeypatch, home):
    for each in ("one.example.com", "example.net", "example.org"):
        read(monkeypatch, draft(), reporter=proven(each))
    read(monkeypatch, draft())
    assert Case.objects.get().source_count == 4


def test_houses_that_send_the_same_file_are_one_source(monkeypatch, home):
    for each in ("example.com", "example.net"):
        read(monkeypatch, draft(attachments=(Attachment(b"the same log"),)), reporter=proven(each))
    read(monkeypatch, draft(attachments=(Attachment(b"another"),)), reporter=proven("example.org"))
    assert Case.objects.get().source_count == 2


def test_stranger_cannot_make_one_source_of_two(monkeypatch, home):
    for each in ("example.com", "example.net"):
        read(monkeypatch, draft(attachments=(Attachment(each.encode()),)), reporter=proven(each))
    read(monkeypatch, draft(attachments=(Attachment(b"example.com"), Attachment(b"example.net"))))
    assert Case.objects.get().source_count == 3


def test_own_name_calls_whoever_is_on_duty_until_it_is_closed(monkeypatch, domain, oscar):
    (report,) = read(monkeypatch, draft(name="ns1.ddns.test"))
    alarm = Alarm.objects.get(kind="desk")
    assert (alarm.zone, alarm.is_open) == (domain.zone, True)
    assert "ns1.ddns.test" in alarm.text
    cases.close(case_of(report), outcome=Outcome.REJECTED, by=oscar, reason="a mistake of a scanner")
    alarm.refresh_from_db()
    assert not alarm.is_open


def test_further_report_brings_a_case_back_that_waits_for_its_reporter(monkeypatch, home):
    (report,) = read(monkeypatch, draft())
    clocks.pause(case_of(report))
    (second,) = read(monkeypatch, draft(reporter=IVAN))
    assert (case_of(second).state, case_of(second).paused_at) == ("open", None)


@pytest.mark.parametrize(("kind", "state"), [("messaging/spam", "waits_customer"), ("content/malware", "open")])
def test_only_something_worse_ends_the_wait_for_the_customer(monkeypatch, home, kind, state):
    (report,) = read(monkeypatch, draft("content/fraud"))
    due_at = timezone.now() + 3 * DAY
    Case.objects.filter(pk=case_of(report).pk).update(state="waits_customer", due_at=due_at)
    (second,) = read(monkeypatch, draft(kind, reporter=IVAN))
    assert case_of(second).state == state
    assert (case_of(second).due_at == due_at) == (state == "waits_customer")


def test_counting_many_cases_takes_as_many_queries_as_one(monkeypatch, home, foreign, django_assert_num_queries):
    read(monkeypatch, draft())
    read(monkeypatch, draft(name="bob.ddns.test"))
    ids = list(Case.objects.values_list("pk", flat=True))
    with django_assert_num_queries(6):
        cases.recount_all(ids[:1])
    with django_assert_num_queries(6):
        cases.recount_all(ids)


def test_withdrawn_report_counts_no_more_and_the_last_one_closes_the_case(monkeypatch, home):
    (first,) = read(monkeypatch, draft())
    (second,) = read(monkeypatch, draft("messaging/spam", reporter=IVAN))
    reports.withdraw(first)
    case = Case.objects.get()
    assert (case.report_count, case.category_id, case.closed_at) == (1, "messaging/*", None)
    reports.withdraw(second)
    case.refresh_from_db()
    assert (case.report_count, case.state) == (0, "closed")


def test_evidence_from_before_anybody_held_a_customers_name_calls_nobody(monkeypatch, home):
    """A date in 1995 takes anybody a second to type; whoever is on duty is called for the platform's own names."""
    (report,) = read(monkeypatch, draft(evidence_at=timezone.now() - 9999 * DAY))
    assert (report.standing, case_of(report).hostname) == ("held_since", None)
    assert not Alarm.objects.exists()
    (own,) = read(monkeypatch, draft(name="ns1.ddns.test"))
    assert Alarm.objects.get().text.count("ns1.ddns.test") == 1
    cases.close(case_of(own), outcome=Outcome.REJECTED, by=None, reason="ours")
    assert Alarm.objects.get().closed_at is not None
