"""Items of plans: every line of a letter beside what its name is to us, written set-based however many there are."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection

from abuse import index_joins, plan_words
from abuse.intake.letters import Line
from abuse.matching import place_of
from abuse.models import Decision, Order, OrderItem
from abuse.policy import GROWN_UP, STILL_UPDATED
from ddns import hostnames, plans
from dnsupdate.models import Zone

Outcome = OrderItem.Outcome
# A part of those that are live: old and in steady use, or paid for. No list is without mistakes, and these are the ones that hurt
# most (docs/decisions/0024-policy.md); the figures are those by which policy leaves a name to people.
SETTLED = "live-settled"
_MAX_NOTE = 300

_TABLE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS plan_line (
        position integer PRIMARY KEY, text text NOT NULL, name text NOT NULL, port integer, place text, label text,
        outcome text NOT NULL, note text NOT NULL
    ) ON COMMIT DROP
"""
_COPY = "COPY plan_line (position, text, name, port, place, label, outcome, note) FROM STDIN"
# Of what the operator reserved for good: a label in every domain, or a whole name.
_RESERVED = """
    SELECT DISTINCT reserved.name FROM ddns_reservedname reserved
    JOIN plan_line line ON reserved.name IN (line.place, line.label) WHERE reserved.until IS NULL
"""
# Every join is by an index (index_joins), from some thousand lines into tables of millions.
_WRITE = """
    WITH held AS MATERIALIZED (
        SELECT line.position, held.* FROM plan_line line
        JOIN ddns_hostname held ON held.name = line.place AND held.released_at IS NULL
    ), owned AS (
        SELECT account_id, count(*) AS name_count FROM ddns_hostname
        WHERE released_at IS NULL AND account_id IN (SELECT account_id FROM held) GROUP BY account_id
    ), known AS MATERIALIZED (
        SELECT
            line.*, held.ipv4, held.ipv6, owned.name_count, restriction.kind,
            COALESCE(held.id, past.id) AS hostname_id, COALESCE(held.account_id, past.account_id) AS account_id,
            COALESCE(held.created_at, past.created_at) AS first_seen_at,
            GREATEST(contact.at, renewal.at, held.changed_at, past.changed_at) AS last_seen_at,
            contact.at AS contact_at, holder.plan, holder.is_active,
            held.id IS NOT NULL AS is_held, past.released_at,
            COALESCE(holder.is_staff OR holder.is_superuser, false) AS is_staffs,
            COALESCE(protected.id IS NOT NULL OR holder.plan = ANY(%(protected_plans)s), false) AS is_protected,
            COALESCE(line.place = ANY(%(reserved)s) OR line.label = ANY(%(reserved)s), false) AS is_reserved,
            COALESCE(suspension.since, restriction.since) AS suspended_at,
            GREATEST(publication.withdrawn_at, held.created_at) AS dormant_at,
            publication.rrsets <> '{}' OR COALESCE(wildcard.rrsets <> '{}', false) OR EXISTS (
                SELECT FROM ddns_belowname below JOIN dnsupdate_publication answer ON answer.id = below.publication_id
                WHERE below.hostname_id = held.id AND held.others IS NOT NULL AND answer.rrsets <> '{}'
            ) AS answers
        FROM plan_line line
        LEFT JOIN held ON held.position = line.position
        LEFT JOIN LATERAL (
            SELECT * FROM ddns_hostname past
            WHERE held.id IS NULL AND past.name = line.place AND past.released_at IS NOT NULL
            ORDER BY past.released_at DESC LIMIT 1
        ) past ON true
        LEFT JOIN ddns_user holder ON holder.id = held.account_id
        LEFT JOIN owned ON owned.account_id = held.account_id
        LEFT JOIN ddns_restriction restriction ON restriction.hostname_id = held.id
        LEFT JOIN LATERAL (
            SELECT min(decided_at) AS since FROM abuse_suspension
            WHERE hostname_id = restriction.hostname_id AND lifted_at IS NULL
        ) suspension ON true
        LEFT JOIN ddns_hostnamecontact contact ON contact.hostname_id = COALESCE(held.id, past.id)
        LEFT JOIN ddns_renewal renewal ON renewal.hostname_id = held.id
        LEFT JOIN abuse_protectedname protected ON protected.name = held.name
        LEFT JOIN dnsupdate_publication publication ON publication.id = held.publication_id
        LEFT JOIN dnsupdate_publication wildcard ON wildcard.id = held.wildcard_publication_id
    ), judged AS MATERIALIZED (
        SELECT known.*, CASE
            WHEN outcome <> '' THEN outcome
            WHEN NOT is_held AND hostname_id IS NOT NULL THEN 'released'
            WHEN NOT is_held AND is_reserved THEN 'protected'
            WHEN NOT is_held THEN 'never'
            WHEN is_staffs OR is_protected THEN 'protected'
            WHEN kind IN ('suspended', 'diverted') OR NOT is_active THEN 'suspended'
            WHEN answers THEN 'live'
            ELSE 'dormant'
        END AS judgement FROM known
    )
    INSERT INTO abuse_orderitem (
        order_id, position, text, name, port, outcome, note, "group", hostname_id, account_id, first_seen_at, last_seen_at,
        since, ipv4, ipv6, holder_name_count, state, problem
    )
    SELECT
        %(order)s, position, text, name, port, judgement,
        left(concat_ws(' ', NULLIF(note, ''), CASE
            WHEN judgement = 'protected' AND is_staffs THEN %(staffs)s
            WHEN judgement = 'protected' AND is_protected THEN %(protected)s
            WHEN judgement = 'protected' AND outcome = '' THEN %(kept)s
            WHEN judgement = 'suspended' AND kind = 'diverted' THEN %(diverted)s
            WHEN judgement = 'suspended' AND kind IS NULL THEN %(deactivated)s
            WHEN kind = 'held' THEN %(frozen)s
        END), %(max_note)s),
        CASE WHEN judgement = 'live' AND (
            plan <> %(free)s OR first_seen_at < %(grown_up)s AND contact_at >= %(still_updated)s
        ) THEN %(settled)s ELSE judgement END,
        -- What is never acted on names no hostname: there is nothing to act on by mistake.
        CASE WHEN is_staffs THEN NULL ELSE hostname_id END, CASE WHEN is_staffs THEN NULL ELSE account_id END,
        first_seen_at, last_seen_at,
        CASE judgement WHEN 'released' THEN released_at WHEN 'suspended' THEN suspended_at WHEN 'dormant' THEN dormant_at END,
        ipv4, ipv6, name_count, 'listed', ''
    FROM judged ORDER BY position
"""


def write(order: Order, lines: Sequence[Line], *, now: datetime) -> None:
    """In the place of the order's items. Ten queries, however many lines; runs in the caller's transaction."""
    apexes = frozenset(Zone.objects.values_list("name", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.execute("TRUNCATE plan_line")
        with cursor.copy(_COPY) as copy:
            for row in _rows(lines, apexes):
                copy.write_row(row)
        # Without it the planner takes some thousand lines for some hundred thousand, and reads whole tables.
        cursor.execute("ANALYZE plan_line")
        reserved = _reserved(cursor)
        cursor.execute("DELETE FROM abuse_orderitem WHERE order_id = %s", [order.pk])
        with index_joins.preferred(cursor):
            cursor.execute(_WRITE, _parameters(order, reserved, now))


def places(names: Sequence[str]) -> dict[str, str]:
    """The name that a customer would hold, of those that lie under a domain of ours and are not it."""
    apexes = frozenset(Zone.objects.values_list("name", flat=True))
    found = {name: place_of(name, apexes) for name in names}
    return {name: place for name, place in found.items() if place is not None and place not in apexes}


def _rows(lines: Sequence[Line], apexes: frozenset[str]) -> Iterator[tuple]:
    """Of each line what can be said without a look at any row; an outcome is empty where it cannot."""
    by_name: dict[str, Line] = {}
    by_place: dict[str, Line] = {}
    for line in lines:
        place = place_of(line.name, apexes) if line.name else None
        label = place.partition(".")[0] if place else None
        said = plan_words.LINE.format(number=line.number) if line.number not in (0, line.position) else ""
        outcome, note = _known(line, place, label, by_name, by_place, apexes)
        by_name.setdefault(line.name, line)
        if place and place not in apexes:
            by_place.setdefault(place, line)
        if not outcome and place != line.name:
            note = plan_words.BELOW.format(name=place)
        note = " ".join(filter(None, (said, note)))[:_MAX_NOTE]
        yield line.position, line.text, line.name, line.port, None if outcome else place, label, outcome, note


def _known(
    line: Line,
    place: str | None,
    label: str | None,
    by_name: dict[str, Line],
    by_place: dict[str, Line],
    apexes: frozenset[str],
) -> tuple[str, str]:
    """Outcome and why."""
    if not line.name:
        return Outcome.INVALID, line.problem
    if (first := by_name.get(line.name)) is not None:
        return Outcome.REPEATED, plan_words.REPEATS.format(number=first.number or first.position)
    if place is None or label is None:
        return Outcome.NOT_OURS, plan_words.NOT_OURS
    if place in apexes:
        return Outcome.PROTECTED, "It is a whole domain with the names of everybody in it."
    if (first := by_place.get(place)) is not None:
        return Outcome.REPEATED, plan_words.SAME.format(number=first.number or first.position)
    if hostnames.is_kept(label):
        return Outcome.PROTECTED, "It is a name of the platform itself."
    return "", ""


def _reserved(cursor) -> list[str]:
    """Those that the operator keeps; not what the desk keeps from an abuser."""
    cursor.execute(_RESERVED)
    kept = {name for (name,) in cursor.fetchall()}
    decided = Decision.objects.in_force().filter(action=Decision.Action.RESERVE_LABEL, parameters__label__in=kept)
    return sorted(kept.difference(decided.values_list("parameters__label", flat=True)))


def _parameters(order: Order, reserved: list[str], now: datetime) -> dict:
    return {
        "order": order.pk,
        "reserved": reserved,
        "protected_plans": settings.ABUSE_PROTECTED_PLANS,
        "free": plans.DEFAULT,
        "grown_up": now - GROWN_UP,
        "still_updated": now - STILL_UPDATED,
        "settled": SETTLED,
        "max_note": _MAX_NOTE,
        "staffs": "It is a name of the platform itself.",
        "kept": "It is reserved by the platform.",
        "protected": "It is protected: a second person decides about it.",
        "diverted": "It answers a sinkhole or a notice page.",
        "deactivated": "Its account is deactivated.",
        "frozen": "It is frozen, and changes no more.",
    }
