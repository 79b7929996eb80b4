"""Rate limits of the APIs for reporters and officers: per key, and tight per network for those who show none."""

from django.conf import settings
from rest_framework.request import Request

from ddns import limits, sources
from ddns.limits import Subject
from ddns.rest import rate_limits


class Throttle(rate_limits.Throttle):
    """Looks at a status are counted with reports. Where Redis is away there is no limit: a report must not be lost."""

    def subjects(self, request: Request) -> dict[str, Subject]:
        if request.auth is not None:
            return {"key": Subject(f"reporter-key:{request.auth.pk}", settings.ABUSE_REQUESTS_PER_KEY)}
        network = limits.network_of(sources.address_of(request._request))
        return {"network": Subject(f"reporters:{network}", settings.ABUSE_REQUESTS_PER_NETWORK)}


class OfficersThrottle(rate_limits.Throttle):
    """How much is filed in a day is another limit (abuse.officer_limits)."""

    def subjects(self, request: Request) -> dict[str, Subject]:
        if request.auth is not None:
            return {"key": Subject(f"officer-key:{request.auth.pk}", settings.ABUSE_REQUESTS_PER_KEY)}
        network = limits.network_of(sources.address_of(request._request))
        return {"network": Subject(f"officers:{network}", settings.ABUSE_REQUESTS_PER_NETWORK)}
