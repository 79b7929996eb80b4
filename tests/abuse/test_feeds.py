"""Feeds: pulled when due, one submission for what changed, their secret shown nowhere, less often while they fail."""

from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import cases, feeds, reports
from abuse.errors import FeedFailed, InvalidParameter
from abuse.models import Case, Feed, LedgerEntry, Report, Reporter, Submission
from tests.receivers import Receiver

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def feed(receiver: Receiver, root) -> Feed:
    receiver.status, receiver.body = 200, b"home.ddns.test\nelsewhere.example\n"
    reporter = Reporter.objects.create(identity="feed:names", kind="feed", name="Names")
    feed = Feed(
        name="Names", url=receiver.url, format="names", reporter=reporter, default_kind="content/malware", every=HOUR
    )
    feed.is_enabled = True
    return feeds.save(feed, by=root)


def again(feed: Feed) -> int:
    """When it is due the next time."""
    Feed.objects.update(next_at=timezone.now())
    return feeds.pull_due()


def test_nothing_is_pulled_unless_it_is_switched_on(receiver):
    assert {each.name: each.is_enabled for each in Feed.objects.all()} == {"URLhaus": False, "ThreatFox": False}
    assert feeds.pull_due() == 0


def test_pull_that_brings_something_is_one_submission(feed, receiver):
    assert feeds.pull_due() == 1
    submission = Submission.objects.get()
    assert bytes(submission.blob.content) == receiver.body
    assert (submission.door, submission.source, submission.reporter) == ("feed", feed.url, feed.reporter)
    assert submission.default_kind == "content/malware"
    feed.refresh_from_db()
    assert feed.next_at - feed.pulled_at == HOUR
    assert feeds.pull_due() == 0


def test_only_own_names_become_reports_and_known_entries_no_new_ones(feed, receiver, home):
    feeds.pull_due()
    reports.read_all()
    receiver.body += b"another.example\n"
    again(feed)
    reports.read_all()
    assert Submission.objects.filter(state="read").count() == 2
    assert [each.name for each in Report.objects.all()] == ["home.ddns.test"]


def pulled(feed: Feed, receiver: Receiver, body: bytes) -> None:
    receiver.body = body
    again(feed)
    reports.read_all()


def test_name_that_is_listed_for_weeks_is_one_report_until_it_was_gone_for_long(feed, receiver, home, oscar):
    pulled(feed, receiver, b"home.ddns.test\n")
    report = Report.objects.get()
    assert report.case is not None
    cases.close(report.case, outcome=Report.Outcome.REJECTED, by=oscar, reason="a camera")
    long_ago = timezone.now() - timedelta(days=30)
    Report.objects.update(received_at=long_ago, details={"listed_at": (timezone.now() - timedelta(days=3)).isoformat()})
    pulled(feed, receiver, b"home.ddns.test\nelsewhere.example\n")
    report.refresh_from_db()
    assert report.details["listed_at"] > (timezone.now() - HOUR).isoformat()
    assert Submission.objects.order_by("-received_at")[0].problem.startswith("1 names in it are not ours")
    Report.objects.update(details={"listed_at": long_ago.isoformat()})
    Case.objects.update(closed_at=long_ago)
    pulled(feed, receiver, b"home.ddns.test\n")
    assert Report.objects.count() == 2
    assert Case.objects.open().count() == 1
    pulled(feed, receiver, b"home.ddns.test\nelsewhere.example\n")
    assert Report.objects.count() == 2


def test_same_again_is_nothing_new(feed, receiver):
    assert [feeds.pull_due(), again(feed), again(feed)] == [1, 0, 0]
    receiver.body = b"other.ddns.test\n"
    assert again(feed) == 1


def test_server_is_asked_only_for_what_changed(feed, receiver):
    receiver.headers = {"ETag": '"7"'}
    feeds.pull_due()
    receiver.status, receiver.body = 304, b""
    assert again(feed) == 0
    assert receiver.received[1][0]["If-None-Match"] == '"7"'
    feed.refresh_from_db()
    assert (feed.failure, feed.etag) == ("", '"7"')


@pytest.mark.parametrize(
    ("status", "headers", "body", "why"),
    [
        (301, {"Location": "https://elsewhere.example/"}, b"", "moved to https://elsewhere.example/"),
        (403, {}, b"", "set the secret"),
        (500, {}, b"", "status 500"),
        (200, {}, b"", "nothing in it"),
        (200, {"Content-Length": "99999999999"}, b"", "the most is"),
    ],
)
def test_failure_is_shown_and_the_feed_asked_less_often(feed, receiver, status, headers, body, why):
    receiver.status, receiver.headers, receiver.body = status, headers, body
    assert feeds.pull_due() == 0
    feed.refresh_from_db()
    assert why in feed.failure
    Feed.objects.update(failing_since=timezone.now() - timedelta(hours=5))
    again(feed)
    feed.refresh_from_db()
    assert timedelta(hours=4) < feed.next_at - timezone.now() < timedelta(hours=6)
    assert not Submission.objects.exists()


def test_feed_that_works_again_is_asked_as_before(feed, receiver):
    receiver.status = 500
    feeds.pull_due()
    receiver.status = 200
    assert again(feed) == 1
    feed.refresh_from_db()
    assert (feed.failure, feed.failing_since) == ("", None)


def test_feed_that_fails_keeps_no_other_from_its_pull(feed, receiver, root, free_port):
    dead = Feed(name="A", url=f"http://127.0.0.1:{free_port}/", format="names", reporter=feed.reporter, every=HOUR)
    dead.is_enabled = True
    feeds.save(dead, by=root)
    assert feeds.pull_due() == 1


def test_secret_is_sent_and_stands_nowhere_else(feed, receiver, root, caplog):
    feed.auth_header = "Auth-Key"
    feeds.save(feed, secret="hush-hush", by=root)
    feeds.pull_due()
    assert receiver.received[-1][0]["Auth-Key"] == "hush-hush"
    feed.refresh_from_db()
    assert "hush-hush" not in feed.sealed_secret + str(LedgerEntry.objects.values()) + caplog.text
    feeds.save(feed, by=root)
    feeds.pull_due()
    assert receiver.received[-1][0]["Auth-Key"] == "hush-hush"


def test_feed_may_not_lead_into_our_own_network(feed, receiver, settings):
    settings.ABUSE_FEED_NETWORKS = []
    assert feeds.pull_due() == 0
    assert not receiver.received
    feed.refresh_from_db()
    assert "no address that may be connected to" in feed.failure


@pytest.mark.parametrize(
    ("changes", "secret"),
    [
        ({"url": "ftp://example.com/"}, None),
        ({"url": "https://user:pass@example.com/"}, None),
        ({"url": "https:///x"}, None),
        ({"every": timedelta(seconds=1)}, None),
        ({"auth_header": "Auth-Key: x"}, None),
        ({}, "two\nlines"),
        ({}, "ä"),
        ({}, "x" * 1000),
    ],
)
def test_feed_that_cannot_work_is_not_saved(feed, root, changes, secret):
    for name, value in changes.items():
        setattr(feed, name, value)
    with pytest.raises(InvalidParameter):
        feeds.save(feed, secret=secret, by=root)


def test_in_provider_mode_a_feed_needs_tls(feed, root, settings):
    settings.IS_PROVIDER = True
    with pytest.raises(InvalidParameter, match="https"):
        feeds.save(feed, by=root)


def test_pull_now_works_for_one_that_is_off_and_says_why_not(feed, receiver, root):
    feed.is_enabled = False
    feeds.save(feed, by=root)
    assert feeds.pull(feed) is not None
    feed.refresh_from_db()
    assert feed.next_at is None
    receiver.status = 500
    with pytest.raises(FeedFailed, match="status 500"):
        feeds.pull(feed)
