"""Where lego keeps its acme-dns accounts (ACME_DNS_STORAGE_BASE_URL), so that no run of it needs a file or a person.

Nothing secret is kept: whoever may read here presents a key, and that key works in the place of the account's password.
"""

import uuid
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from ddns import acme_accounts, challenges
from ddns.address_updates import Caller
from ddns.errors import WrongKey
from ddns.models import AcmeAccount, Hostname, UpdateKey
from ddns.models.records import CHALLENGE_LABEL
from dnsupdate.errors import InvalidName


class Access(NamedTuple):
    """What a client sets the values of a name with, beside its key."""

    username: str
    subdomain: str
    fulldomain: str


def find(caller: Caller, name: str) -> Access | None:
    """For a hostname in the key's scope, or a name below one, or a name that an account was kept for.

    Raises WrongKey and KeyNotAllowed.
    """
    key = challenges.recognise(caller)
    found = challenges.find(key, name)
    if found is not None:
        return _of_hostname(*found)
    kept = _kept(key, name)
    return _of_account(kept) if kept else None


def find_all(caller: Caller) -> dict[str, Access]:
    """By name. Raises WrongKey and KeyNotAllowed."""
    key = challenges.recognise(caller)
    kept = AcmeAccount.objects.with_owner().kept_for(key).order_by("pk")
    held = Hostname.objects.unreleased().in_scope_of(key).order_by("name")
    return {each.domain: _of_account(each) for each in kept} | {
        each.name: _of_hostname(each, CHALLENGE_LABEL) for each in held
    }


@transaction.atomic
def keep(caller: Caller, name: str, *, username: uuid.UUID | None, password: str) -> bool:
    """Remembers which account serves the name, from now on an account of the key's customer. Whether no CNAME is needed:

    for a hostname in the key's scope the account sets its challenge from now on. Raises WrongKey, KeyNotAllowed, InvalidName.
    """
    key = challenges.recognise(caller)
    found = challenges.find(key, name)
    if username is None:
        # Of a hostname, as find gives it.
        if found is None:
            raise WrongKey
        return True
    account = acme_accounts.authenticate(caller._replace(key=password), username)
    if account.key is not None and account.key.account_id != key.account_id:
        raise WrongKey
    if found is not None:
        acme_accounts.bind(account, key, *found)
        return True
    domain = _own_name(name)
    AcmeAccount.objects.kept_for(key).filter(domain=domain).update(domain="")
    AcmeAccount.objects.filter(pk=account.pk).update(domain=domain, key=key)
    return False


def _kept(key: UpdateKey, name: str) -> AcmeAccount | None:
    try:
        domain = _own_name(name)
    except InvalidName:
        return None
    return AcmeAccount.objects.with_owner().kept_for(key).filter(domain=domain).first()


def _own_name(text: str) -> str:
    """The normalised name that a certificate is for, of it or its challenge. Raises InvalidName."""
    name = challenges.subject(text)
    if "." not in name:
        raise InvalidName(_("“{name}” is not a full domain name.").format(name=text[:80]))
    return name


def _of_hostname(hostname: Hostname, label: str) -> Access:
    fulldomain = f"{label}.{hostname.name}"
    return Access(hostname.name, fulldomain.removeprefix(f"{CHALLENGE_LABEL}."), fulldomain)


def _of_account(account: AcmeAccount) -> Access:
    return Access(str(account.username), str(account.subdomain), account.fulldomain)
