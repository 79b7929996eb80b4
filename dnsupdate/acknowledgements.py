"""Acknowledgements: waiting until the primary has acknowledged what rows say, for somebody who wants to see it in DNS."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from dnsupdate import nameservers
from dnsupdate.inquiry import Inquiry, Question
from dnsupdate.models import Publication, Zone

# Publishing takes some milliseconds at rest; where it takes longer, a look at the rows may wait as well.
FIRST_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.1
SERIAL_WITHIN = timedelta(seconds=1)


class Acknowledgement(NamedTuple):
    """Whether the primary, by the name that it is known by, has the change; its serial after that, where it says one.

    A server with this serial or a later one has the change too. reason: why there is nothing to wait for, in words.
    """

    is_published: bool
    server: str
    serial: int | None = None
    reason: str = ""


def wait(zone: Zone, publication_ids: Sequence[int], *, within: timedelta) -> Acknowledgement:
    """Returns when the primary has acknowledged what the rows say now, when it cannot at present, or when the time is over.

    Not inside a transaction: nobody else's progress is seen there, and this would hold its locks.
    """
    revisions = dict(Publication.objects.filter(pk__in=publication_ids).values_list("pk", "revision"))
    deadline, pause = time.monotonic() + within.total_seconds(), FIRST_PAUSE_SECONDS
    while not _is_acknowledged(revisions):
        if reason := _obstacle(zone, revisions):
            return Acknowledgement(False, zone.primary.name, reason=reason)
        if time.monotonic() + pause > deadline:
            return Acknowledgement(False, zone.primary.name)
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    return Acknowledgement(True, zone.primary.name, _serial(zone))


def _is_acknowledged(revisions: Mapping[int, int]) -> bool:
    published = Publication.objects.filter(pk__in=revisions).values_list("pk", "published_revision")
    return all(published_revision >= revisions[pk] for pk, published_revision in published)


def _obstacle(zone: Zone, revisions: Mapping[int, int]) -> str:
    """Why it makes no sense to wait, in words; empty where it does."""
    now = Zone.objects.get(pk=zone.pk)
    if now.is_frozen or now.is_retired:
        return "The zone rests: changes are kept and published later."
    if now.is_failing:
        return "The nameserver cannot be updated at present: changes are kept and published by themselves."
    if Publication.objects.filter(pk__in=revisions).exclude(refusal="").exists():
        return "The nameserver has refused these records."
    return ""


def _serial(zone: Zone) -> int | None:
    addresses, _ = nameservers.resolve_all([zone.primary])
    if not addresses:
        return None
    question = Question(zone.primary.pk, zone.name, "SOA")
    with Inquiry(addresses, within=SERIAL_WITHIN) as inquiry:
        inquiry.ask([question])
    return question.reply.serial if question.reply is not None and question.reply.is_authoritative else None
