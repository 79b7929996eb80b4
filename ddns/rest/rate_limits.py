"""Rate limits: requests per key, account and network, and what is left of them in the headers of every answer."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from ddns import limits, sources
from ddns.limits import Allowance, Subject


class Throttle(BaseThrottle):
    """Counts the request; where Redis is away there is no limit and no header."""

    def __init__(self) -> None:
        self.allowances: Sequence[Allowance] = ()

    def allow_request(self, request: Request, view: Any) -> bool:
        self.allowances = request._request.allowances = limits.count_request(self.subjects(request))
        return all(allowance.remaining >= 0 for allowance in self.allowances)

    def subjects(self, request: Request) -> dict[str, Subject]:
        """By whom the request is counted, by the limit's name."""
        return _subjects(request)

    def wait(self) -> float:
        return max(allowance.ends_in for allowance in self.allowances if allowance.remaining < 0)


def headers(request: Request) -> dict[str, str]:
    """RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10), nothing where nothing was counted."""
    allowances: Sequence[Allowance] = getattr(request._request, "allowances", ())
    if not allowances:
        return {}
    window = int(limits.REQUESTS_WINDOW.total_seconds())
    return {
        "RateLimit-Policy": ", ".join(f'"{each.name}";q={each.limit};w={window}' for each in allowances),
        "RateLimit": ", ".join(f'"{each.name}";r={max(each.remaining, 0)};t={each.ends_in}' for each in allowances),
    }


def _subjects(request: Request) -> dict[str, Subject]:
    source = sources.address_of(request._request)
    subjects = {
        "account": Subject(str(request.user.pk), settings.REST_REQUESTS_PER_ACCOUNT),
        "network": Subject(str(limits.network_of(source, limits.LINE_LENGTHS)), settings.REST_REQUESTS_PER_NETWORK),
    }
    if request.auth is not None:
        subjects["key"] = Subject(str(request.auth.pk), settings.REST_REQUESTS_PER_KEY)
    return subjects
