"""Zone settings: whether a zone's own records let withdrawals bite and mistakes heal fast."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.SOA import SOA

from dnsupdate import alarms, nameservers
from dnsupdate.errors import Unreachable
from dnsupdate.inquiry import Inquiry, Question
from dnsupdate.models import Alarm, Zone
from dnsupdate.names import is_within

DEADLINE = timedelta(seconds=10)
# How long a resolver believes that a name does not exist (RFC 2308 §5): shorter asks the servers all the time, longer
# keeps a name that is lifted or new from being seen.
NEGATIVE_TTL = range(60, 300 + 1)
# For as long a resolver answers a name that was withdrawn.
LONGEST_TTL = 300
# A secondary that missed a NOTIFY looks by itself after this: until then it answers withdrawn names.
REFRESH = range(60, int(timedelta(hours=2).total_seconds()) + 1)
RETRY_AT_LEAST = 30
# Shorter, and an outage of the primary over a weekend takes the zone off the secondaries; longer, and one that is cut off
# answers what was withdrawn a month ago (RFC 1912 §2.2).
EXPIRE = range(int(timedelta(days=7).total_seconds()), int(timedelta(days=28).total_seconds()) + 1)


def check(zone: Zone) -> list[str]:
    """What is unsafe in the zone, each with its remedy, as its primary says now; empty where all is well.

    Raises Unreachable where the primary gives no answer with authority. Not inside a transaction.
    """
    (found,) = _check([zone])
    if found.error:
        raise Unreachable(f"{zone.primary} {found.error}.")
    return found.problems


def watch() -> None:
    """Checks every zone, opens and closes alarms. A primary that does not answer is another watch's: nothing changes."""
    for found in _check(list(Zone.objects.delegated().select_related("primary").order_by("pk"))):
        if found.error:
            continue
        if found.problems:
            alarms.open(Alarm.Kind.SETTINGS, "\n".join(found.problems), zone=found.zone)
        else:
            alarms.close(Alarm.Kind.SETTINGS, zone=found.zone)


@dataclass(slots=True)
class _Checked:
    """One zone: its questions by type, why they were not answered, and what is wrong by the answers."""

    zone: Zone
    soa: Question
    ns: Question
    absent: Question
    hosts: list[Question] = field(default_factory=list)
    error: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def questions(self) -> list[Question]:
        return [self.soa, self.ns, self.absent]


def _check(zones: Sequence[Zone]) -> list[_Checked]:
    """All at once, in two rounds: the addresses of the zone's own nameservers are asked for when their names are known."""
    addresses, errors = nameservers.resolve_all({zone.primary_id: zone.primary for zone in zones}.values())
    checked = [_begin(zone) for zone in zones]
    for each in checked:
        each.error = errors.get(each.zone.primary_id, "")
    with Inquiry(addresses, within=DEADLINE) as inquiry:
        inquiry.ask(question for each in checked if not each.error for question in each.questions)
        for each in checked:
            each.error = each.error or _why_unanswered(each.questions)
            if not each.error:
                each.hosts = _host_questions(each)
        inquiry.ask(question for each in checked for question in each.hosts)
    for each in checked:
        each.error = each.error or _why_unanswered(each.hosts)
        if not each.error:
            _judge(each)
    return checked


def _begin(zone: Zone) -> _Checked:
    # Nobody has this name, so that whatever answers for it is a wildcard.
    absent = f"{secrets.token_hex(8)}.{zone.name}"
    server = zone.primary_id
    return _Checked(
        zone, Question(server, zone.name, "SOA"), Question(server, zone.name, "NS"), Question(server, absent, "A")
    )


def _why_unanswered(questions: Iterable[Question]) -> str:
    for question in questions:
        reply = question.reply
        if reply is None:
            return question.error
        if not reply.is_authoritative or reply.rcode not in ("NOERROR", "NXDOMAIN"):
            return f"answers {reply.rcode} without authority for {question.name}"
    return ""


def _host_questions(each: _Checked) -> list[Question]:
    return [
        Question(each.zone.primary_id, target, type_name)
        for target in sorted(_targets(each.ns))
        if is_within(target, each.zone.name)
        for type_name in ("A", "AAAA")
    ]


def _targets(ns: Question) -> set[str]:
    records = ns.reply.records if ns.reply else ()
    return {
        dns.name.from_wire(record.rdata, 0)[0].to_text(omit_final_dot=True).lower()
        for record in records
        if record.type_name == "NS"
    }


def _judge(each: _Checked) -> None:
    records = each.soa.reply.records if each.soa.reply else ()
    found = next((record for record in records if record.type_name == "SOA"), None)
    if found is None:
        each.error = "answers without a SOA record"
        return
    soa = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.SOA, found.rdata, 0, len(found.rdata))
    each.problems = [*soa_problems(each.zone.name, cast(SOA, soa), found.ttl), *_apex_problems(each)]


def soa_problems(apex: str, soa: SOA, ttl: int) -> list[str]:
    """What is unsafe in a SOA record, with the record that would be right as the last of them."""
    problems = [
        problem
        for is_wrong, problem in (
            (
                soa.minimum not in NEGATIVE_TTL,
                f"The SOA minimum of {apex} is {soa.minimum}: for so many seconds resolvers believe that a new or lifted "
                f"name does not exist (RFC 2308). It should be {_range(NEGATIVE_TTL)}.",
            ),
            (
                ttl < NEGATIVE_TTL[0] <= soa.minimum,
                f"The SOA record of {apex} has a TTL of {ttl}, which overrules its minimum of {soa.minimum} (RFC 2308 §5): "
                f"resolvers ask for absent names all the time. Give it a TTL of {NEGATIVE_TTL[0]} or more.",
            ),
            (
                soa.refresh not in REFRESH,
                f"The SOA refresh of {apex} is {soa.refresh}: a secondary that misses a NOTIFY answers withdrawn names for "
                f"so many seconds. It should be {_range(REFRESH)}.",
            ),
            (
                not RETRY_AT_LEAST <= soa.retry < max(soa.refresh, RETRY_AT_LEAST + 1),
                f"The SOA retry of {apex} is {soa.retry}. It should be {RETRY_AT_LEAST} or more, and less than refresh.",
            ),
            (
                soa.expire not in EXPIRE,
                f"The SOA expire of {apex} is {soa.expire}: so long the secondaries answer while the primary is away. It "
                f"should be {_range(EXPIRE)}.",
            ),
        )
        if is_wrong
    ]
    return [*problems, _remedy(apex, soa, ttl)] if problems else []


def _remedy(apex: str, soa: SOA, ttl: int) -> str:
    # Without a serial: the text must be the same as long as the same is wrong.
    refresh = soa.refresh if soa.refresh in REFRESH else 3600
    retry = soa.retry if RETRY_AT_LEAST <= soa.retry < refresh else max(RETRY_AT_LEAST, refresh // 6)
    expire = soa.expire if soa.expire in EXPIRE else EXPIRE[0] * 2
    minimum = soa.minimum if soa.minimum in NEGATIVE_TTL else NEGATIVE_TTL[0]
    return (
        f"With nsupdate, SERIAL being greater than the present one: `update add {apex}. {max(ttl, NEGATIVE_TTL[0])} SOA "
        f"{soa.mname} {soa.rname} SERIAL {refresh} {retry} {expire} {minimum}`"
    )


def _apex_problems(each: _Checked) -> list[str]:
    problems = []
    if not _targets(each.ns):
        problems.append(
            f"{each.zone} has no NS record: secondaries may refuse it. Add those that its parent delegates to."
        )
    answered = {question.name for question in each.hosts if question.reply and question.reply.records}
    problems += [
        f"{name} is a nameserver of {each.zone} and has no address there: resolvers cannot reach it. Add its A or AAAA, or "
        "delete it from the NS records."
        for name in sorted({question.name for question in each.hosts} - answered)
    ]
    if each.absent.reply and each.absent.reply.rcode == "NOERROR":
        problems.append(
            f"Every name in {each.zone} answers, since a wildcard stands at its apex: a withdrawn name answers what that says. "
            f"Delete it: `update delete *.{each.zone}.`"
        )
    return problems


def _range(allowed: range) -> str:
    return f"{allowed[0]} to {allowed[-1]}"
