"""Permissions: the rules of ddns.authority, asked before a view runs."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from ddns.authority import Authority


class Permission(BasePermission):
    """Logged in, or with a key that may do what the method does. Raises BeyondAuthority, which says why not."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if request.method not in SAFE_METHODS:
            authority_of(request).check_changes()
        return True


class OfAccount(BasePermission):
    """For what concerns the account as a whole."""

    def has_permission(self, request: Request, view: Any) -> bool:
        authority_of(request).check_covers_account()
        return True


def authority_of(request: Request) -> Authority:
    """Of somebody who is authenticated."""
    return Authority(request.user, request.auth)
