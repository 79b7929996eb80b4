"""Officers' keys: from named networks, for a time, and only while their officer is in office."""

from datetime import timedelta
from ipaddress import ip_address

import pytest
from django.utils import timezone

from abuse import officer_keys, officers
from abuse.errors import InvalidOfficerKey, NothingToDo, NotInOffice, WrongOfficerKey
from abuse.models import LedgerEntry, Officer, OfficerAlert, OfficerKey, ReporterMail
from tests.abuse import order_rows

pytestmark = pytest.mark.django_db

HERE, ELSEWHERE = ip_address("192.0.2.7"), ip_address("203.0.113.9")


@pytest.fixture
def olivia() -> Officer:
    return order_rows.officer()


def made(officer: Officer, **said) -> tuple[OfficerKey, str]:
    fields = {
        "label": "case management",
        "networks": ["192.0.2.0/24", "2001:db8:7::/48"],
        "expires_at": timezone.now() + timedelta(days=90),
        **said,
    }
    return officer_keys.make(officer, **fields)


def test_key_proves_its_officer_and_its_text_is_stored_nowhere(olivia):
    key, text = made(olivia)
    for address in (HERE, ip_address("2001:db8:7::1")):
        assert officer_keys.recognise(f" {text}\n", address=address).officer == olivia
    stored = OfficerKey.objects.get(pk=key.pk)
    assert text not in str(stored.__dict__)
    assert (len(text), stored.prefix, stored.used_from) == (40, text[:8], "2001:db8:7::1")
    assert text not in str([(each.details, each.reason) for each in LedgerEntry.objects.all()])


def test_officer_hears_of_a_key_by_mail_without_its_text(olivia):
    _key, text = made(olivia)
    said = ReporterMail.objects.get().text
    assert "case management" in said
    assert text not in said
    assert "/authorities/freeze/" in said


def test_key_from_elsewhere_is_refused_and_staff_hear_of_it_once(olivia):
    key, text = made(olivia)
    for _time in range(3):
        with pytest.raises(WrongOfficerKey, match=r"203\.0\.113\.9"):
            officer_keys.recognise(text, address=ELSEWHERE)
    assert OfficerAlert.objects.get().what == "key_elsewhere"
    assert OfficerKey.objects.get(pk=key.pk).used_at is None


@pytest.mark.parametrize(
    "networks",
    [[], [" "], ["0.0.0.0/0"], ["::/0"], ["192.0.0.0/8"], ["2001::/16"], ["home"], ["192.0.2.1/24", "0.0.0.0/1"]],
)
def test_networks_are_named_and_narrow(olivia, networks):
    with pytest.raises(InvalidOfficerKey):
        made(olivia, networks=networks)


@pytest.mark.parametrize("days", [-1, 0, 367, 10_000])
def test_key_has_an_end_within_a_year(olivia, days):
    with pytest.raises(InvalidOfficerKey):
        made(olivia, expires_at=timezone.now() + timedelta(days=days))


def test_officer_has_few_keys(olivia, settings):
    settings.OFFICER_KEYS = 1
    key, _text = made(olivia)
    with pytest.raises(InvalidOfficerKey):
        made(olivia)
    officer_keys.revoke(key)
    made(olivia)


def test_revoked_expired_or_invented_key_is_refused(olivia):
    revoked, revoked_text = made(olivia)
    officer_keys.revoke(revoked)
    with pytest.raises(NothingToDo):
        officer_keys.revoke(revoked)
    expired, expired_text = made(olivia)
    OfficerKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    for text in (revoked_text, expired_text, "x" * 40, "", revoked.prefix):
        with pytest.raises(WrongOfficerKey):
            officer_keys.recognise(text, address=HERE)


def test_key_stops_when_its_officer_is_frozen_and_stays_revoked(olivia, root):
    _key, text = made(olivia)
    officers.freeze(olivia, by=root, reason="Taken over.")
    officers.unfreeze(olivia, by=root, reason="Hers again.")
    Officer.objects.filter(pk=olivia.pk).update(state="vetted")
    with pytest.raises(WrongOfficerKey):
        officer_keys.recognise(text, address=HERE)


@pytest.mark.parametrize(
    "fields", [{"state": "applied"}, {"vetted_until": timezone.now() - timedelta(days=1)}], ids=["anew", "over"]
)
def test_key_stops_with_the_office(olivia, fields):
    _key, text = made(olivia)
    Officer.objects.filter(pk=olivia.pk).update(**fields)
    with pytest.raises(WrongOfficerKey, match="files nothing at present"):
        officer_keys.recognise(text, address=HERE)


def test_nobody_out_of_office_makes_a_key():
    waiting = order_rows.officer(state="applied", vetted_until=None)
    with pytest.raises(NotInOffice):
        made(waiting)


def test_recognising_a_key_is_one_query_and_its_use_another(olivia, django_assert_num_queries):
    _key, text = made(olivia)
    with django_assert_num_queries(2):
        officer_keys.recognise(text, address=HERE)
    with django_assert_num_queries(1):
        officer_keys.recognise(text, address=HERE)
