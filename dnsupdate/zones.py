"""Zones: added, checked, frozen, retired."""

from contextlib import closing

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from dnsupdate import alarms, memberships, outbox, primaries, wake
from dnsupdate.errors import ReplacementRefused, ZoneInUse, ZoneLifeRefused
from dnsupdate.models import Nameserver, Publication, ServerState, TsigKey, Watch, Zone
from dnsupdate.names import normalise
from dnsupdate.primary import Primary


def add(
    name: str,
    *,
    host: str,
    port: int,
    key: TsigKey,
    replace: bool = False,
    kind: Zone.Kind = Zone.Kind.NAMES,
) -> Zone:
    """The zone with its primary and key; what is there already is brought up to date. The key may be unsaved.

    Stands in its primary's catalog, if that has one, from then on. A zone that was retired is in service again: all
    that its rows say is sent once more, in chunks of transactions of their own.
    Raises InvalidName, ZoneLifeRefused for a name of the other kind, and ReplacementRefused unless replace is said:
    see replacement.
    """
    name = normalise(name)
    was_retired = Zone.objects.exclude(retired_at=None).filter(name=name).exists()
    with transaction.atomic():
        if not replace and (what := replacement(name, host=host, port=port, key=key)):
            raise ReplacementRefused(what)
        saved, _ = TsigKey.objects.update_or_create(
            name=key.name, defaults={"algorithm": key.algorithm, "sealed_secret": key.sealed_secret}
        )
        server, _ = Nameserver.objects.update_or_create(
            host=host, port=port, defaults={"key": saved}, create_defaults={"key": saved, "name": f"{host}:{port}"}
        )
        # What was seen and verified at another primary says nothing of this one.
        Watch.objects.filter(zone__name=name).exclude(zone__primary=server).delete()
        zone, _ = Zone.objects.update_or_create(
            name=name,
            defaults={"primary": server, "retired_at": None},
            create_defaults={"primary": server, "kind": kind},
        )
        if zone.kind != kind:
            raise ZoneLifeRefused(f"{zone} is there for {zone.get_kind_display()}.")
        # Whatever failed before may be mended now.
        Zone.objects.filter(pk=zone.pk).update(retry_at=None)
        memberships.enter(zone)
    if was_retired:
        names = Publication.objects.answering().filter(zone=zone).values_list("name", flat=True)
        outbox.republish(zone, list(names))
    return Zone.objects.select_related("primary__key").get(pk=zone.pk)


@transaction.atomic
def freeze(zone: Zone, *, reason: str) -> Zone:
    """From now on nothing is sent to the zone; what changes waits. Raises ZoneLifeRefused.

    A publisher that is at work ends its turn: is_being_published says when it has.
    """
    zone = Zone.objects.select_for_update(no_key=True).get(pk=zone.pk)
    if zone.is_retired or zone.is_frozen:
        raise ZoneLifeRefused(f"{zone} is {'retired' if zone.is_retired else 'frozen already'}.")
    if not reason.strip():
        raise ZoneLifeRefused("say why: whoever finds the zone frozen must know whether to thaw it.")
    zone.frozen_at, zone.frozen_reason = timezone.now(), reason.strip()
    zone.save(update_fields=["frozen_at", "frozen_reason"])
    return zone


@transaction.atomic
def thaw(zone: Zone) -> Zone:
    """What waits is sent at once, over whatever stands at those names by now. Raises ZoneLifeRefused."""
    zone = Zone.objects.select_for_update(no_key=True).get(pk=zone.pk)
    if not zone.is_frozen:
        raise ZoneLifeRefused(f"{zone} is not frozen.")
    zone.frozen_at, zone.frozen_reason, zone.retry_at = None, "", None
    zone.save(update_fields=["frozen_at", "frozen_reason", "retry_at"])
    transaction.on_commit(lambda: wake.wake(zone.pk))
    return zone


@transaction.atomic
def retire(zone: Zone, *, even_in_use: bool = False) -> Zone:
    """Takes the zone out of its primary's catalog, and so from the nameservers that follow it; nothing is sent any more.

    All rows are kept: zones.add brings everything back. A retired zone is no longer frozen.
    Raises ZoneInUse while names answer in it, unless even_in_use is said, and while a catalog has members anyway.
    """
    zone = Zone.objects.select_for_update(no_key=True).get(pk=zone.pk)
    if zone.is_retired:
        return zone
    living = Publication.objects.answering().filter(zone=zone)
    if zone.is_catalog and (members := memberships.of(zone)):
        raise ZoneInUse(f"{zone} is the catalog of {', '.join(list(members)[:5])}{', ...' * (len(members) > 5)}.")
    if not even_in_use and not zone.is_catalog and (count := living.count()):
        raise ZoneInUse(f"{count:,} names answer in {zone}.")
    memberships.leave(zone)
    zone.refresh_from_db()
    zone.retired_at, zone.frozen_at, zone.frozen_reason = timezone.now(), None, ""
    # A retired zone is nobody's concern: no health of earlier days stays on its page.
    zone.failing_since, zone.failure, zone.failure_count, zone.failed_at, zone.retry_at = None, "", 0, None, None
    health = ["failing_since", "failure", "failure_count", "failed_at", "retry_at"]
    zone.save(update_fields=["retired_at", "frozen_at", "frozen_reason", *health])
    Watch.objects.filter(zone=zone).delete()
    ServerState.objects.filter(zone=zone).delete()
    alarms.close_all(zone)
    return zone


def is_being_published(zone: Zone) -> bool:
    """Whether a publisher holds the zone's lease."""
    return Zone.objects.filter(pk=zone.pk, lease_expires_at__gt=Now()).exists()


def replacement(name: str, *, host: str, port: int, key: TsigKey) -> str:
    """What add would take from zones that are there: another primary, or another key of other zones. Empty: nothing."""
    zone = Zone.objects.select_related("primary").filter(name=name).first()
    if zone is not None and (zone.primary.host, zone.primary.port) != (host, port):
        return f"{zone} is updated at {zone.primary}."
    shares = Q(primary__host=host, primary__port=port) | Q(primary__key__name=key.name)
    for other in (
        Zone.objects.in_service().exclude(name=name).filter(shares).select_related("primary__key").order_by("name")
    ):
        present = other.primary.key
        if present is not None and not present.is_same_as(key):
            return f"{other} is updated at {other.primary} with another key, {present}."
    return ""


def try_out(name: str, *, host: str, port: int, key: TsigKey) -> None:
    """As check, with a server and a key that may be in no row yet. Raises PrimaryError."""
    with closing(Primary(name, host, port, key.for_messages())) as primary:
        primary.check()


def nameserver_names(zone: Zone) -> set[str]:
    """What the zone's nameservers are called, as its primary says. Raises PrimaryError."""
    with primaries.lend(zone.pk) as primary:
        return primary.nameserver_names()


def check(zone: Zone) -> None:
    """Sends an update that changes no customer's name. Raises the PrimaryError that says what is wrong."""
    with primaries.lend(zone.pk) as primary:
        primary.check()
