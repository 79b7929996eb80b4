"""Roles: who may what, as their groups are made."""

import pytest
from django.contrib.auth.models import Group, Permission

from abuse import roles
from ddns.models import User

pytestmark = pytest.mark.django_db

ANALYST, SENIOR, LIAISON = roles.ANALYST, roles.SENIOR, roles.LIAISON
AUDITOR, ADMINISTRATOR = roles.AUDITOR, roles.ADMINISTRATOR
EVERYBODY = {ANALYST, SENIOR, LIAISON, AUDITOR, ADMINISTRATOR}
MAY = {
    "abuse.view_case": EVERYBODY,
    "abuse.view_evidence": EVERYBODY - {ADMINISTRATOR},
    "abuse.view_ledgerentry": EVERYBODY,
    "ddns.view_hostname": EVERYBODY,
    "abuse.decide_case": {ANALYST, SENIOR},
    "abuse.file_report": {ANALYST, SENIOR},
    "abuse.add_suspension": {ANALYST, SENIOR},
    "abuse.decide_gravely": {SENIOR},
    "abuse.approve_decision": {SENIOR},
    "abuse.decide_appeal": {SENIOR},
    "abuse.deactivate_account": {SENIOR},
    "abuse.preserve_account": {SENIOR, LIAISON},
    "abuse.refer_case": {SENIOR, LIAISON},
    "abuse.export_case": {SENIOR, LIAISON, AUDITOR},
    "abuse.change_settings": {ADMINISTRATOR},
    "abuse.view_order": EVERYBODY - {ADMINISTRATOR},
    "abuse.act_on_order": {ANALYST, SENIOR, LIAISON},
    "abuse.approve_order": {SENIOR},
    "abuse.vet_officer": {SENIOR, LIAISON},
    "abuse.freeze_officer": {SENIOR, LIAISON},
    "abuse.disclose": {SENIOR, LIAISON},
    "abuse.view_sealed_order": {SENIOR},
    # For named people, whatever their role.
    "abuse.view_restricted_case": set(),
    "ddns.change_user": set(),
    "abuse.delete_ledgerentry": set(),
}


@pytest.fixture(autouse=True)
def _roles(db) -> None:
    roles.make_missing()


@pytest.mark.parametrize("role", sorted(EVERYBODY))
@pytest.mark.parametrize("permission", sorted(MAY))
def test_role_may_this_and_not_that(role, permission):
    person = User.objects.create_user("pat@example.com", is_staff=True)
    person.groups.add(Group.objects.get(name=role))
    assert person.has_perm(permission) == (role in MAY[permission])


def test_every_permission_of_the_desk_is_decided_about_here():
    """Whoever adds one says here who has it."""
    usual = ("add_", "change_", "delete_", "view_")
    own = Permission.objects.filter(content_type__app_label="abuse").values_list("codename", flat=True)
    special = {each for each in own if not each.startswith(usual)} | {"view_evidence", "view_restricted_case"}
    assert {f"abuse.{each}" for each in special} <= set(MAY)


def test_group_that_the_operator_changed_stays_so():
    group = Group.objects.get(name=ANALYST)
    group.permissions.clear()
    roles.make_missing()
    assert not group.permissions.exists()


def test_analysts_of_before_get_what_cases_need():
    group = Group.objects.get(name=ANALYST)
    group.permissions.remove(Permission.objects.get(codename="decide_case"))
    Group.objects.exclude(name=ANALYST).delete()
    roles.make_missing()
    assert group.permissions.filter(codename="decide_case").exists()
