"""Agencies: added and changed by whoever vets officers, each change in the ledger. Nothing about them is taken from a request."""

import re
from collections.abc import Iterable
from typing import Any

from disposable_email_domains import blocklist as DISPOSABLE
from django.db import IntegrityError, transaction
from publicsuffixlist import PublicSuffixList

from abuse import ledger
from abuse.errors import InvalidAgency, NotAllowed
from abuse.models import Agency
from abuse.reporters import is_everybodys
from ddns.models import Domain, User
from dnsupdate.errors import InvalidName
from dnsupdate.names import is_within, normalise

VET = "abuse.vet_officer"
MAX_MAIL_DOMAINS = 50
# Fewer digits are an extension or an emergency number, which nobody can call back from abroad.
LEAST_DIGITS = 6
_FIELDS = ("name", "kind", "country", "mail_domains", "phone", "phone_source", "website", "note")
_SUFFIXES = PublicSuffixList()


@transaction.atomic
def add(*, by: User, **fields: Any) -> Agency:
    """One whose number and mail domains a member of staff has found out. Enters it in the ledger.

    Fields are those of the model. Raises NotAllowed, InvalidAgency.
    """
    _check_may(by)
    agency = _store(Agency(added_by=by), fields)
    _enter("add-agency", agency, by, _said(agency))
    return agency


@transaction.atomic
def change(agency: Agency, *, by: User, **fields: Any) -> Agency:
    """Officers whose address is in none of its mail domains any more are out of office at once. Locks the agency.

    The ledger says what was before, and after. Raises NotAllowed, InvalidAgency.
    """
    _check_may(by)
    agency.refresh_from_db(from_queryset=Agency.objects.select_for_update(no_key=True))
    before = _said(agency)
    _store(agency, fields)
    after = _said(agency)
    changed = {name: [before[name], after[name]] for name in _FIELDS if before[name] != after[name]}
    if changed:
        _enter("change-agency", agency, by, changed)
    return agency


def has_address(agency: Agency, address: str) -> bool:
    """Whether the mail address is in one of its mail domains: exactly, since who gives out names below them is not known."""
    return mail_domain(address) in agency.mail_domains


def mail_domain(address: str) -> str:
    """Normalised; empty for what is no address."""
    try:
        return normalise(address.rpartition("@")[2])
    except InvalidName:
        return ""


def is_for_everybody(domain: str) -> bool:
    """Whether strangers get mailboxes or names there: free mail, throw-away mail, and every domain that we offer names under."""
    return (
        is_everybodys(domain)
        or domain in DISPOSABLE
        or (_SUFFIXES.privatesuffix(domain) or "") in DISPOSABLE
        or any(is_within(domain, name) for name in Domain.objects.values_list("name", flat=True))
    )


def same_number(one: str, another: str) -> bool:
    """As they are dialled: blanks, brackets, strokes and the ways to write a country's prefix do not count."""
    return bool(_digits(one)) and _digits(one) == _digits(another)


def _digits(number: str) -> str:
    bare = re.sub(r"\(0\)", "", number)
    digits = re.sub(r"\D", "", bare)
    return digits.removeprefix("00") if not bare.strip().startswith("+") else digits


def _check_may(by: User) -> None:
    if not by.has_perm(VET):
        raise NotAllowed("it takes the right to vet officers.")


def _store(agency: Agency, fields: dict[str, Any]) -> Agency:
    for name in _FIELDS:
        if name in fields:
            value = fields[name]
            setattr(agency, name, value.strip() if isinstance(value, str) else value)
    agency.country = agency.country.upper()
    agency.mail_domains = _mail_domains(agency.mail_domains or [])
    _check(agency)
    try:
        with transaction.atomic():
            agency.save()
    except IntegrityError as error:
        raise InvalidAgency("there is one of this name already.") from error
    return agency


def _check(agency: Agency) -> None:
    if not agency.name:
        raise InvalidAgency("its name.")
    if agency.kind not in Agency.Kind.values:
        raise InvalidAgency("its kind.")
    if not re.fullmatch(r"[A-Z]{2}", agency.country):
        raise InvalidAgency("its country, as two letters (ISO 3166-1; EU for bodies of the Union).")
    if len(_digits(agency.phone)) < LEAST_DIGITS:
        raise InvalidAgency("a number that can be called back from here.")
    if not agency.phone_source:
        raise InvalidAgency("where the number was found, independently of any request.")


def _mail_domains(texts: Iterable[str]) -> list[str]:
    """Normalised, each once. Raises InvalidAgency."""
    found = list(dict.fromkeys(_mail_domain(each) for each in texts if each.strip()))
    if not 0 < len(found) <= MAX_MAIL_DOMAINS:
        raise InvalidAgency(f"from 1 to {MAX_MAIL_DOMAINS} mail domains.")
    return found


def _mail_domain(text: str) -> str:
    try:
        domain = normalise(text.strip().removeprefix("@"))
    except InvalidName as error:
        raise InvalidAgency(f"a mail domain instead of “{text}”.") from error
    if "." not in domain or _SUFFIXES.privatesuffix(domain) is None:
        raise InvalidAgency(f"a mail domain of its own: {domain} is a registry's.")
    if is_for_everybody(domain):
        raise InvalidAgency(f"a mail domain of its own: anybody gets a mailbox or a name in {domain}.")
    return domain


def _said(agency: Agency) -> dict[str, Any]:
    return {name: getattr(agency, name) for name in _FIELDS}


def _enter(action: str, agency: Agency, by: User, details: dict[str, Any]) -> None:
    ledger.append(
        actor=by,
        action=action,
        object=f"agency {agency.pk}",
        reason="settings",
        details={"agency": agency.pk, **details},
    )
