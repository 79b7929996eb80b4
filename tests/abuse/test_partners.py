"""Partners: added at the desk, recognised by a key that is shown once, from their networks, until the agreement ends."""

from datetime import timedelta
from ipaddress import ip_address

import pytest
from django.utils import timezone

from abuse import partners
from abuse.errors import InvalidParameter, NotAllowed, NothingToDo, ReasonMissing, WrongPartnerKey
from abuse.models import LedgerEntry, Partner

pytestmark = pytest.mark.django_db

HERE = ip_address("203.0.113.5")


@pytest.fixture
def cert(root) -> Partner:
    return partners.add(by=root, name="Example CERT", contact="cert@partner.example")


def test_a_key_is_shown_once_and_opens_until_another_takes_its_place(cert, root):
    first = partners.rotate_key(cert, by=root)
    assert partners.recognise(f" {first}\n", HERE) == cert
    cert.refresh_from_db()
    assert cert.used_at is not None
    assert first not in str(Partner.objects.values())
    second = partners.rotate_key(cert, by=root)
    with pytest.raises(WrongPartnerKey):
        partners.recognise(first, HERE)
    assert partners.recognise(second, HERE) == cert
    entries = LedgerEntry.objects.filter(object="partner Example CERT").values_list("action", flat=True)
    assert list(entries) == ["rotate-partner-key", "rotate-partner-key", "add-partner"]
    assert all(text not in str(LedgerEntry.objects.values()) for text in (first, second))


@pytest.mark.parametrize(
    "fields",
    [
        {"networks": ["198.51.100.0/24"]},
        {"valid_until": timezone.now() - timedelta(seconds=1)},
        {"is_enabled": False},
    ],
)
def test_elsewhere_after_the_agreement_and_switched_off_it_opens_nothing(cert, root, fields):
    text = partners.rotate_key(cert, by=root)
    partners.change(cert, by=root, **fields)
    with pytest.raises(WrongPartnerKey):
        partners.recognise(text, HERE)


def test_an_empty_key_is_nobodys(cert):
    with pytest.raises(WrongPartnerKey):
        partners.recognise("", HERE)


def test_disabling_takes_a_reason_and_is_in_the_ledger(cert, root):
    with pytest.raises(ReasonMissing):
        partners.disable(cert, reason=" ", by=root)
    partners.disable(cert, reason="They passed it on.", by=root)
    with pytest.raises(NothingToDo):
        partners.disable(cert, reason="again", by=root)
    assert LedgerEntry.objects.filter(action="disable-partner", reason="They passed it on.").exists()


def test_only_who_may_change_settings_does(cert, oscar):
    for attempt in (
        lambda: partners.add(by=oscar, name="x", contact="x@partner.example"),
        lambda: partners.change(cert, by=oscar, tlp="amber"),
        lambda: partners.rotate_key(cert, by=oscar),
        lambda: partners.disable(cert, reason="x", by=oscar),
    ):
        with pytest.raises(NotAllowed):
            attempt()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tlp": "red"}, "no level"),
        ({"delay_minutes": 60 * 24 * 8}, "7 days at most"),
        ({"networks": ["nowhere"]}, "nowhere"),
        ({"name": " "}, "a name"),
        ({"digest": b""}, "has no digest"),
    ],
)
def test_what_makes_no_sense_is_refused(cert, root, fields, words):
    with pytest.raises(InvalidParameter, match=words):
        partners.change(cert, by=root, **fields)
