"""Contacts: when each key was last used, from where and by what. Kept in memory, written in the background.

An unchanged update writes nothing (four thousand of them a second are expected), so the last use of a key may be
this old after a crash; it is a convenience for people, and decides nothing.
"""

import json
import logging
import time
from datetime import UTC, datetime

from django.db import Error, connection

from ddns.addresses import Address

logger = logging.getLogger(__name__)

# Beyond it the oldest contacts are written no more: bounds the memory while the database is away.
MAX_KEYS = 200_000
MAX_AGENT_CHARACTERS = 200

_contacts: dict[int, tuple[float, Address, str]] = {}

_WRITE = """
    WITH contact AS (
        SELECT key.id, row.at, row.source, row.agent
        FROM jsonb_to_recordset(%s::jsonb) AS row(key_id bigint, at timestamptz, source inet, agent text)
        JOIN ddns_updatekey key ON key.id = row.key_id
        ORDER BY key.id FOR NO KEY UPDATE OF key
    )
    UPDATE ddns_updatekey AS key SET used_at = contact.at, used_from = contact.source, used_by = contact.agent
    FROM contact WHERE key.id = contact.id AND (key.used_at IS NULL OR key.used_at < contact.at)
"""


def remember(key_id: int, source: Address, agent: str) -> None:
    """Notes a use of the key. Cheap enough for every request."""
    if len(_contacts) < MAX_KEYS or key_id in _contacts:
        _contacts[key_id] = (time.time(), source, agent[:MAX_AGENT_CHARACTERS])


def printable(agent: str) -> str:
    """A User-Agent as it may be stored: PostgreSQL takes no NUL, pages no control characters."""
    return "".join(filter(str.isprintable, agent[:MAX_AGENT_CHARACTERS]))


def flush() -> None:
    """Writes what was noted. After an error of the database it is noted again, unless the key was used since."""
    taken = {key_id: _contacts.pop(key_id) for key_id in list(_contacts)}
    if not taken:
        return
    rows = [
        {
            "key_id": key_id,
            "at": datetime.fromtimestamp(at, UTC).isoformat(),
            "source": str(source),
            "agent": printable(agent),
        }
        for key_id, (at, source, agent) in taken.items()
    ]
    try:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [json.dumps(rows)])
    except Error as error:
        logger.warning("The last use of %d keys is written later: %s", len(taken), error)
        for key_id, contact in taken.items():
            _contacts.setdefault(key_id, contact)
        connection.close_if_unusable_or_obsolete()
