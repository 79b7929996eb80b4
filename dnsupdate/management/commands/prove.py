"""manage.py prove NAME [NAME ...]: what every authoritative server answers, beside what the rows say; stored as proof."""

from collections.abc import Iterable, Iterator

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import propagation
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import Proof, Publication, Zone
from dnsupdate.names import is_within, normalise
from dnsupdate.propagation import Summary

# Names of which every answer is printed; of more, only what does not match.
SHOWN = 50


class Command(BaseCommand):
    help = (
        "Asks every authoritative server for names, compares with the rows and stores the proof. Fails if one differs."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME")
        parser.add_argument("--zone", metavar="ZONE", help="the zone of --all-withdrawn")
        parser.add_argument(
            "--all-withdrawn", action="store_true", help="every name of the zone that DNS has stopped answering"
        )

    def handle(self, names: list[str], zone: str | None, all_withdrawn: bool, **options) -> None:
        if bool(names) == all_withdrawn or all_withdrawn != (zone is not None):
            raise CommandError("Give names, or --zone ZONE --all-withdrawn.")
        try:
            chosen = [_withdrawn(zone)] if zone is not None else list(_by_zone(map(normalise, names)))
            summaries = [self._prove(each, its_names) for each, its_names in chosen]
        except DnsUpdateError as error:
            raise CommandError(str(error)) from error
        if not all(summary.is_match for summary in summaries):
            raise CommandError("Not every server answers what the rows say.")

    def _prove(self, zone: Zone, names: list[str]) -> Summary:
        last = Proof.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        summary = propagation.prove(zone, names)
        proofs = Proof.objects.filter(pk__gt=last, zone=zone).select_related("nameserver").order_by("pk")
        if len(names) > SHOWN:
            proofs = proofs.filter(is_match=False)
        for proof in proofs[: SHOWN * len(summary.servers)]:
            self.stdout.write(f"{proof.name} at {proof.nameserver.name}: {_answer(proof)}: {proof.verdict}")
        for server in summary.servers:
            self.stdout.write(
                f"{server.nameserver}: serial {'unknown' if server.serial is None else server.serial}, "
                f"{server.match_count} of {server.name_count} names as they shall be, {server.nothing_count} answer nothing."
            )
        return summary


def _withdrawn(zone: str) -> tuple[Zone, list[str]]:
    found = Zone.objects.select_related("primary").filter(name=normalise(zone)).first()
    if found is None:
        raise CommandError(f"There is no zone {zone}.")
    rows = Publication.objects.filter(zone=found, withdrawn_at__isnull=False, rrsets={})
    names = list(rows.order_by("name").values_list("name", flat=True))
    if not names:
        raise CommandError(f"No name of {found} is withdrawn: there is nothing to prove.")
    return found, names


def _by_zone(names: Iterable[str]) -> Iterator[tuple[Zone, list[str]]]:
    """The names by the zone that holds them: the one with the longest name."""
    zones = sorted(Zone.objects.select_related("primary"), key=lambda zone: -len(zone.name))
    chosen: dict[int, list[str]] = {}
    for name in names:
        zone = next((zone for zone in zones if is_within(name, zone.name)), None)
        if zone is None:
            raise CommandError(f"{name} is in none of the zones.")
        chosen.setdefault(zone.pk, []).append(name)
    return ((zone, chosen[zone.pk]) for zone in zones if zone.pk in chosen)


def _answer(proof: Proof) -> str:
    records = [
        f"{type_name} {text} (TTL {rrset['ttl']})"
        for type_name, rrset in proof.answer.items()
        for text in rrset["rdata"]
    ]
    return ", ".join(records) or proof.rcode or "no answer"
