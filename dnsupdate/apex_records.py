"""Apex records: SOA and NS of many zones as their primaries answer them, for whoever repeats them to others."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from dnsupdate import nameservers
from dnsupdate.inquiry import Inquiry, Question
from dnsupdate.models import Zone
from dnsupdate.queries import Record

WITHIN = timedelta(seconds=5)


class ApexRecords(NamedTuple):
    """Of one zone."""

    soa: tuple[Record, ...]
    ns: tuple[Record, ...]


def read(zones: Sequence[Zone]) -> dict[str, ApexRecords]:
    """By apex, of those whose primary answers with authority. Asks all at once; zones come with their primaries."""
    addresses, _ = nameservers.resolve_all({zone.primary_id: zone.primary for zone in zones}.values())
    asked = [
        (zone.name, Question(zone.primary_id, zone.name, "SOA"), Question(zone.primary_id, zone.name, "NS"))
        for zone in zones
        if zone.primary_id in addresses
    ]
    with Inquiry(addresses, within=WITHIN) as inquiry:
        inquiry.ask(question for _, *questions in asked for question in questions)
    answered = {name: ApexRecords(_records(soa, "SOA"), _records(ns, "NS")) for name, soa, ns in asked}
    return {name: records for name, records in answered.items() if records.soa}


def _records(question: Question, type_name: str) -> tuple[Record, ...]:
    reply = question.reply
    if reply is None or not reply.is_authoritative:
        return ()
    return tuple(record for record in reply.records if record.type_name == type_name)
