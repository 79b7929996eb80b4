"""Delegations on the desk: who may look, who may say that a change was ours, and what they are shown."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from ddns.models import User
from dnsupdate import alarms
from dnsupdate.models import Alarm, Delegation, DelegationChange, Zone
from tests.people import logged_in

pytestmark = pytest.mark.django_db
OURS = {"ns": ["ns1.ddns.test", "ns2.ddns.test"], "glue": {"ns1.ddns.test": ["192.0.2.53"]}, "ds": []}
SEIZED = {"ns": ["ns7.microsoftinternetsafety.example"], "glue": {}, "ds": []}


@pytest.fixture
def delegation(zone: Zone) -> Delegation:
    """Seized, and seen to be."""
    now = timezone.now()
    delegation = Delegation.objects.create(
        zone=zone,
        registrar="Example Registrar, +1 555 0100",
        expected=OURS,
        accepted_at=now,
        accepted_by="alice@example.com",
        observed=SEIZED,
        observed_at=now,
        checked_at=now,
        state=Delegation.State.CHANGED,
        answers=[
            {"server": "a.nic.test (192.0.2.1)", "picture": SEIZED, "said": "", "evidence": ""},
            {
                "server": "b.nic.test (192.0.2.2)",
                "picture": None,
                "said": "No answer within 2 seconds.",
                "evidence": "",
            },
        ],
        apexes=[
            {"role": "delegated", "server": "ns7 (192.0.2.7)", "serial": 5, "ns": OURS["ns"], "failure": ""},
            {
                "role": "listed",
                "server": "ns1 (192.0.2.53)",
                "serial": None,
                "ns": [],
                "failure": "Lame: it says REFUSED.",
            },
        ],
    )
    delegation.changes.create(
        source="parent",
        was=OURS,
        now=SEIZED,
        words="Nameservers: were ns1; now ns7.",
        evidence=[
            {"server": "a.nic.test", "picture": SEIZED, "said": "", "evidence": "id 7 <script>alert(1)</script>"}
        ],
        seen_at=now,
    )
    alarms.open(Alarm.Kind.DELEGATION, "Seized.", zone=zone)
    return delegation


def page(delegation: Delegation, part: str = "change") -> str:
    return f"/admin/dnsupdate/delegation/{delegation.pk}/{part}/"


def staff(email: str, *codenames: str) -> User:
    user = User.objects.create_user(email, is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return user


def is_accepted(delegation: Delegation) -> bool:
    delegation.refresh_from_db()
    return delegation.expected == SEIZED


def test_page_shows_expected_beside_observed_every_server_and_the_history(root, delegation):
    html = logged_in(root).get(page(delegation)).content.decode()
    for shown in (
        "ns1.ddns.test 192.0.2.53",
        "ns7.microsoftinternetsafety.example",
        "a.nic.test (192.0.2.1)",
        "No answer within 2 seconds.",
        "Lame: it says REFUSED.",
        "not those of the parent",
        "This change was ours",
        "Nameservers: were ns1; now ns7.",
        "id 7 &lt;script&gt;",
    ):
        assert shown in html


def test_page_of_a_zone_that_was_never_looked_at_says_so(root, zone):
    html = logged_in(root).get(page(Delegation.objects.create(zone=zone))).content.decode()
    assert "not checked yet" in html
    assert "None was asked yet" in html
    assert "This change was ours" not in html


def test_accepting_asks_first_and_is_recorded(root, delegation):
    desk = logged_in(root)
    asked = desk.get(page(delegation, "accept"))
    assert "telephone the registrar: Example Registrar" in asked.content.decode()
    assert not is_accepted(delegation)
    done = desk.post(page(delegation, "accept"), {"seen": delegation.seen}, follow=True)
    assert "is ours" in done.content.decode()
    assert is_accepted(delegation)
    assert delegation.accepted_by == str(root)
    change = DelegationChange.objects.get()
    assert (change.outcome, change.accepted_by) == ("accepted", str(root))
    assert not Alarm.objects.open().exists()


def test_what_changed_after_the_page_was_shown_is_not_accepted(root, delegation):
    seen = delegation.seen
    Delegation.objects.update(observed={"ns": ["ns1.example.net"], "glue": {}, "ds": []})
    said = logged_in(root).post(page(delegation, "accept"), {"seen": seen}, follow=True)
    assert "changed again after you looked" in said.content.decode()
    delegation.refresh_from_db()
    assert delegation.expected == OURS


def test_a_form_without_what_was_seen_accepts_nothing(root, delegation):
    logged_in(root).post(page(delegation, "accept"))
    assert not is_accepted(delegation)


def test_staff_who_may_look_may_not_accept(delegation):
    desk = logged_in(staff("clerk@example.com", "view_delegation"))
    assert "This change was ours" not in desk.get(page(delegation)).content.decode()
    assert desk.get(page(delegation, "accept")).status_code == 403
    assert desk.post(page(delegation, "accept"), {"seen": delegation.seen}).status_code == 403
    assert not is_accepted(delegation)


def test_staff_who_may_change_whom_to_ask_may_not_accept(delegation):
    desk = logged_in(staff("clerk@example.com", "view_delegation", "change_delegation"))
    assert desk.post(page(delegation, "accept"), {"seen": delegation.seen}).status_code == 403
    assert not is_accepted(delegation)


def test_staff_who_may_not_accept_may_not_say_whom_to_ask(delegation):
    desk = logged_in(staff("clerk@example.com", "view_delegation", "change_delegation"))
    form = {"parent_override": "192.0.2.66", "registrar": "Other, +1 555 0199"}
    assert desk.post(page(delegation), form).status_code == 302
    delegation.refresh_from_db()
    assert (delegation.parent_override, delegation.registrar) == ("", "Other, +1 555 0199")


def test_staff_who_may_accept_and_change_say_whom_to_ask(delegation):
    desk = logged_in(staff("clerk@example.com", "view_delegation", "change_delegation", "accept_delegation"))
    assert desk.post(page(delegation), {"parent_override": "192.0.2.1", "registrar": ""}).status_code == 302
    delegation.refresh_from_db()
    assert delegation.parent_override == "192.0.2.1"


def test_staff_with_the_permission_accept(delegation):
    desk = logged_in(staff("clerk@example.com", "view_delegation", "accept_delegation"))
    assert "This change was ours" in desk.get(page(delegation)).content.decode()
    desk.post(page(delegation, "accept"), {"seen": delegation.seen})
    assert is_accepted(delegation)


@pytest.mark.parametrize("part", ["change", "accept"])
def test_staff_without_any_permission_get_403(delegation, part):
    desk = logged_in(staff("clerk@example.com"))
    assert desk.get(page(delegation, part)).status_code == 403


@pytest.mark.parametrize("part", ["change", "accept"])
def test_stranger_is_sent_to_the_log_in(client, delegation, part):
    assert client.get(page(delegation, part), follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
    client.post(page(delegation, part), {"seen": delegation.seen})
    assert not is_accepted(delegation)


@pytest.mark.parametrize("part", ["change", "accept"])
def test_customer_gets_403(alice, delegation, part):
    assert logged_in(alice).post(page(delegation, part), {"seen": delegation.seen}, follow=True).status_code == 403
    assert not is_accepted(delegation)


def test_the_expected_delegation_cannot_be_typed_in(root, delegation):
    """It is taken over, or stays; whom to ask and whom to call can be changed."""
    form = {"parent_override": "192.0.2.1\n[2001:db8::1]:5353", "registrar": "Other, +1 555 0199", "expected": "{}"}
    logged_in(root).post(page(delegation), form)
    delegation.refresh_from_db()
    assert (delegation.registrar, delegation.expected) == ("Other, +1 555 0199", OURS)
    assert "5353" in delegation.parent_override


@pytest.mark.parametrize("text", ["ns1.example.org", "192.0.2.1:dns", "192.0.2.1:99999", "192.0.2.1,192.0.2.2"])
def test_whom_to_ask_must_be_addresses(root, delegation, text):
    said = logged_in(root).post(page(delegation), {"parent_override": text, "registrar": ""})
    assert "is no ADDRESS" in said.content.decode()


def test_list_shows_states_at_a_constant_number_of_queries(root, delegation, django_assert_num_queries):
    desk = logged_in(root)
    desk.get("/admin/dnsupdate/delegation/")
    with django_assert_num_queries(5) as counted:
        html = desk.get("/admin/dnsupdate/delegation/?q=ddns").content.decode()
    assert "changed" in html
    for number in range(5):
        Delegation.objects.create(
            zone=Zone.objects.create(name=f"z{number}.ddns.test", primary=delegation.zone.primary)
        )
    with django_assert_num_queries(len(counted)):
        desk.get("/admin/dnsupdate/delegation/?q=ddns")
