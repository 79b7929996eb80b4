"""Metrics of the doors: what waits to be read, and whether the mailbox is."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from abuse import mailbox
from abuse.models import Mailbox, Submission
from dnsupdate.metric_families import gauge

_WAITING = (Submission.State.RECEIVED, Submission.State.UNREADABLE)


class Doors(Collector):
    """Two queries, each by an index."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        waiting = Submission.objects.filter(state__in=_WAITING).order_by().values_list("state")
        rows = {state: (count, oldest) for state, count, oldest in waiting.annotate(Count("pk"), Min("received_at"))}
        yield gauge(
            "ddns_abuse_submissions",
            "Submissions that wait: received, to be read by the platform; unreadable, by a person.",
            ["state"],
            (([state.value], rows.get(state, (0, None))[0]) for state in _WAITING),
        )
        yield gauge(
            "ddns_abuse_oldest_submission_seconds",
            "Age of the oldest of them; none where none waits.",
            ["state"],
            (([state], (now - oldest).total_seconds()) for state, (_count, oldest) in rows.items()),
        )
        name = mailbox.place().name[:300] if settings.ABUSE_IMAP_HOST else ""
        boxes = list(Mailbox.objects.filter(name=name)) if name else []
        yield gauge(
            "ddns_abuse_mailbox_seconds",
            "Time since the mailbox was last looked into; none where none is polled.",
            [],
            [([], (now - box.succeeded_at).total_seconds()) for box in boxes if box.succeeded_at],
        )
        yield gauge(
            "ddns_abuse_mailbox_mails",
            "Mails in the mailbox: waiting to be stored; left to a person, too big or empty.",
            ["state"],
            [
                ([state], count)
                for box in boxes
                for state, count in (("waiting", box.waiting_count), ("left", box.left_count))
            ],
        )
