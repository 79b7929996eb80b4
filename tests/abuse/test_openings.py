"""Cases opened by hand: with a source like any other, by whoever may, and nothing happens to the name by itself."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from abuse import decisions, openings
from abuse.errors import AlreadySuspended, CaseOpen, InvalidParameter, NotAllowed, ReasonMissing
from abuse.models import Case, Category, Decision, LedgerEntry, Report, Submission, Suspension
from ddns import hostnames
from ddns.errors import HostnameReleased
from ddns.models import Hostname, User
from ddns.models.hostnames import State
from tests.abuse.stories import open_case
from tests.people import logged_in

pytestmark = pytest.mark.django_db
Action = Decision.Action


@pytest.fixture
def phishing(db) -> Category:
    return Category.objects.get(pk="content/phishing")


@pytest.fixture
def office(alice, domain) -> Hostname:
    return hostnames.register(alice, domain=domain, label="office")


@pytest.fixture
def locked(home, office, root) -> Case:
    """The account is locked on the case about home.ddns.test."""
    case = open_case(home)
    decisions.take(case, action=Action.LOCK_ACCOUNT, reason="all bad", by=root)
    return Case.objects.get(pk=case.pk)


def page_of(case: Case) -> str:
    return reverse("admin:abuse_case_change", args=[case.pk])


def open_page(hostname: Hostname) -> str:
    return reverse("admin:abuse_case_open", args=[hostname.pk])


def test_a_case_opened_by_hand_has_a_source_a_receipt_and_an_entry_in_the_ledger(home, phishing, oscar):
    case = openings.open_by_hand(home, phishing, reason="It imitates a bank: seen by myself.", by=oscar)
    assert (case.hostname, case.account, case.state, case.route) == (home, home.account, "open", "suspect")
    (report,) = case.reports.select_related("submission__receipt", "reporter")
    assert (report.state, report.standing) == (Report.State.OPEN, Report.Standing.HELD)
    assert (report.reporter.kind, report.reporter.contact) == ("staff", oscar.email)
    submission = report.submission
    assert (submission.door, submission.state) == (Submission.Door.UPLOAD, Submission.State.SETTLED)
    assert b"It imitates a bank" in bytes(submission.blob.content)
    assert submission.receipt.payload
    entry = LedgerEntry.objects.get(action="open-case")
    assert (entry.object, entry.actor) == ("hostname home.ddns.test", oscar)
    assert entry.details["case"] == case.pk
    assert not Decision.objects.exists()
    assert Hostname.objects.get(pk=home.pk).state == State.LIVE


@pytest.mark.parametrize("key", ["connection/*", "other/unclassified", "content/*", "copyright/*"])
def test_every_category_can_be_chosen(home, oscar, key):
    assert openings.open_by_hand(home, Category.objects.get(pk=key), reason="x", by=oscar).category_id == key


def test_somebody_works_on_it_already(home, phishing, oscar):
    case = openings.open_by_hand(home, phishing, reason="x", by=oscar)
    with pytest.raises(CaseOpen, match=str(case.pk)):
        openings.open_by_hand(home, phishing, reason="y", by=oscar)
    assert (Case.objects.count(), Submission.objects.count()) == (1, 1)


def test_it_can_be_opened_again_in_the_same_words_once_it_was_dismissed(home, phishing, oscar):
    first = openings.open_by_hand(home, phishing, reason="x", by=oscar)
    decisions.take(first, action=Action.DISMISS, reason="no evidence", by=oscar)
    second = openings.open_by_hand(home, phishing, reason="x", by=oscar)
    assert second.pk != first.pk
    assert second.closed_at is None


def test_of_a_name_that_is_out_of_dns_there_is_nothing_to_decide(home, phishing, oscar):
    decisions.take(open_case(home), action=Action.SUSPEND, reason="phishing", by=oscar)
    with pytest.raises(AlreadySuspended):
        openings.open_by_hand(home, phishing, reason="x", by=oscar)
    assert not LedgerEntry.objects.filter(action="open-case").exists()


def test_what_was_given_up_has_no_case(home, phishing, oscar):
    hostnames.release(home)
    with pytest.raises(HostnameReleased):
        openings.open_by_hand(home, phishing, reason="x", by=oscar)


@pytest.mark.parametrize(("reason", "error"), [(" \n", ReasonMissing), ("x" * 4001, InvalidParameter)])
def test_it_needs_a_reason(home, phishing, oscar, reason, error):
    with pytest.raises(error):
        openings.open_by_hand(home, phishing, reason=reason, by=oscar)
    assert not Submission.objects.exists()


def test_strangers_open_nothing(home, phishing, oscar, clerk, alice, client):
    for who in (clerk, alice):
        with pytest.raises(NotAllowed):
            openings.open_by_hand(home, phishing, reason="x", by=who)
    with pytest.raises(NotAllowed):
        openings.open_by_hand(home, Category.objects.get(pk="content/csam"), reason="x", by=oscar)
    for who in (client, logged_in(alice), logged_in(clerk)):
        for send in (who.get, who.post):
            assert send(open_page(home), {"category": phishing.pk, "reason": "x"}).status_code in (302, 403)
    assert not Case.objects.exists()


def test_a_case_is_opened_from_the_page_of_a_hostname(home, phishing, oscar):
    client = logged_in(oscar)
    page = client.get(reverse("admin:ddns_hostname_change", args=[home.pk])).text
    assert open_page(home) in page
    form = client.get(open_page(home)).text
    assert "Phishing (content/phishing)" in form
    assert "content/csam" not in form

    refused = client.post(open_page(home), {"category": phishing.pk, "reason": " "})
    assert "A case needs a reason" in refused.text
    response = client.post(open_page(home), {"category": phishing.pk, "reason": "seen by myself"})
    assert response.url == page_of(Case.objects.get())
    again = client.post(open_page(home), {"category": phishing.pk, "reason": "seen by myself"})
    assert "There is an open case about it already" in again.text


def test_who_may_only_look_sees_no_button(home, clerk):
    clerk.user_permissions.add(Permission.objects.get(codename="view_case"))
    page = logged_in(User.objects.get(pk=clerk.pk)).get(reverse("admin:ddns_hostname_change", args=[home.pk])).text
    assert open_page(home) not in page


def test_names_of_a_locked_account_are_shown_and_opened_one_by_one_and_none_is_suspended(locked, office, foreign, root):
    client = logged_in(root)
    page = client.get(page_of(locked)).text
    assert open_page(office) in page
    assert 'data-key="c"' in page
    assert open_page(foreign) not in page
    assert open_page(locked.hostname) not in page

    sent = {"category": locked.category_id, "reason": f"Its account was locked on case {locked.pk}", "after": locked.pk}
    response = client.post(open_page(office), sent)
    assert response.url == page_of(locked)
    opened = Case.objects.get(hostname=office)
    page = client.get(page_of(locked)).text
    assert f"case {opened.pk}" in page
    assert open_page(office) not in page
    assert LedgerEntry.objects.get(action="open-case").details["after"] == locked.pk
    assert not Suspension.objects.exists()
    assert list(Decision.objects.values_list("action", flat=True)) == [Action.LOCK_ACCOUNT]

    decisions.undo(locked.decisions.get(), reason="mistake", by=root)
    assert "locked account" not in client.get(page_of(locked)).text


def test_many_names_cost_no_more_queries(locked, alice, domain, root, django_assert_max_num_queries):
    with django_assert_max_num_queries(4) as few:
        openings.others_of(locked, by=root)
    User.objects.filter(pk=alice.pk).update(is_active=True)
    for number in range(5):
        hostnames.register(User.objects.get(pk=alice.pk), domain=domain, label=f"more{number}")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    again = Case.objects.get(pk=locked.pk)
    with django_assert_max_num_queries(len(few)):
        found = openings.others_of(again, by=root)
    assert found is not None
    assert [each.state for each in found.rows] == [State.LIVE] * 6
    assert found.count == 6


def test_an_open_restricted_case_is_not_told_of(locked, office, oscar):
    open_case(office, kind="content/csam")
    found = openings.others_of(locked, by=oscar)
    assert found is not None
    assert [each.case for each in found.rows] == [None]
