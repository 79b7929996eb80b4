"""Metrics of the desk: what waits to be read, scored or decided, and whether the mailbox is looked into."""

import math
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Count, F, Min
from django.utils import timezone
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from abuse import mailbox
from abuse.models import Appeal, Case, Mailbox, Submission
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
            "Time since the mailbox was last looked into; infinite: never yet. None where none is polled.",
            [],
            [([], _since(boxes[0].succeeded_at if boxes else None, now))] if name else [],
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


class Desk(Collector):
    """Four queries, each by an index of what is open."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        cases, appeals = Case.objects.open(), Appeal.objects.filter(decided_at=None)
        yield gauge(
            "ddns_abuse_cases",
            "Open cases: overdue, beyond the time of their category; unscored, with reports that no score knows of.",
            ["state"],
            [
                (["overdue"], cases.filter(due_at__lt=now, paused_at=None).count()),
                (["unscored"], cases.exclude(report_count=F("scored_report_count")).count()),
            ],
        )
        yield gauge(
            "ddns_abuse_appeals",
            "Appeals that wait for a decision: within their time, and overdue.",
            ["state"],
            [
                (["waiting"], appeals.filter(due_at__gte=now).count()),
                (["overdue"], appeals.filter(due_at__lt=now).count()),
            ],
        )


def _since(at: datetime | None, now: datetime) -> float:
    """Seconds. A worker or beat that never ran leaves no trace but this."""
    return (now - at).total_seconds() if at else math.inf
