"""Restrictions of many hostnames at once: imposed and ended in a few statements, as hostnames.impose does it for one.

What the restricted names answer is the same for thousands of them, so that the rows are written where they are and never
read: 18,472 names take a tenth of what they take one by one.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db import connection, transaction

from ddns import hostnames
from ddns.models import Hostname, Restriction
from dnsupdate import outbox
from dnsupdate.models.pending import Urgency
from dnsupdate.rrsets import RRsets

_STORE = """
    INSERT INTO ddns_restriction (hostname_id, kind, answer, since)
    SELECT id, kind, answer::jsonb, now()
    FROM unnest(%(ids)s::bigint[], %(kinds)s::text[], %(answers)s::text[]) AS wanted(id, kind, answer)
    ON CONFLICT (hostname_id) DO UPDATE SET kind = excluded.kind, answer = excluded.answer
"""

# Of every publication that is theirs, whether it answers what the hostname does: itself, and its wildcard while it has one.
_PUBLICATIONS = """
    SELECT publication_id, true FROM ddns_hostname WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL
    SELECT wildcard_publication_id, wildcard FROM ddns_hostname
    WHERE id = ANY (%(ids)s::bigint[]) AND wildcard_publication_id IS NOT NULL
    UNION ALL
    SELECT publication_id, false FROM ddns_belowname WHERE hostname_id = ANY (%(ids)s::bigint[])
"""


class Imposed(NamedTuple):
    """What is in force over a hostname. answer is what it answers instead, while held or diverted."""

    kind: Restriction.Kind
    answer: RRsets


def lock(hostname_ids: Iterable[int]) -> None:
    """Locks the publications of these hostnames until the transaction ends; what is read after that stays."""
    outbox.lock_unread([pk for pk, _ in _publications(list(hostname_ids))])


@transaction.atomic
def impose_all(wanted: Mapping[int, Imposed | None], urgency: Urgency = Urgency.WITHDRAWAL) -> None:
    """Makes these the restrictions in force, by hostname; None ends what is. Which ones are to be the caller knows.

    For whoever has locked them (lock) and has seen after that that none of them was released. Statements are as many as
    there are different answers, and a few for each zone of those that are held or get their own answers back.
    """
    Restriction.objects.filter(hostname__in=[pk for pk, imposed in wanted.items() if imposed is None]).delete()
    _store({pk: imposed for pk, imposed in wanted.items() if imposed is not None})
    alike: dict[str, list[int]] = {}
    own = []
    for pk, imposed in wanted.items():
        # A hold changes no answer, and is written all the same: an update under way sees the revision and starts again.
        if imposed is None or imposed.kind == Restriction.Kind.HELD:
            own.append(pk)
        else:
            answer = {} if imposed.kind == Restriction.Kind.SUSPENDED else imposed.answer
            alike.setdefault(json.dumps(answer), []).append(pk)
    for text, ids in alike.items():
        _answer(ids, json.loads(text), urgency)
    hostnames.publish_all(_read(own), urgency)


def _store(imposed: Mapping[int, Imposed]) -> None:
    if not imposed:
        return
    values: dict[str, Any] = {
        "ids": list(imposed),
        "kinds": [each.kind.value for each in imposed.values()],
        "answers": [json.dumps(each.answer) for each in imposed.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(_STORE, values)


def _answer(hostname_ids: list[int], answer: RRsets, urgency: Urgency) -> None:
    """As hostnames.desired_names has it for what is suspended or diverted."""
    rows = _publications(hostname_ids)
    if not answer:
        outbox.answer([pk for pk, _ in rows], {}, urgency)
        return
    outbox.answer([pk for pk, is_answering in rows if is_answering], answer, urgency)
    outbox.answer([pk for pk, is_answering in rows if not is_answering], {}, urgency)


def _publications(hostname_ids: list[int]) -> list[tuple[int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(_PUBLICATIONS, {"ids": hostname_ids})
        return cursor.fetchall()


def _read(hostname_ids: list[int]) -> list[Hostname]:
    # Accounts and domains are those of many: read once each, not once for each hostname.
    found = Hostname.objects.unreleased().select_related("restriction").prefetch_related("account", "domain__zone")
    # A name that was given up may be somebody else's by now.
    return list(found.filter(pk__in=hostname_ids).order_by("name"))
