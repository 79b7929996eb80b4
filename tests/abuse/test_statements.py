"""Statements of reasons: all that the law asks for, in the customer's words and language, and nothing of who reported."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import customer_pages, decisions, helps, statements, templates, wordings
from abuse.models import Category, Decision, LedgerEntry, Reporter, Statement
from ddns import hostnames, mails
from ddns.models import Notification
from ddns.models.notifications import Kind
from tests.abuse.fairness import REPORTER_WORDS, decide, open_case, report_on
from tests.people import logged_in

pytestmark = pytest.mark.django_db
Action = Decision.Action


@pytest.fixture
def case(home, trudy):
    case = open_case(home)
    report_on(case, trudy)
    return case


@pytest.mark.parametrize("action", sorted(statements.TOLD))
@pytest.mark.parametrize("language", ["", "en", "de"])
def test_every_action_that_touches_a_customer_is_told_and_says_nothing_of_the_reporter(
    alice, case, oscar, action, language
):
    alice.language = language
    alice.save(update_fields=["language"])
    case.refresh_from_db()
    statement = statements.issue(decide(case, action, oscar, parameters={"deadline": "2026-12-01T12:00:00Z"}))
    assert statement is not None
    assert statement.account == alice
    assert statement.language == (language or "en")
    told = Notification.objects.get(account=alice)
    assert told.kind == Kind.STATEMENT
    assert customer_pages.without_token(told.details["text"]) == statement.text
    assert customer_pages.link(case) in told.details["text"]
    for said in (statement.subject, statement.text, str(statement.facts), str(told.details)):
        assert not [word for word in REPORTER_WORDS if word in said]
        assert "{" not in said or said.startswith("{'"), "no placeholder is left over"


def test_a_statement_has_every_element_of_article_17(case, oscar):
    ends_at = timezone.now() + timedelta(days=7)
    statement = statements.issue(decide(case, Action.SUSPEND, oscar, ends_at=ends_at, ground="Rules, 4.2"))
    for element in (
        "suspended home.ddns.test",
        f"Until: {ends_at:%Y-%m-%d %H:%M} UTC",
        "Phishing. Under this name a page was seen that imitates",
        "Seen: 20",
        "https://home.ddns.test/login/",
        "because it was reported to us",
        "A person looked at it and decided.",
        "Rules, 4.2",
        "/rules/",
        "Appeal on the same page, free of charge, within 184 days",
        "settlement out of court",
        "court, at any time",
    ):
        assert element in statement.text
    assert "No end is set" not in statement.text


def test_a_statement_on_a_restricted_case_shows_nobody_the_way(case, oscar):
    case.route = "restricted"
    statement = statements.issue(decide(case, Action.SUSPEND, oscar))
    assert "/login/" not in statement.text
    assert statement.facts["places"] == []


def test_statements_are_in_the_words_of_the_commissions_database(case, oscar):
    facts = statements.issue(decide(case, Action.LOCK_ACCOUNT, oscar)).facts
    assert facts["decision_account"] == "DECISION_ACCOUNT_SUSPENDED"
    assert facts["category"] == "STATEMENT_CATEGORY_SCAMS_AND_FRAUD"
    assert (facts["source_type"], facts["automated_detection"]) == ("SOURCE_ARTICLE_16", "No")


def test_what_a_feed_found_was_found_by_a_machine_and_what_staff_filed_on_our_own_initiative(case, oscar, trudy):
    Reporter.objects.update(kind=Reporter.Kind.FEED)
    found = statements.issue(decide(case, Action.HOLD))
    assert "found and decided automatically" in found.text
    Reporter.objects.update(kind=Reporter.Kind.STAFF)
    own = statements.issue(decide(case, Action.SUSPEND, oscar))
    assert "on our own initiative" in own.text
    assert own.facts["source_type"] == "SOURCE_VOLUNTARY"


@pytest.mark.parametrize(
    ("kind", "port", "key"),
    [
        ("vulnerability/open_service", 53, "help.open_resolver"),
        ("vulnerability/open_service", 37777, "help.camera"),
        ("vulnerability/open_service", 3389, "help.remote_desktop"),
        ("vulnerability/open_service", 12345, "help.open_service"),
        ("vulnerability/*", None, "help.open_service"),
        ("connection/infected_host", 53, "help.infected_device"),
        ("content/remote_compromise", None, "help.hacked_server"),
        ("content/phishing", None, "help.content"),
        ("made/up", None, "help.other"),
    ],
)
def test_help_fits_what_was_reported(kind, port, key):
    assert helps.key(kind, port) == key
    assert key in wordings.built_in("de")


def test_every_kind_has_words_for_customers():
    for category in Category.objects.all():
        assert statements.category_key(category) == f"kind.{category.key}"


def test_a_warning_that_ran_out_is_not_withdrawn(alice, case, oscar):
    decision = decide(case, Action.WARN, oscar)
    statements.issue(decision)
    decision.state = Decision.State.ENDED
    statements.issue(decision)
    assert Notification.objects.filter(account=alice).count() == 1


def test_a_statement_needs_few_queries(case, oscar, django_assert_max_num_queries):
    decision = decide(case, Action.SUSPEND, oscar)
    with django_assert_max_num_queries(14):
        statements.issue(decision)


def test_what_a_rule_decided_says_so(case):
    statement = statements.issue(decide(case, Action.HOLD))
    assert "decided automatically" in statement.text
    assert statement.facts["automated_decision"] == "AUTOMATED_DECISION_FULLY"
    assert "No end is set" in statement.text


def test_the_reason_of_the_desk_stays_in_the_ledger(case, oscar):
    assert "screenshot" not in statements.issue(decide(case, Action.SUSPEND, oscar)).text


def test_a_statement_that_is_withheld_is_told_to_nobody_and_is_in_the_ledger(case, oscar):
    assert statements.issue(decide(case, Action.SUSPEND, oscar, withheld="Order 17 forbids it.")) is None
    assert not Notification.objects.exists()
    assert not Statement.objects.exists()
    entry = LedgerEntry.objects.get()
    assert (entry.action, entry.reason, entry.actor) == ("withhold-statement", "Order 17 forbids it.", oscar)


@pytest.mark.parametrize("state", [Decision.State.PROPOSED, Decision.State.REFUSED])
def test_what_was_not_done_is_not_told(case, oscar, state):
    assert statements.issue(decide(case, Action.SUSPEND, oscar, state=state)) is None


@pytest.mark.parametrize("action", sorted(set(Action) - statements.TOLD))
def test_what_touches_nothing_of_the_customer_is_not_told(case, oscar, action):
    assert statements.issue(decide(case, action, oscar)) is None


def test_an_undo_is_told_once_the_decision_was(alice, case, oscar):
    decision = decide(case, Action.SUSPEND, oscar)
    statements.issue(decision)
    decision.state = Decision.State.UNDONE
    decision.save()
    statements.issue(decision)
    headlines = [each.details["headline"] for each in Notification.objects.filter(account=alice).order_by("pk")]
    assert headlines == ["home.ddns.test was suspended", "home.ddns.test is no longer suspended"]


def test_staff_see_the_link_of_the_customer_nowhere(case, oscar, root):
    statement = statements.issue(decide(case, Action.SUSPEND, oscar))
    token = customer_pages.token(case)
    client = logged_in(root)
    for page in (f"/admin/abuse/statement/{statement.pk}/change/", f"/admin/abuse/case/{case.pk}/"):
        assert token not in client.get(page).text
    assert token not in statements.preview(case, Action.SUSPEND, {}, "de").text
    assert token not in statement.text


def test_what_ends_while_something_else_stays_is_not_said_to_be_as_it_was(alice, home, root):
    hostnames.publish(hostnames.lock(home))
    held = decisions.take(open_case(home), action=Action.HOLD, reason="x", by=root)
    suspended = decisions.take(open_case(home), action=Action.SUSPEND, reason="x", by=root)
    locked = decisions.take(open_case(home), action=Action.LOCK_ACCOUNT, reason="x", by=root)

    def last_told(decision) -> str:
        decisions.undo(decision, reason="x", by=root)
        return Notification.objects.filter(account=alice).order_by("-pk").first().details["headline"]

    another = "home.ddns.test: one decision has ended, another is in force"
    assert last_told(suspended) == another
    assert last_told(locked) == "Your account works again"
    assert last_told(held) == "home.ddns.test is no longer on hold"


def test_twice_is_as_good_as_once(case, oscar):
    decision = decide(case, Action.SUSPEND, oscar)
    assert statements.issue(decision) == statements.issue(decision)
    assert Notification.objects.count() == 1


def test_a_locked_account_gets_the_mail(alice, case, oscar, mailoutbox):
    alice.is_active = False
    alice.save(update_fields=["is_active"])
    statements.issue(decide(case, Action.LOCK_ACCOUNT, oscar))
    mails.send_due()
    (mail,) = mailoutbox
    assert mail.to == ["alice@example.com"]
    assert "Your account was locked" in mail.subject
    assert "/abuse/c/" in mail.body


def test_a_preview_is_what_is_sent_and_stores_nothing(case, oscar):
    words = statements.preview(case, Action.SUSPEND, {}, "en")
    assert not Statement.objects.exists()
    statement = statements.issue(decide(case, Action.SUSPEND, oscar))
    assert (statement.subject, statement.text) == tuple(words)


def test_every_key_is_in_every_language_with_the_same_placeholders():
    english, german = wordings.built_in("en"), wordings.built_in("de")
    assert set(english) == set(german)
    for key, words in english.items():
        of = [set(re.findall(r"{\w+}", "\n".join(each))) for each in (words, german[key])]
        assert of[0] == of[1], key


def test_all_built_in_words_may_be_stored_as_they_are():
    for language in ("en", "de"):
        for key, words in wordings.built_in(language).items():
            templates.check(key, words)
            assert len(key) <= 40
