"""Observations: one look at a zone's delegation from outside, at its parent's servers and at its own. No database in here."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from dnsupdate import apexes, parents, pictures
from dnsupdate.apexes import Apex
from dnsupdate.errors import NoAnswer
from dnsupdate.parents import Answer
from dnsupdate.pictures import Picture
from dnsupdate.questions import Server

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at. servers are the parent's as known so far; listed are ours, whoever else is in the delegation."""

    apex: str
    parent: str
    servers: Sequence[Server]
    must_find: bool
    listed: Sequence[Server]


@dataclass(frozen=True, slots=True)
class Observation:
    """is_found: the parent's servers were found anew. failure: why they could not be."""

    started_at: datetime
    parent: str
    servers: Sequence[Server]
    is_found: bool
    answers: Sequence[Answer]
    apexes: Sequence[Apex]
    failure: str = ""

    def shown(self, expected: Picture | None = None) -> list[Picture | None]:
        """The picture of each parent's server that has a say, to be judged beside the expected one.

        One that serves the zone itself has it too where its NS RRset is neither the expected one nor that of our own servers:
        whoever puts another zone in the place of ours at the parent's servers gives no referral either.
        """
        having_a_say = _having_a_say(self.answers)
        heard = [each for each in self.answers if each in having_a_say or self._is_another_zone(each, expected)]
        return [_with_glue(answer, expected) for answer in heard]

    def _is_another_zone(self, answer: Answer, expected: Picture | None) -> bool:
        names = set(answer.picture.ns) if answer.is_own and answer.picture else set()
        return expected is not None and bool(names) and names not in (set(expected.ns), self.own_names)

    @property
    def own_names(self) -> set[str]:
        """What our own servers call the zone's nameservers."""
        return {name for apex in self.apexes if apex.role == apexes.LISTED for name in apex.ns}


def look(subjects: Sequence[Subject]) -> list[Observation | None]:
    """At all of them at once; None where the look failed for a reason of our own, which is logged."""
    return asyncio.run(_look(subjects))


async def _look(subjects: Sequence[Subject]) -> list[Observation | None]:
    found = await asyncio.gather(*(_observe(subject) for subject in subjects), return_exceptions=True)
    for subject, result in zip(subjects, found, strict=True):
        if isinstance(result, BaseException):
            logger.error("the delegation of %s could not be looked at", subject.apex, exc_info=result)
    return [result if isinstance(result, Observation) else None for result in found]


async def _observe(subject: Subject) -> Observation:
    started_at, parent, servers, is_found, failure = timezone.now(), subject.parent, subject.servers, False, ""
    if subject.must_find:
        try:
            parent, servers = await parents.find(subject.apex)
            is_found = True
        except NoAnswer as error:
            # Those that are known from before are asked all the same: a resolver's outage hides nothing.
            failure = str(error)
    answers = await asyncio.gather(*(parents.ask(subject.apex, server) for server in servers))
    _, picture = pictures.judge(None, [answer.picture for answer in _having_a_say(answers)])
    own = await apexes.ask_all(subject.apex, picture, subject.listed)
    return Observation(started_at, parent, servers, is_found, answers, own, failure)


def _having_a_say(answers: Sequence[Answer]) -> Sequence[Answer]:
    """Servers that serve the zone themselves have one only where no other has: they give no referral."""
    others = [answer for answer in answers if not answer.is_own]
    return others if any(each.picture for each in others) else answers


def _with_glue(answer: Answer, expected: Picture | None) -> Picture | None:
    """A server that serves the zone itself shows no glue, which does not mean that there is none."""
    picture = answer.picture
    if answer.is_own and picture and expected and picture.ns == expected.ns:
        return replace(picture, glue=expected.glue)
    return picture
