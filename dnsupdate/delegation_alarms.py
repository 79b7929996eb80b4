"""What is wrong with a delegation, in words that stay the same while nothing changes."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from dnsupdate import alarms, registries
from dnsupdate.models import Alarm, Delegation, DelegationChange

# A registry's maintenance or our own network's is over by then; a seizure is told at once, by the change itself.
PATIENCE = timedelta(hours=1)
# Registrars take a week to sort out a payment; the second is the last call.
EXPIRY_NOTICES = (timedelta(days=7), timedelta(days=30))

_SEIZURE = """\
This is what a seizure looks like from outside: what the public gets for every name of {zone} now comes from wherever the \
parent points, or from nowhere, whatever our nameservers answer."""
_REGISTRY_SEIZURE = """\
A status that nobody here asked for, or a domain that changes hands, is how a seizure or a hijacked registrar account begins."""
_WHAT_TO_DO = """\
What to do now:
1. If one of you made this change: say so on the page below, or by `manage.py watch_delegation {zone} --accept`.
2. If not: telephone the registrar ({registrar}). Ask who ordered it, when and by which order or log-in, for a copy, \
and for a registry lock and the earlier delegation back. Log in and look for changes that are not yours.
3. If there is an order: call counsel before you answer it. The page keeps what each of the parent's servers said, and when.
{url}
docs/operations/delegation-watch.md has the rest."""


def settle(delegation: Delegation, now: datetime) -> None:
    """Opens, changes or closes the zone's alarm, within the transaction that changed the delegation."""
    text = describe(delegation, now)
    if text:
        alarms.open(Alarm.Kind.DELEGATION, text, zone=delegation.zone)
    else:
        alarms.close(Alarm.Kind.DELEGATION, zone=delegation.zone)


def describe(delegation: Delegation, now: datetime) -> str:
    """Everything that is wrong, empty where nothing is."""
    findings = [
        *_changes(delegation),
        *_neglect(delegation, now),
        *_registry(delegation),
        *_expiry(delegation, now),
        *_blindness(delegation, now),
    ]
    if not findings:
        return ""
    advice = _WHAT_TO_DO.format(
        zone=delegation.zone,
        registrar=" ".join(delegation.registrar.split()) or "the one that the domain is paid to",
        url=f"{settings.SITE_URL}/admin/dnsupdate/delegation/{delegation.pk}/change/",
    )
    return "\n\n".join([*findings, advice])


def _changes(delegation: Delegation) -> Iterator[str]:
    """As it was first seen: more servers that say the same are no news."""
    change = delegation.changes.open().filter(source=DelegationChange.Source.PARENT).first()
    if change is not None:
        yield (
            f"The delegation of {delegation.zone} was changed, and nobody has said that it was us.\n{change.words}\n"
            f"First seen at {_time(change.seen_at)}.\n{_SEIZURE.format(zone=delegation.zone)}"
        )


def _neglect(delegation: Delegation, now: datetime) -> Iterator[str]:
    """As long as nothing was accepted nothing is a change, and a seizure would be one more offer."""
    is_waiting = delegation.state in (Delegation.State.OFFERED, Delegation.State.GONE)
    if delegation.expected is None and is_waiting and now - delegation.state_since >= PATIENCE:
        yield (
            f"Nobody has accepted the delegation of {delegation.zone}, so a change of it is not noticed: accept it once the "
            "page shows what it shall be. By itself it is taken over when the parent names none but the nameservers of the "
            "zone's own NS RRset."
        )


def _registry(delegation: Delegation) -> Iterator[str]:
    domain, sentences = delegation.registry_domain, []
    appeared, vanished = registries.difference(delegation.expected_registry_status, delegation.registry_status)
    if appeared:
        sentences.append(f"Status that appeared: {', '.join(appeared)}.")
    if vanished:
        sentences.append(f"Status that is gone: {', '.join(vanished)}.")
    if delegation.expected_expires_at != delegation.expires_at:
        was, now = delegation.expected_expires_at, delegation.expires_at
        later = " A renewal looks like this." if was and now and now > was else ""
        sentences.append(f"Expiry: was {_time(was) if was else 'none'}; now {_time(now) if now else 'none'}.{later}")
    if sentences:
        yield f"The registry's data of {domain} changed, and nobody has said that it was us.\n" + "\n".join(
            [*sentences, _REGISTRY_SEIZURE]
        )


def _expiry(delegation: Delegation, now: datetime) -> Iterator[str]:
    if delegation.expires_at is None:
        return
    domain, at = delegation.registry_domain, _time(delegation.expires_at)
    if delegation.expires_at <= now:
        yield f"The registration of {domain} expired at {at}. Renew it now: the registry takes it out of DNS next."
        return
    notice = next((notice for notice in EXPIRY_NOTICES if delegation.expires_at - now <= notice), None)
    if notice is not None:
        yield f"The registration of {domain} expires at {at}: less than {notice.days} days were left. Renew it."


def _blindness(delegation: Delegation, now: datetime) -> Iterator[str]:
    if delegation.state == Delegation.State.UNKNOWN and now - delegation.state_since >= PATIENCE:
        yield (
            f"The delegation of {delegation.zone} could not be checked since {_time(delegation.state_since)}. It is not known "
            "to have changed. See that the tasks' machine reaches port 53, UDP and TCP, of the parent's servers and of its "
            "resolver; the page says what each of them answered."
        )
    if delegation.dissent_since is not None and now - delegation.dissent_since >= PATIENCE:
        yield (
            f"Some of the parent's servers, the smaller part, have shown another delegation of {delegation.zone} than the "
            f"others since {_time(delegation.dissent_since)}. They are stale, broken or lying, and part of the public "
            "follows them: the page says which, and the registry can mend them."
        )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
