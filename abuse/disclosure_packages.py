"""Packages of disclosures: what is stored about the accounts of a scope, as files with a manifest, in an encrypted zip.

In the manner of a chain of custody (RFC 3227 §4): who gathered it when, every file by its SHA-256, and a signed receipt.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyzipper
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q
from django.utils.dateparse import parse_datetime

from abuse.disclosure_scopes import Scope
from abuse.models import Disclosure
from ddns.models import AddressUpdate, Hostname, KeptRow, UpdateKey

README = """\
Information disclosed by {site}, {site_url}

To            {agency} ({country})
Order         {order}, your reference: {reference}, of {issuer}
Legal basis   {legal_basis}
Disclosure    {disclosure}
About         names of this order and who held them: see hostnames.csv
Period        {since} to {until}
Parts         {parts}

Everything in it is what our database held at the time of gathering, and only that. Times are UTC (RFC 3339). CSV is for
reading: text that a spreadsheet would run begins with an apostrophe there; the JSON has every value as it is stored.

hostnames     the names, who held them from when to when, and what they answered when the period began
{contents}manifest.json            SHA-256 and size of every file above
manifest.receipt.json    our signed receipt that names the SHA-256 of manifest.json

Chain of custody (RFC 3227 section 4)
Asked for     {prepared_at} by {prepared_by}, who has compared the scope with the order
Gathered      {at} by program, from the database
Released      {at} by {released_by}, another person, who was shown the scope with SHA-256
              {digest}
Kept          encrypted (AES-256) with us until {available_until}, then deleted; its manifest and receipt stay with us
Fetched       every time is in our ledger, with the officer and the address it was fetched from

To check: sha256sum each file against manifest.json, manifest.json against the receipt, and the receipt's signature with the
public keys at {site_url}/.well-known/abuse-signing-keys.json
"""
CONTENTS = {
    "subscriber": "subscriber    who holds the account: addresses of mail, sign-up and from where, language, plan, closing",
    "addresses": "addresses     every change of address in the period: when, from where, by which client and key",
    "log_ins": "log_ins       sessions in the period. Stored while they last, and longer only while the account is held",
}


def files(scope: Scope, disclosure: Disclosure, *, at: datetime) -> dict[str, str]:
    """By path: README, and what the scope asks for as JSON and CSV. A fixed number of queries, but one for each hostname."""
    tables: dict[str, Sequence[Mapping[str, Any]]] = {"hostnames": list(_hostnames(scope))}
    for part in scope.parts:
        tables[part] = list(_GATHER[part](scope))
    found = {"README.txt": _readme(scope, disclosure, at)}
    for name, rows in tables.items():
        found[f"{name}.json"] = as_json(rows)
        found[f"{name}.csv"] = _csv(rows)
    return found


def manifest(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"path": path, "sha256": hashlib.sha256(text.encode()).hexdigest(), "size": len(text.encode())}
        for path, text in texts.items()
    ]


def encrypt(texts: Mapping[str, str], password: str) -> bytes:
    """A zip with AES-256 (WinZip AE-2), which 7-Zip and others open."""
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password.encode())
        for path, text in texts.items():
            archive.writestr(path, text)
    return out.getvalue()


def as_json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _hostnames(scope: Scope) -> Iterator[dict[str, Any]]:
    for each in scope.hostnames:
        yield {
            "hostname": each.name,
            "account": each.account_id,
            "registered_at": each.created_at,
            "given_up_at": each.released_at,
            **_answered(each, scope),
        }


def _answered(hostname: Hostname, scope: Scope) -> dict[str, Any]:
    """What it answered when the period began: a name whose address did not change in it has no other line."""
    if "addresses" not in scope.parts or scope.since is None:
        return {}
    before = AddressUpdate.objects.filter(hostname=hostname, at__lt=scope.since).order_by("-at").first()
    return {
        "ipv4_when_it_began": before and before.new_ipv4,
        "ipv6_when_it_began": before and before.new_ipv6,
    }


def _subscriber(scope: Scope) -> Iterator[dict[str, Any]]:
    mails: dict[int, list[str]] = {}
    for user_id, email in EmailAddress.objects.filter(user__in=scope.accounts).values_list("user", "email"):
        mails.setdefault(user_id, []).append(email)
    for kept in KeptRow.objects.filter(account__in=scope.accounts, row__has_key="email"):
        mails.setdefault(kept.account_id, []).append(kept.row["email"])
    for each in scope.accounts:
        yield {
            "account": each.pk,
            "email": each.email,
            "other_addresses": sorted(set(mails.get(each.pk, [])) - {each.email}),
            "signed_up_at": each.date_joined,
            "signed_up_from_network": each.sign_up_network,
            "language": each.language,
            "plan": each.plan,
            "closed_at": each.closed_at,
            "personal_data_deleted_at": each.forgotten_at,
        }


def _addresses(scope: Scope) -> Iterator[dict[str, Any]]:
    names = {each.pk: each for each in scope.hostnames}
    keys = UpdateKey.objects.filter(account__in=scope.accounts).in_bulk()
    for pk, hostname in names.items():
        rows = _within(AddressUpdate.objects.filter(hostname=pk), scope, "at", "at")
        for each in rows.order_by("at").iterator(1000):
            key = keys.get(each.key_id)
            yield {
                "hostname": hostname.name,
                "account": hostname.account_id,
                "at": each.at,
                "new_ipv4": each.new_ipv4,
                "new_ipv6": each.new_ipv6,
                "old_ipv4": each.old_ipv4,
                "old_ipv6": each.old_ipv6,
                "source": each.source,
                "agent": each.agent,
                "protocol": each.protocol,
                "key": key and key.label,
            }


def _log_ins(scope: Scope) -> Iterator[dict[str, Any]]:
    """Sessions that are stored, and those whose rows ended while the account was under a hold."""
    sessions = UserSession.objects.filter(user__in=scope.accounts)
    for each in _within(sessions, scope, "created_at", "last_seen_at").order_by("user", "created_at"):
        yield _session(each.user_id, each.created_at, each.last_seen_at, each.ip, each.user_agent)
    for kept in KeptRow.objects.filter(account__in=scope.accounts, table=UserSession._meta.db_table):
        began_at, seen_at = (parse_datetime(kept.row[name]) for name in ("created_at", "last_seen_at"))
        if began_at and seen_at and _touches(scope, began_at, seen_at):
            yield _session(kept.account_id, began_at, seen_at, kept.row["ip"], kept.row["user_agent"])


def _session(account: int, began_at: datetime, seen_at: datetime, ip: str, agent: str) -> dict[str, Any]:
    return {"account": account, "began_at": began_at, "last_seen_at": seen_at, "source": ip, "agent": agent}


def _touches(scope: Scope, first: datetime, last: datetime) -> bool:
    return (scope.since is None or last >= scope.since) and (scope.until is None or first <= scope.until)


def _within(rows: Any, scope: Scope, first: str, last: str) -> Any:
    """What lasted from first to last, and touches the period."""
    wanted = Q()
    if scope.since is not None:
        wanted &= Q(**{f"{last}__gte": scope.since})
    if scope.until is not None:
        wanted &= Q(**{f"{first}__lte": scope.until})
    return rows.filter(wanted)


def _readme(scope: Scope, disclosure: Disclosure, at: datetime) -> str:
    order = disclosure.order
    return README.format(
        site=settings.SITE_NAME,
        site_url=settings.SITE_URL,
        agency=order.agency.name,
        country=order.agency.country,
        order=order.pk,
        reference=order.reference,
        issuer=order.issuing_authority,
        legal_basis=order.legal_basis,
        disclosure=disclosure.pk,
        since=_iso(scope.since) or "as far as anything is stored",
        until=_iso(scope.until) or "now",
        parts=", ".join(scope.parts),
        contents="".join(f"{CONTENTS[part]}\n" for part in scope.parts),
        at=_iso(at),
        # By number: the recipient needs no names of ours, and our ledger has them.
        prepared_by=f"member of staff {disclosure.prepared_by_id}",
        prepared_at=_iso(disclosure.prepared_at),
        released_by=f"member of staff {disclosure.released_by_id}",
        digest=disclosure.digest,
        available_until=_iso(disclosure.available_until),
    )


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return _iso(value)
    text = ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _iso(at: datetime | None) -> str:
    return at.isoformat().replace("+00:00", "Z") if at is not None else ""


_GATHER = {"subscriber": _subscriber, "addresses": _addresses, "log_ins": _log_ins}
