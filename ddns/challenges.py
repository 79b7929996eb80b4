"""Challenges: TXT values that prove a hostname to a certification authority (ACME DNS-01, RFC 8555 §8.4), set by keys."""

import re
from collections.abc import Callable

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from ddns import changes, hostnames, keys, plans, records, requests
from ddns.address_updates import Caller, Changed, Outcome, Restricted, Unchanged, Unknown
from ddns.errors import HostnameReleased, HostnameRestricted, InvalidRecord, KeyNotAllowed, TooManyChanges
from ddns.models import Hostname, Record, UpdateKey
from ddns.models.records import CHALLENGE_LABEL
from dnsupdate.errors import InvalidName
from dnsupdate.names import normalise

# base64url of a SHA-256 has 43; DuckDNS's customers put other short texts there.
MAX_VALUE_CHARACTERS = 255
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def present(caller: Caller, name: str, value: str) -> Outcome:
    """Answers the value beside those that are there, the newest of them up to the plan's number.

    name is a hostname, a name below it, or the name of the challenge itself. Changed means: committed in the database.
    Raises WrongKey, InvalidRecord and TooManyChanges.
    """
    rdata = _parse(value)
    return _change(caller, name, lambda hostname, label: _add(hostname, label, rdata))


def cleanup(caller: Caller, name: str, value: str) -> Outcome:
    """Withdraws this value and leaves the others. Raises WrongKey and InvalidRecord."""
    rdata = _parse(value)
    return _change(caller, name, lambda hostname, label: _remove(hostname, label, rdata))


def clear(caller: Caller, name: str) -> Outcome:
    """Withdraws all values of the name. Raises WrongKey."""
    return _change(caller, name, lambda hostname, label: _remove(hostname, label, None))


def add(caller: Caller, hostname: Hostname, label: str, value: str) -> Outcome:
    """As present does, for a caller who needs no key: an acme-dns account of the hostname. Raises InvalidRecord."""
    rdata = _parse(value)
    return _change_noted(caller, hostname, label, lambda locked, label: _add(locked, label, rdata))


def values(hostname: Hostname, label: str = CHALLENGE_LABEL) -> list[str]:
    """What is answered, the oldest first."""
    rows = hostname.records.filter(label=label, rdtype="TXT").order_by("pk")
    return [records.unquote(rdata) for rdata in rows.values_list("rdata", flat=True)]


def subject(name: str) -> str:
    """The normalised name that a certificate is for, of it, its wildcard or its challenge. Raises InvalidName."""
    return normalise(name.strip().removeprefix("*.")).removeprefix(f"{CHALLENGE_LABEL}.")


def find(key: UpdateKey, name: str) -> tuple[Hostname, str] | None:
    """The hostname in the key's scope that the name is of, and the label of its challenge. One query."""
    try:
        name = subject(name)
    except InvalidName:
        return None
    labels = name.split(".")
    candidates = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    held = Hostname.objects.unreleased().in_scope_of(key).filter(name__in=candidates)
    hostname = max(held, key=lambda each: len(each.name), default=None)
    if hostname is None:
        return None
    below = name.removesuffix(hostname.name).removesuffix(".")
    return hostname, f"{CHALLENGE_LABEL}.{below}" if below else CHALLENGE_LABEL


def recognise(caller: Caller) -> UpdateKey:
    """The caller's key, if it may set challenges at all. Raises WrongKey and KeyNotAllowed."""
    key = keys.recognise(caller.key, caller.source, caller.agent)
    if not key.may_write_text:
        raise KeyNotAllowed(_("it may not set TXT records."))
    return key


def _change(caller: Caller, name: str, change: Callable[[Hostname, str], bool]) -> Outcome:
    key = recognise(caller)
    found = find(key, name)
    if found is None:
        requests.note_of_key(key.pk, caller, "nohost", name)
        return Unknown()
    return _change_noted(caller, *found, change, key)


def _change_noted(
    caller: Caller,
    hostname: Hostname,
    label: str,
    change: Callable[[Hostname, str], bool],
    key: UpdateKey | None = None,
) -> Outcome:
    try:
        outcome = _change_locked(caller, key, hostname, label, change)
    except TooManyChanges as error:
        requests.note(hostname.name, caller, "toomany", str(error))
        raise
    code = "abuse" if isinstance(outcome, Restricted) else "txt" if isinstance(outcome, Changed) else "nochg"
    requests.note(hostname.name, caller, code, label)
    return outcome


@transaction.atomic
def _change_locked(
    caller: Caller, key: UpdateKey | None, hostname: Hostname, label: str, change: Callable[[Hostname, str], bool]
) -> Outcome:
    try:
        locked = hostnames.lock_unrestricted(hostname)
    except HostnameRestricted:
        return Restricted()
    except HostnameReleased:
        return Unknown()
    label = records.parse_label(label, locked)
    if not change(locked, label):
        return Unchanged()
    changes.admit(
        hostname_id=locked.pk,
        key_id=key.pk if key else None,
        account_id=locked.account_id,
        source=caller.source,
        label=label,
    )
    records.publish(locked)
    return Changed()


def _add(hostname: Hostname, label: str, rdata: str) -> bool:
    there = hostname.records.filter(label=label, rdtype="TXT")
    if there.filter(rdata=rdata).exists():
        return False
    # As short as the domain allows: whoever validates must not remember the values of the time before.
    ttl = min(hostname.domain.min_ttl, hostname.answered_ttl)
    Record.objects.create(hostname=hostname, label=label, rdtype="TXT", rdata=rdata, ttl=ttl)
    kept = there.order_by("-pk").values_list("pk", flat=True)[: plans.of(hostname.account).texts]
    there.exclude(pk__in=list(kept)).delete()
    _make_room(hostname)
    return True


def _make_room(hostname: Hostname) -> None:
    """Whoever never cleans up, under ever new names, loses those that were set longest ago."""
    of_all = hostname.records.challenges()
    newest_first = of_all.values("label").annotate(newest=Max("pk")).order_by("-newest").values_list("label", flat=True)
    if beyond := list(newest_first[records.MAX_CHALLENGE_NAMES :]):
        of_all.filter(label__in=beyond).delete()


def _remove(hostname: Hostname, label: str, rdata: str | None) -> bool:
    rows = hostname.records.filter(label=label, rdtype="TXT")
    deleted, _ = (rows if rdata is None else rows.filter(rdata=rdata)).delete()
    return bool(deleted)


def _parse(value: str) -> str:
    value = value.strip().strip('"')
    if not _VALUE.fullmatch(value) or len(value) > MAX_VALUE_CHARACTERS:
        raise InvalidRecord(
            _("a challenge is {count} printable ASCII characters at most.").format(count=MAX_VALUE_CHARACTERS)
        )
    return records.quote(value)
