"""Key rotations: another TSIG key for a nameserver's updates, in use only once the server takes it for every zone.

Three steps, each of which may be repeated: offered (the server must be told), switched (the rows name the new key), and
finished (the server takes the old one no more).
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from dnsupdate import tsig_keys, zones
from dnsupdate.errors import FenceMoved, KeyRefused, PrimaryError, RotationRefused, UpdateForbidden
from dnsupdate.models import Nameserver, TsigKey, Zone

# A publisher at work moves the fence under the trial's feet.
TRIES = 10


class Step(StrEnum):
    OFFERED = "offered"
    SWITCHED = "switched"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Trial:
    """What the server says to updates that a key signs: the zones that took it, and why others did not."""

    accepted: list[str]
    refused: dict[str, str]
    untried: list[str]


@transaction.atomic
def offer(server: Nameserver, *, key: TsigKey | None = None) -> TsigKey:
    """The key that shall follow the server's present one: as given, the one that was offered before, or a new one.

    Nothing signs with it yet. The given key may be unsaved. Raises RotationRefused.
    """
    server = Nameserver.objects.select_for_update(of=["self"]).select_related("key", "next_key").get(pk=server.pk)
    if server.key is None:
        raise RotationRefused(f"{server} has no key: it is asked, not updated.")
    if key is None:
        offered = server.next_key if server.next_key_id != server.key_id else None
        key = offered or tsig_keys.generate(_next_name(server.key.name))
    # Servers tell keys apart by their names, and could not take both.
    if key.name == server.key.name:
        raise RotationRefused(
            f"the new key must have another name than {server.key.name}, since both are in use for a while."
        )
    holder = TsigKey.objects.filter(name=key.name).exclude(pk=server.next_key_id or 0).first()
    if holder is not None and not holder.is_same_as(key):
        raise RotationRefused(f"there is another key {key.name} already.")
    key, _ = TsigKey.objects.update_or_create(
        name=key.name, defaults={"algorithm": key.algorithm, "sealed_secret": key.sealed_secret}
    )
    server.next_key, server.previous_key = key, None
    server.save(update_fields=["next_key", "previous_key"])
    return key


def try_out(server: Nameserver, key: TsigKey) -> Trial:
    """Sends each zone of the server an update that changes no customer's name, signed by the key. Frozen zones are left alone."""
    accepted, refused, untried = [], {}, []
    for zone in Zone.objects.in_service().filter(primary=server).order_by("name"):
        if zone.is_frozen:
            untried.append(zone.name)
            continue
        try:
            _try_zone(zone, server, key)
            accepted.append(zone.name)
        except PrimaryError as error:
            refused[zone.name] = str(error)
    return Trial(accepted, refused, untried)


@transaction.atomic
def switch(server: Nameserver) -> TsigKey:
    """The offered key becomes the server's; gives the one that it replaces. Publishers use it from their next turn on.

    Call it when try_out has shown that the server takes it. Raises RotationRefused where none was offered.
    """
    server = Nameserver.objects.select_for_update(of=["self"]).select_related("key", "next_key").get(pk=server.pk)
    if server.next_key is None or server.key is None:
        raise RotationRefused(f"no key was offered for {server}.")
    replaced = server.key
    server.key, server.previous_key, server.next_key = server.next_key, replaced, None
    server.save(update_fields=["key", "previous_key", "next_key"])
    return replaced


def is_refused_everywhere(server: Nameserver, key: TsigKey) -> bool:
    """Whether the server takes the key for no zone any more. A server that does not answer has not said so."""
    served = Zone.objects.followed().filter(primary=server)
    return all(_is_key_refused(zone, server, key) for zone in served)


@transaction.atomic
def finish(server: Nameserver) -> None:
    """Forgets the key that was replaced, and its secret, unless another server uses it."""
    server = Nameserver.objects.select_for_update(of=["self"]).get(pk=server.pk)
    replaced, server.previous_key = server.previous_key, None
    server.save(update_fields=["previous_key"])
    if replaced is not None and not Nameserver.objects.filter(key=replaced).exists():
        replaced.delete()


def _try_zone(zone: Zone, server: Nameserver, key: TsigKey) -> None:
    for _ in range(TRIES):
        try:
            return zones.try_out(zone.name, host=server.host, port=server.port, key=key)
        except FenceMoved:
            continue
    raise FenceMoved


def _is_key_refused(zone: Zone, server: Nameserver, key: TsigKey) -> bool:
    try:
        _try_zone(zone, server, key)
    except (KeyRefused, UpdateForbidden):
        return True
    except PrimaryError:
        return False
    return False


def _next_name(name: str) -> str:
    """publisher, publisher-2, publisher-3: whatever number is free."""
    stem, _, last = name.rpartition("-")
    stem, number = (stem, int(last)) if stem and last.isdecimal() else (name, 1)
    taken = set(TsigKey.objects.filter(name__startswith=stem).values_list("name", flat=True))
    while (candidate := f"{stem}-{number + 1}") in taken:
        number += 1
    return candidate
