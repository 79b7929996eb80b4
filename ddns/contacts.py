"""Contacts: when each key and hostname was last spoken of, from where and by what. Kept in memory, written in the background.

An unchanged update writes nothing (four thousand of them a second are expected), so a last contact may be some seconds old,
and is lost in a crash; it is a convenience for people, and decides nothing that those seconds would change.
"""

import json
import logging
import time
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import Error, connection

from ddns.addresses import Address

logger = logging.getLogger(__name__)

# Beyond it further ones are not noted: bounds the memory while the database is away.
MAX_NOTED = 200_000
MAX_AGENT_CHARACTERS = 200


class Contact(NamedTuple):
    """at is in seconds since the epoch."""

    at: float
    source: Address
    agent: str
    protocol: str


_of_keys: dict[int, Contact] = {}
_of_hostnames: dict[int, Contact] = {}

_WRITE_KEYS = """
    WITH contact AS (
        SELECT key.id, row.at, row.source, row.agent
        FROM jsonb_to_recordset(%s::jsonb) AS row(id bigint, at timestamptz, source inet, agent text)
        JOIN ddns_updatekey key ON key.id = row.id
        ORDER BY key.id FOR NO KEY UPDATE OF key
    )
    UPDATE ddns_updatekey AS key SET used_at = contact.at, used_from = contact.source, used_by = contact.agent
    FROM contact WHERE key.id = contact.id AND (key.used_at IS NULL OR key.used_at < contact.at)
"""

# Of hostnames that are there: nothing else keeps this table from holding what is gone.
_WRITE_HOSTNAMES = """
    INSERT INTO ddns_hostnamecontact AS contact (hostname_id, at, source, agent, protocol)
    SELECT row.id, row.at, row.source, row.agent, row.protocol
    FROM jsonb_to_recordset(%s::jsonb) AS row(id bigint, at timestamptz, source inet, agent text, protocol text)
    JOIN ddns_hostname hostname ON hostname.id = row.id
    ORDER BY row.id
    ON CONFLICT (hostname_id) DO UPDATE
    SET at = excluded.at, source = excluded.source, agent = excluded.agent, protocol = excluded.protocol
    WHERE contact.at < excluded.at
"""


def remember(key_id: int, source: Address, agent: str) -> None:
    """Notes a use of the key. Cheap enough for every request."""
    if len(_of_keys) < MAX_NOTED or key_id in _of_keys:
        _of_keys[key_id] = Contact(time.time(), source, agent[:MAX_AGENT_CHARACTERS], "")


def remember_hostname(hostname_id: int, source: Address, agent: str, protocol: str) -> None:
    """Notes an authenticated request about the hostname. Cheap enough for every request."""
    if len(_of_hostnames) < MAX_NOTED or hostname_id in _of_hostnames:
        _of_hostnames[hostname_id] = Contact(time.time(), source, agent[:MAX_AGENT_CHARACTERS], protocol)


def printable(agent: str) -> str:
    """A User-Agent as it may be stored: PostgreSQL takes no NUL, pages no control characters."""
    return "".join(filter(str.isprintable, agent[:MAX_AGENT_CHARACTERS]))


def flush() -> None:
    """Writes what was noted. After an error of the database it is noted again, unless there was a later contact."""
    _write(_of_keys, _WRITE_KEYS)
    _write(_of_hostnames, _WRITE_HOSTNAMES)


def _write(noted: dict[int, Contact], statement: str) -> None:
    taken = {number: noted.pop(number) for number in list(noted)}
    if not taken:
        return
    rows = [
        {
            "id": number,
            "at": datetime.fromtimestamp(contact.at, UTC).isoformat(),
            "source": str(contact.source),
            "agent": printable(contact.agent),
            "protocol": contact.protocol,
        }
        for number, contact in taken.items()
    ]
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, [json.dumps(rows)])
    except Error as error:
        logger.warning("%d last contacts are written later: %s", len(taken), error)
        for number, contact in taken.items():
            noted.setdefault(number, contact)
        connection.close_if_unusable_or_obsolete()
