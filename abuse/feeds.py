"""Feeds: lists of bad names that others publish, pulled when they are due. What changed is one submission."""

import hashlib
import logging
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import redis
from celery import current_app
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify
from kombu.exceptions import OperationalError as KombuError

from abuse import ledger, submissions
from abuse.errors import FeedFailed, InvalidParameter, SubmissionEmpty, SubmissionTooBig
from abuse.models import Feed, Reporter, Submission
from abuse.submissions import MAX_SIZE
from ddns.addresses import Address, is_routed
from ddns.models import User
from dnsupdate import posts, secrets
from dnsupdate.errors import FetchFailed
from dnsupdate.posts import Answer

logger = logging.getLogger(__name__)

# From the first packet to the last: some megabytes over a slow line.
SECONDS = 120.0
# Longer than a pull takes: whoever died leaves the feed to the next.
CLAIM = timedelta(minutes=10)
# A feed that fails is asked less and less often.
LONGEST_PAUSE = timedelta(days=1)
SHORTEST_EVERY = timedelta(minutes=5)
MAX_SECRET_CHARACTERS = 300

_TYPES = {
    Feed.Format.XARF: "application/xarf+json",
    Feed.Format.STIX: "application/stix+json",
    Feed.Format.MISP: "application/misp+json",
    Feed.Format.NAMES: "text/plain",
}


@transaction.atomic
def save(feed: Feed, *, secret: str | None = None, by: User) -> Feed:
    """As it was edited; a secret of None leaves the one that there is, an empty one takes it away. In the ledger, without it.

    Raises InvalidParameter.
    """
    check(feed, secret)
    if secret is not None:
        feed.sealed_secret = secrets.seal(secret) if secret else ""
    if feed.reporter_id is None:
        feed.reporter = _voice_of(feed)
    # Whoever changed something wants to see whether it works.
    feed.next_at = timezone.now() if feed.is_enabled else None
    feed.etag, feed.failing_since, feed.failure = "", None, ""
    feed.save()
    ledger.append(
        actor=by,
        action="change-feed",
        object=f"feed {feed.name}",
        reason="Changed.",
        details={
            **{"url": feed.url, "format": feed.format, "is_enabled": feed.is_enabled, "kind": feed.default_kind},
            **{"every": int(feed.every.total_seconds()), "has_new_secret": secret is not None},
        },
    )
    return feed


def pull_due() -> int:
    """Pulls what is due, one after the other; how many had something new. Not inside a transaction."""
    now, new = timezone.now(), 0
    due = Feed.objects.filter(Q(next_at=None) | Q(next_at__lte=now), is_enabled=True).order_by("next_at")
    for feed in due.select_related("reporter"):
        if Feed.objects.filter(pk=feed.pk, next_at=feed.next_at).update(next_at=now + CLAIM):
            new += _pull(feed) is not None
    return new


def pull(feed: Feed) -> Submission | None:
    """Now, whether it is due or even enabled. None: nothing new. Not inside a transaction. Raises FeedFailed."""
    submission = _pull(feed)
    feed.refresh_from_db()
    if feed.failure:
        raise FeedFailed(feed.failure)
    return submission


def pull_now(feed_id: int) -> None:
    """The same for whoever looks at its page afterwards."""
    feed = Feed.objects.select_related("reporter").filter(pk=feed_id).first()
    if feed is not None:
        _pull(feed)


def pull_soon(feed: Feed) -> None:
    """By a worker, within seconds; of one that is off too."""
    try:
        current_app.send_task("abuse.tasks.pull_feed", args=[feed.pk], queue="abuse", retry=False)
    except (redis.RedisError, KombuError, OSError) as error:
        # The row is the queue, where it is on.
        logger.warning("No wake-up for a feed: %s", error)
        Feed.objects.filter(pk=feed.pk, is_enabled=True).update(next_at=timezone.now())


def is_reachable(address: Address) -> bool:
    """Whether a feed may be pulled from there: from the Internet, and from what the operator has opened."""
    return is_routed(address) or any(address in network for network in settings.ABUSE_FEED_NETWORKS)


def _voice_of(feed: Feed) -> Reporter:
    """A feed is a reporter with a record like any other."""
    identity = f"feed:{slugify(feed.name) or hashlib.sha256(feed.url.encode()).hexdigest()[:12]}"
    defaults = {"kind": Reporter.Kind.FEED, "name": feed.name}
    return Reporter.objects.get_or_create(identity=identity[:300], defaults=defaults)[0]


def _pull(feed: Feed) -> Submission | None:
    """Stores what came, or why nothing did."""
    began = timezone.now()
    try:
        answer = _fetch(feed)
        return _take(feed, answer, began)
    except (FetchFailed, FeedFailed, SubmissionEmpty, SubmissionTooBig, ImproperlyConfigured) as error:
        failure = _without_secret(str(error), feed)
    since = feed.failing_since or began
    pause = min(max(feed.every, began - since), LONGEST_PAUSE)
    Feed.objects.filter(pk=feed.pk).update(
        failing_since=since, failure=failure[:1000], next_at=began + pause if feed.is_enabled else None
    )
    logger.warning("feed %s: %s", feed.name, failure)
    return None


def _fetch(feed: Feed) -> Answer:
    headers = {"User-Agent": f"{settings.SITE_NAME} abuse desk".encode("ascii", "replace").decode()}
    if feed.etag:
        headers["If-None-Match"] = feed.etag
    if feed.auth_header and feed.sealed_secret:
        headers[feed.auth_header] = secrets.unseal(feed.sealed_secret)
    return posts.get(feed.url, headers, most=MAX_SIZE, seconds=SECONDS, permits=is_reachable)


@transaction.atomic
def _take(feed: Feed, answer: Answer, began: datetime) -> Submission | None:
    """The submission and that it was pulled, in one transaction. Raises FeedFailed."""
    if answer.status not in (200, 304):
        raise FeedFailed(_in_words(answer))
    submission = None
    if answer.status == 200 and not _is_known(feed, answer.body):
        submission = submissions.accept(
            answer.body,
            door=Submission.Door.FEED,
            source=feed.url,
            content_type=_TYPES.get(Feed.Format(feed.format)) or answer.headers.get("content-type", ""),
            filename=urlsplit(feed.url).path.rpartition("/")[2],
            default_kind=feed.default_kind,
            reporter=feed.reporter,
        )
    done = {"pulled_at": began, "failing_since": None, "failure": ""}
    if answer.status == 200:
        etag = answer.headers.get("etag", "")
        done["etag"] = etag if len(etag) <= 200 and etag.isascii() and etag.isprintable() else ""
    Feed.objects.filter(pk=feed.pk).update(next_at=began + feed.every if feed.is_enabled else None, **done)
    return submission


def _is_known(feed: Feed, content: bytes) -> bool:
    """Whether it is the same as the last time: not every server has ETags."""
    last = Submission.objects.filter(reporter=feed.reporter, door=Submission.Door.FEED, source=feed.url)
    newest = last.order_by("-received_at").first()
    return newest is not None and newest.blob_id == hashlib.sha256(content).hexdigest()


def _in_words(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        where = answer.headers.get("location", "")[:200]
        return f"it has moved to {where}. Redirects are not followed: look at it, and set the new URL."
    if answer.status in (401, 403):
        return f"it answers with status {answer.status}: set the secret that it wants."
    return f"it answers with status {answer.status}."


def check(feed: Feed, secret: str | None) -> None:
    """Whether it could be saved so. Raises InvalidParameter."""
    parts = urlsplit(feed.url)
    rules: list[tuple[bool, str]] = [
        (
            parts.scheme == "https" or (parts.scheme == "http" and not settings.IS_PROVIDER),
            "its URL begins with https://.",
        ),
        (
            bool(parts.hostname) and parts.username is None,
            "its URL names a host and no user; a secret has its own field.",
        ),
        (feed.every >= SHORTEST_EVERY, f"it is pulled every {SHORTEST_EVERY.seconds // 60} minutes at most."),
        (_is_token(feed.auth_header), "the header is a name such as Auth-Key."),
        (secret is None or _is_secret(secret), "the secret is one line of ASCII."),
    ]
    for holds, sentence in rules:
        if not holds:
            raise InvalidParameter(sentence)


def _is_token(header: str) -> bool:
    return header.replace("-", "").isalnum() and header.isascii() if header else True


def _is_secret(secret: str) -> bool:
    return secret.isascii() and (secret.isprintable() or not secret) and len(secret) <= MAX_SECRET_CHARACTERS


def _without_secret(text: str, feed: Feed) -> str:
    """Where a library or a server repeats what it was sent."""
    try:
        secret = secrets.unseal(feed.sealed_secret) if feed.sealed_secret else ""
    except ImproperlyConfigured:
        secret = ""
    return text.replace(secret, "…") if secret else text
