"""Roles: the groups that staff accounts are put into."""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission

ANALYST = "Abuse analyst"
SENIOR = "Abuse senior"
LIAISON = "Authority liaison"
AUDITOR = "Auditor"
ADMINISTRATOR = "Abuse administrator"

Rights = Mapping[str, tuple[str, ...]]

_MAY_LOOK: Rights = {
    "ddns": (
        "view_hostname",
        "view_user",
        "view_domain",
        "view_reservedname",
        "view_addressupdate",
        "view_acmeaccount",
    ),
    "dnsupdate": ("view_zone", "view_serverstate", "view_proof"),
    "abuse": (
        *("view_suspension", "view_ledgerentry", "view_case", "view_report", "view_submission", "view_decision"),
        *("view_appeal", "view_reporter", "view_statement", "view_receipt"),
    ),
}
# Everybody but those who set the desk up.
_MAY_SEE_EVIDENCE: Rights = {"abuse": ("view_evidence",)}
_MAY_SEE_SETTINGS: Rights = {
    "abuse": (
        "view_category",
        "view_weight",
        "view_rule",
        "view_brand",
        "view_feed",
        "view_template",
        "view_diversiontarget",
    ),
}
_MAY_DECIDE: Rights = {
    "ddns": ("delete_acmeaccount",),
    "abuse": ("add_suspension", "change_suspension", "file_report", "decide_case"),
}
_MAY_DECIDE_GRAVELY: Rights = {
    "abuse": (
        *("deactivate_account", "decide_gravely", "approve_decision", "decide_appeal", "preserve_account"),
        *("refer_case", "export_case"),
    ),
}
_MAY_DEAL_WITH_AUTHORITIES: Rights = {
    "abuse": ("preserve_account", "refer_case", "export_case", "vet_officer", "freeze_officer", "disclose"),
}
# Of orders: whoever may decide may carry one out; sealed ones are for those who handle them.
_MAY_SEE_ORDERS: Rights = {"abuse": ("view_order", "view_officer", "view_agency", "view_partner", "view_sighting")}
_MAY_ACT_ON_ORDERS: Rights = {"abuse": ("act_on_order",)}
_MAY_APPROVE_ORDERS: Rights = {
    "abuse": ("approve_order", "vet_officer", "freeze_officer", "disclose", "view_sealed_order"),
}
_MAY_AUDIT: Rights = {"abuse": ("export_case",)}
_MAY_CONFIGURE: Rights = {"abuse": ("change_settings",)}

# What each may when its group is made. Restricted cases are for named people: given to persons, not to a role.
ROLES: dict[str, tuple[Rights, ...]] = {
    ANALYST: (_MAY_LOOK, _MAY_SEE_EVIDENCE, _MAY_DECIDE, _MAY_SEE_ORDERS, _MAY_ACT_ON_ORDERS),
    SENIOR: (
        *(_MAY_LOOK, _MAY_SEE_EVIDENCE, _MAY_SEE_SETTINGS, _MAY_DECIDE, _MAY_DECIDE_GRAVELY),
        *(_MAY_SEE_ORDERS, _MAY_ACT_ON_ORDERS, _MAY_APPROVE_ORDERS),
    ),
    LIAISON: (*(_MAY_LOOK, _MAY_SEE_EVIDENCE, _MAY_DEAL_WITH_AUTHORITIES, _MAY_SEE_ORDERS, _MAY_ACT_ON_ORDERS),),
    AUDITOR: (_MAY_LOOK, _MAY_SEE_EVIDENCE, _MAY_SEE_SETTINGS, _MAY_AUDIT, _MAY_SEE_ORDERS),
    ADMINISTRATOR: (_MAY_LOOK, _MAY_SEE_SETTINGS, _MAY_CONFIGURE),
}


_OF_ORDERS = (_MAY_SEE_ORDERS, _MAY_ACT_ON_ORDERS, _MAY_APPROVE_ORDERS, _MAY_DEAL_WITH_AUTHORITIES)


def make_missing(**signal) -> None:
    """After migrate, when all permissions exist. A group that is there stays as the operator has made it.

    Once, where nobody has the rights about orders yet, the groups that were there before get theirs.
    """
    has_orders = Permission.objects.filter(codename="act_on_order", group__isnull=False).exists()
    # The other roles came later than the analyst's: with them that group gets what its people need for cases, once.
    is_upgrade = not Group.objects.filter(name=SENIOR).exists()
    for name, rights in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new or (is_upgrade and name == ANALYST):
            group.permissions.add(*_permissions(rights))
        elif not has_orders:
            group.permissions.add(*_permissions(tuple(each for each in rights if each in _OF_ORDERS)))


def _permissions(rights: tuple[Rights, ...]) -> list[Permission]:
    return [
        permission
        for each in rights
        for app_label, codenames in each.items()
        for permission in Permission.objects.filter(content_type__app_label=app_label, codename__in=codenames)
    ]
