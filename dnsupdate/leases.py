"""One lease per zone: who publishes it now. Renewed while publishing, free again by itself after a crash."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.db.models import Q
from django.db.models.functions import Now

from dnsupdate.models import Zone

# Longer than one exchange with the primary may take; after a crash a zone rests for this long at most.
DURATION = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Lease:
    zone_id: int
    token: UUID

    def renew(self) -> bool:
        """Whether the lease is still ours; then it is ours for another DURATION."""
        return bool(self._held().update(lease_expires_at=Now() + DURATION))

    def release(self) -> None:
        self._held().update(lease_token=None, lease_expires_at=None)

    def _held(self):
        return Zone.objects.filter(pk=self.zone_id, lease_token=self.token)


def claim(zone_id: int) -> Lease | None:
    """The lease, or None while somebody else has it or the zone is backing off after a failure."""
    lease = Lease(zone_id, uuid4())
    is_free = Q(lease_expires_at=None) | Q(lease_expires_at__lte=Now())
    may_try = Q(retry_at=None) | Q(retry_at__lte=Now())
    claimed = Zone.objects.filter(is_free, may_try, pk=zone_id).update(
        lease_token=lease.token, lease_expires_at=Now() + DURATION
    )
    return lease if claimed else None
