"""Accounts: one per e-mail address, whatever the case; made by staff, they count as confirmed."""

from importlib import import_module
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from ddns import migrations
from ddns.models import User


@pytest.mark.parametrize(
    "spelling", ["alice@example.com", "ALICE@EXAMPLE.COM", "Alice@Example.com", " alice@example.com "]
)
def test_an_address_has_one_account_whatever_the_case(alice, spelling):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(spelling)

    assert User.objects.count() == 1


def test_an_address_is_kept_in_lower_case_and_found_in_any(db):
    User.objects.create_user("Alice@Example.com")

    assert User.objects.get_by_natural_key("aLICE@eXAMPLE.COM").email == "alice@example.com"


def test_a_password_is_stored_as_a_slow_hash(db):
    account = User.objects.create_user("alice@example.com", "correct horse battery")

    assert account.password.startswith("argon2$")
    assert account.check_password("correct horse battery")


def test_an_account_without_a_password_has_no_way_to_log_in(alice):
    assert not alice.has_usable_password()
    assert not alice.is_staff
    assert User.objects.create_superuser("staff@example.com").is_staff


def test_accounts_from_before_addresses_were_confirmed_can_log_in(db, client):
    """What the migration does with them."""
    (path,) = Path(migrations.__path__[0]).glob("*_confirm_addresses_and_forget_accounts.py")
    old = User(email="Alice@Example.com")
    old.set_password("correct horse battery staple")
    old.save()
    EmailAddress.objects.create(user=old, email="Alice@Example.com")
    with connection.cursor() as cursor:
        cursor.execute(import_module(f"ddns.migrations.{path.stem}").CONFIRM)
    client.post("/accounts/login/", {"login": "alice@example.com", "password": "correct horse battery staple"})

    assert client.get("/hostnames/").status_code == 200
    assert EmailAddress.objects.get().email == User.objects.get().email == "alice@example.com"


def test_account_made_by_a_command_counts_as_confirmed(db):
    call_command("createsuperuser", email="Root@example.com", interactive=False)

    assert EmailAddress.objects.get(user__email="root@example.com").verified
