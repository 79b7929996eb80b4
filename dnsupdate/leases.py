"""One lease per zone: who publishes it now. Renewed while publishing, free again by itself after a crash."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from dnsupdate.statements import Statement

# Longer than one exchange with the primary may take; after a crash a zone rests for this long at most.
DURATION = timedelta(seconds=6)

# Prepared: a zone that is updated now and then is claimed and left for every update, and the ORM took a fifth of that.
_CLAIM = Statement(
    f"""
    UPDATE dnsupdate_zone
    SET lease_token = $2::uuid, lease_expires_at = statement_timestamp() + interval '{DURATION.total_seconds()} seconds'
    WHERE id = $1::bigint
        AND (lease_expires_at IS NULL OR lease_expires_at <= statement_timestamp())
        AND (retry_at IS NULL OR retry_at <= statement_timestamp())
        AND frozen_at IS NULL AND retired_at IS NULL
    RETURNING failing_since IS NOT NULL
    """
)
_RENEW = Statement(
    f"""
    UPDATE dnsupdate_zone SET lease_expires_at = statement_timestamp() + interval '{DURATION.total_seconds()} seconds'
    WHERE id = $1::bigint AND lease_token = $2::uuid
    RETURNING id
    """
)
_RELEASE = Statement(
    """
    UPDATE dnsupdate_zone SET lease_token = NULL, lease_expires_at = NULL WHERE id = $1::bigint AND lease_token = $2::uuid
    """
)


@dataclass(frozen=True, slots=True)
class Lease:
    """is_failing: what was sent to the zone before this lease failed."""

    zone_id: int
    token: UUID
    is_failing: bool = False

    def renew(self) -> bool:
        """Whether the lease is still ours; then it is ours for another DURATION."""
        return bool(_RENEW(*self._parameters()))

    def release(self) -> None:
        _RELEASE(*self._parameters())

    def _parameters(self) -> tuple[bytes, bytes]:
        return str(self.zone_id).encode(), str(self.token).encode()


def claim(zone_id: int) -> Lease | None:
    """The lease, or None while somebody else has it or the zone is backing off after a failure."""
    token = uuid4()
    claimed = _CLAIM(str(zone_id).encode(), str(token).encode())
    return Lease(zone_id, token, is_failing=claimed[0][0] == b"t") if claimed else None
