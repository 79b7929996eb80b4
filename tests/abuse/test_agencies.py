"""Agencies: what we have found out ourselves, changed by those who vet, and never by a request."""

import pytest

from abuse import agencies
from abuse.errors import InvalidAgency, NotAllowed
from abuse.models import Agency, LedgerEntry
from tests.abuse import order_rows

pytestmark = pytest.mark.django_db

FOUND = {
    "name": "Example Police",
    "kind": "police",
    "country": "at",
    "mail_domains": ["Police.Example", "@polizei.example", "police.example"],
    "phone": "+43 1 555 0100",
    "phone_source": "the ministry's public register",
}


def test_agency_is_added_with_its_domains_normalised(root):
    agency = agencies.add(by=root, **FOUND)
    assert (agency.country, agency.mail_domains) == ("AT", ["police.example", "polizei.example"])
    assert agency.added_by == root
    entry = LedgerEntry.objects.get(action="add-agency")
    assert (entry.actor, entry.details["phone_source"]) == (root, "the ministry's public register")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"kind": "bank"},
        {"country": "Austria"},
        {"mail_domains": []},
        {"mail_domains": ["gmail.com"]},
        {"mail_domains": ["mailinator.com"]},
        {"mail_domains": ["com"]},
        {"mail_domains": ["gv.at"]},
        {"mail_domains": ["police example"]},
        {"mail_domains": [f"p{number}.example" for number in range(51)]},
        {"phone": "133"},
        {"phone": ""},
        {"phone_source": " "},
    ],
    ids=str,
)
def test_agency_without_what_vetting_needs_is_not_added(root, fields):
    with pytest.raises(InvalidAgency):
        agencies.add(by=root, **FOUND | fields)
    assert not Agency.objects.exists()


def test_domain_that_we_offer_names_under_is_no_agencys(root, domain):
    for name in ("ddns.test", "police.ddns.test"):
        with pytest.raises(InvalidAgency, match="anybody gets"):
            agencies.add(by=root, **FOUND | {"mail_domains": [name]})


def test_name_is_had_once(root):
    agencies.add(by=root, **FOUND)
    with pytest.raises(InvalidAgency, match="one of this name"):
        agencies.add(by=root, **FOUND)


def test_change_says_in_the_ledger_what_was_before(root):
    agency = agencies.add(by=root, **FOUND)
    agencies.change(agency, by=root, phone="+43 1 555 0123", phone_source="the gazette")
    agencies.change(agency, by=root, phone="+43 1 555 0123")
    entry = LedgerEntry.objects.get(action="change-agency")
    assert entry.details["phone"] == ["+43 1 555 0100", "+43 1 555 0123"]
    assert "mail_domains" not in entry.details


def test_nobody_else_adds_or_changes_one(oscar, alice):
    agency = order_rows.agency()
    for stranger in (oscar, alice):
        with pytest.raises(NotAllowed):
            agencies.add(by=stranger, **FOUND | {"name": "Another"})
        with pytest.raises(NotAllowed):
            agencies.change(agency, by=stranger, phone="+43 1 555 0666")


@pytest.mark.parametrize(
    ("address", "is_theirs"),
    [
        ("olivia@police.example", True),
        ("olivia@POLICE.example", True),
        ("olivia@mail.police.example", False),
        ("olivia@notpolice.example", False),
        ("olivia@police.example.net", False),
        ("olivia@police.example@example.net", False),
        ("olivia", False),
        ("", False),
    ],
)
def test_address_is_in_a_domain_exactly(address, is_theirs):
    assert agencies.has_address(order_rows.agency(), address) == is_theirs
