"""The queue: what is due first first, page by page, for whom it is, found by what was pasted."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from abuse import queue
from abuse.models import Appeal, Case, Decision, Mailbox, Message, Report
from abuse.queue import Tab
from ddns import hostnames
from ddns.models import User
from tests.abuse import page_rows as rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db
LIST = reverse("admin:abuse_case_changelist")


@pytest.fixture
def names(alice, domain):
    return [hostnames.register(alice, domain=domain, label=f"name{number}") for number in range(8)]


@pytest.fixture
def named(oscar):
    """Oscar, who is one of the named people for restricted cases."""
    oscar.user_permissions.add(Permission.objects.get(codename="view_restricted_case"))
    return User.objects.get(pk=oscar.pk)


def shown(user, tab=Tab.MINE, **more) -> list[str]:
    return [row.case.name.partition(".")[0] for row in queue.page(user, tab, **more).rows]


def test_what_is_due_first_is_first_and_of_those_due_at_once_the_worst(oscar, names):
    due_at = timezone.now() + timedelta(hours=1)
    rows.case(names[0], kind="copyright/piracy", due_at=due_at)
    rows.case(names[1], kind="content/phishing", due_at=due_at)
    rows.case(names[2], due_in=timedelta(minutes=-5))
    rows.case(names[3], due_in=timedelta(hours=2))
    assert shown(oscar) == ["name2", "name1", "name0", "name3"]


def test_pages_follow_without_gap_or_repetition(oscar, names, monkeypatch):
    monkeypatch.setattr(queue, "PAGE_ROWS", 3)
    due_at = timezone.now() + timedelta(hours=1)
    for name in names:
        rows.case(name, due_at=due_at)
    first = queue.page(oscar, Tab.MINE)
    Case.objects.filter(pk=first.rows[1].case.pk).update(state="closed", closed_at=timezone.now())
    seen, mark = [row.case.pk for row in first.rows], first.next_mark
    while mark:
        page = queue.page(oscar, Tab.MINE, after=mark)
        seen, mark = seen + [row.case.pk for row in page.rows], page.next_mark
    assert seen == list(Case.objects.order_by("pk").values_list("pk", flat=True))


def test_closed_cases_are_paged_by_when_they_were_closed(oscar, names, monkeypatch):
    monkeypatch.setattr(queue, "PAGE_ROWS", 2)
    for number, name in enumerate(names[:5]):
        rows.case(name, state="closed", closed_at=timezone.now() - timedelta(hours=number // 2))
    seen, mark = [], ""
    while True:
        page = queue.page(oscar, Tab.CLOSED, after=mark)
        seen, mark = seen + [row.case.name[:5] for row in page.rows], page.next_mark
        if not mark:
            break
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("mark", ["", "x", "1.2", "99999999999999999.1.1", "-1.2.3", "1.1.1 OR 1=1"])
def test_mark_that_is_none_is_the_beginning_or_the_end(oscar, names, mark):
    rows.case(names[0])
    assert shown(oscar, after=mark) in (["name0"], [])


def test_each_case_waits_for_whom_it_waits(oscar, names):
    proposed, customer, reporter, appealed = (rows.case(name) for name in names[:4])
    rows.decision(proposed, oscar, state=Decision.State.PROPOSED)
    Case.objects.filter(pk=customer.pk).update(state=Case.State.WAITING_CUSTOMER)
    Case.objects.filter(pk=reporter.pk).update(state=Case.State.WAITING_REPORTER, paused_at=timezone.now())
    done = rows.decision(appealed, oscar)
    Appeal.objects.create(case=appealed, decision=done, party="customer", text="It was not me.", due_at=timezone.now())
    assert shown(oscar, Tab.MINE) == ["name3"]
    assert shown(oscar, Tab.SECOND) == ["name0"]
    assert shown(oscar, Tab.CUSTOMER) == ["name1"]
    assert shown(oscar, Tab.REPORTER) == ["name2"]
    assert shown(oscar, Tab.APPEALS) == ["name3"]


def test_paused_case_is_not_overdue(oscar, names):
    rows.case(names[0], due_in=timedelta(hours=-1))
    rows.case(names[1], due_in=timedelta(hours=-1), state="waits_reporter", paused_at=timezone.now())
    assert shown(oscar, Tab.OVERDUE) == ["name0"]


def test_clock_says_what_is_left_late_or_stands(names):
    now = timezone.now()
    half = queue.clock_of(rows.case(names[0], opened_at=now - timedelta(hours=2), due_at=now + timedelta(hours=2)))
    late = queue.clock_of(rows.case(names[1], due_in=timedelta(hours=-3)))
    paused = rows.case(names[2], paused_at=now - timedelta(days=3), due_at=now - timedelta(days=3, hours=-1))
    assert (half.percent, half.is_overdue, half.is_short) == (50, False, False)
    assert late.is_overdue
    assert late.percent == 0
    assert late.late > timedelta(hours=2)
    assert queue.clock_of(paused).is_paused
    assert not queue.clock_of(paused).is_overdue


def test_restricted_cases_are_there_for_named_people_alone(oscar, names):
    case = rows.case(names[0], kind="content/csam")
    rows.report(case)
    page = logged_in(oscar).get(LIST)
    assert "restricted" not in queue.tabs(oscar)
    assert names[0].name not in page.content.decode()
    assert "Restricted" not in page.content.decode()
    assert queue.counts(oscar)[Tab.MINE] == 0
    assert queue.found(oscar, names[0].name).rows == []
    assert queue.found(oscar, str(case.pk)).rows == []
    assert logged_in(oscar).get(f"{LIST}?tab=restricted").context["tab"] == "mine"


def test_named_person_sees_them(named, names):
    rows.case(names[0], kind="content/csam")
    assert shown(named, Tab.RESTRICTED) == ["name0"] == shown(named)
    assert queue.counts(named)[Tab.RESTRICTED] == 1


@pytest.mark.parametrize(
    "pasted",
    [
        "name0.ddns.test",
        "hxxps[:]//NAME0[.]ddns[.]test/login?x=1",
        "https://www.name0.ddns.test:8443/",
        "*.name0.ddns.test",
        "alice@example.com",
        "198.51.100.7",
        "evil.name0.ddns.test",
        "name0",
    ],
)
def test_case_is_found_by_what_was_pasted(oscar, names, pasted):
    case = rows.case(names[0])
    rows.report(case, address="198.51.100.7")
    assert [row.case.pk for row in queue.found(oscar, pasted).rows] == [case.pk]


def test_case_is_found_by_its_numbers(oscar, names):
    case, other = rows.case(names[0]), rows.case(names[1])
    report = rows.report(case)
    rows.report(other)
    evidence = rows.evidence(report, b"the kit", "kit.zip")
    for pasted in (f"#{case.pk}", f"Case {case.pk}", str(report.pk), str(report.submission_id), evidence.blob_id):
        assert [row.case.pk for row in queue.found(oscar, pasted).rows] == [case.pk], pasted


def test_found_nothing_says_what_to_try(oscar, names):
    page = logged_in(oscar).get(LIST, {"q": "<script>nothing.example"}).content.decode()
    assert "No case is about" in page
    assert "<script>nothing" not in page


def test_next_is_what_follows_and_from_the_last_the_first(oscar, names):
    cases = [rows.case(name, due_in=timedelta(hours=number)) for number, name in enumerate(names[:3])]
    assert queue.next_after(cases[0], oscar, Tab.MINE) == cases[1]
    assert queue.next_after(cases[2], oscar, Tab.MINE) == cases[0]


def test_next_is_rather_one_that_nobody_else_has_open(oscar, root, names):
    cases = [rows.case(name, due_in=timedelta(hours=number)) for number, name in enumerate(names[:3])]
    queue.presence.beat(cases[1].pk, root)
    assert queue.next_after(cases[0], oscar, Tab.MINE) == cases[2]
    queue.presence.leave(cases[1].pk, root)


def test_page_asks_the_same_number_of_queries_however_long_it_is(oscar, names, django_assert_num_queries):
    client = logged_in(oscar)
    for name in names[:2]:
        rows.report(rows.case(name))
    client.get(LIST)
    with django_assert_num_queries(14) as few:
        client.get(LIST)
    for name in names[2:]:
        case = rows.case(name)
        rows.report(case, by=rows.reporter(f"org:{name.name}"))
        rows.decision(case, oscar)
    with django_assert_num_queries(len(few)):
        page = client.get(LIST)
    assert len(page.context["page"].rows) == len(names)


def test_unreadable_submissions_have_their_own_part(oscar, names):
    report = rows.report(rows.case(names[0]))
    type(report.submission).objects.update(state="unreadable", problem="No parser knows this <b>format</b>.")
    page = logged_in(oscar).get(f"{LIST}?tab=unreadable").content.decode()
    assert "No parser knows this &lt;b&gt;format" in page


@pytest.mark.parametrize("tab", list(Tab))
def test_empty_parts_say_so(named, tab):
    assert logged_in(named).get(LIST, {"tab": tab.value}).status_code == 200


def test_stranger_customer_and_clerk_are_kept_out(alice, clerk):
    assert Client().get(LIST).status_code == 302
    assert logged_in(alice).get(LIST).status_code in (302, 403)
    assert logged_in(clerk).get(LIST).status_code == 403


def test_analyst_without_the_right_to_decide_gets_no_buttons(clerk, names):
    clerk.user_permissions.add(Permission.objects.get(codename="view_case"))
    rows.case(names[0])
    page = logged_in(clerk).get(LIST).content.decode()
    assert "name0" in page
    assert 'name="action"' not in page


def test_what_was_written_to_the_desk_is_marked_until_somebody_had_it_open(oscar, names):
    case = rows.case(names[0])
    Message.objects.create(case=case, side="customer", is_ours=False, text="My router was hacked.")
    client = logged_in(oscar)
    assert "new message" in client.get(LIST).content.decode()
    client.get(reverse("admin:abuse_case_change", args=[case.pk]))
    assert "new message" not in client.get(LIST).content.decode()


def test_start_page_shows_what_waits(oscar, names):
    rows.case(names[0], due_in=timedelta(hours=-1))
    rows.case(names[1], kind="content/csam")
    page = logged_in(oscar).get(reverse("admin:index")).content.decode()
    assert "<strong>1</strong> to decide" in page
    assert "<strong>1</strong> overdue" in page


def test_start_page_says_which_mailbox_cannot_be_read(oscar):
    Mailbox.objects.create(name="abuse@mail.example/INBOX", failing_since=timezone.now(), failure="Wrong password.")
    page = logged_in(oscar).get(reverse("admin:index")).content.decode()
    assert "abuse@mail.example/INBOX cannot be read" in page
    assert "Wrong password." in page


def test_counts_end_somewhere(oscar, names, monkeypatch):
    monkeypatch.setattr(queue, "MOST_COUNTED", 2)
    for name in names[:5]:
        rows.case(name)
    assert queue.counts(oscar)[Tab.MINE] == 3
    assert "2+" in logged_in(oscar).get(LIST).content.decode()


def test_reports_of_a_name_below_find_the_case(oscar, names):
    case = rows.case(names[0])
    Report.objects.filter(pk=rows.report(case).pk).update(name="deep.name0.ddns.test")
    assert [row.case.pk for row in queue.found(oscar, "deep.name0.ddns.test").rows] == [case.pk]
