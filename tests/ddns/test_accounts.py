"""Accounts: one per e-mail address, whatever the case."""

import pytest
from django.db import IntegrityError, transaction

from ddns.models import User


@pytest.mark.parametrize(
    "spelling", ["alice@example.com", "ALICE@EXAMPLE.COM", "Alice@Example.com", " alice@example.com "]
)
def test_an_address_has_one_account_whatever_the_case(alice, spelling):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(spelling)

    assert User.objects.count() == 1


def test_an_address_is_kept_as_it_was_typed_and_found_in_any_case(db):
    User.objects.create_user("Alice@Example.com")

    assert User.objects.get_by_natural_key("aLICE@eXAMPLE.COM").email == "Alice@Example.com"


def test_a_password_is_stored_as_a_slow_hash(db):
    account = User.objects.create_user("alice@example.com", "correct horse battery")

    assert account.password.startswith("argon2$")
    assert account.check_password("correct horse battery")


def test_an_account_without_a_password_has_no_way_to_log_in(alice):
    assert not alice.has_usable_password()
    assert not alice.is_staff
    assert User.objects.create_superuser("staff@example.com").is_staff
