"""Roles: the groups that staff accounts are put into."""

from django.contrib.auth.models import Group, Permission

ANALYST = "Abuse analyst"
# What an analyst sees, and the decisions that they may take. Whole accounts are for seniors: make a group
# with the permission abuse.deactivate_account for them.
_ANALYST_MAY = {
    "ddns": (
        "view_hostname",
        "view_user",
        "view_domain",
        "view_reservedname",
        "view_addressupdate",
        "view_acmeaccount",
        "delete_acmeaccount",
    ),
    "dnsupdate": ("view_zone", "view_serverstate", "view_proof"),
    "abuse": ("view_suspension", "view_ledgerentry", "add_suspension", "change_suspension"),
}


def make_missing(**signal) -> None:
    """After migrate, when all permissions exist. A group that is there stays as the operator has made it."""
    group, is_new = Group.objects.get_or_create(name=ANALYST)
    if not is_new:
        return
    for app_label, codenames in _ANALYST_MAY.items():
        group.permissions.add(*Permission.objects.filter(content_type__app_label=app_label, codename__in=codenames))
