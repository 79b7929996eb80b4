"""manage.py show_ds ZONE [--parent HOST[:PORT]]: what the registry must know of a signed zone, and whether it does."""

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import dnssec, nameservers
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import Zone
from dnsupdate.names import normalise


class Command(BaseCommand):
    help = "Prints the DS records of a zone for its registry, one a line; with --parent, whether the parent has them."

    def add_arguments(self, parser) -> None:
        parser.add_argument("zone")
        parser.add_argument("--parent", metavar="HOST[:PORT]", help="a nameserver of the parent; port 53 unless given")

    def handle(self, zone: str, parent: str | None, **options) -> None:
        try:
            found = Zone.objects.select_related("primary__key").get(name=normalise(zone))
            wanted = dnssec.ds_records(found)
            at_parent = _at_parent(found, parent) if parent else None
        except Zone.DoesNotExist as error:
            raise CommandError(f"There is no zone {zone}.") from error
        except (DnsUpdateError, ValueError) as error:
            raise CommandError(str(error)) from error
        for ds in wanted:
            self.stdout.write(f"{found}. IN DS {ds}")
        if not wanted:
            self.stderr.write(f"{found.primary} does not sign {found}: its parent must have no DS record.")
        if at_parent is not None:
            self._compare({str(ds) for ds in wanted}, {str(ds) for ds in at_parent})

    def _compare(self, wanted: set[str], at_parent: set[str]) -> None:
        missing, stale = sorted(wanted - at_parent), sorted(at_parent - wanted)
        if at_parent and not wanted & at_parent:
            raise CommandError(f"Nobody who validates gets an answer. The parent has only: {', '.join(stale)}.")
        for ds in stale:
            self.stdout.write(f"The parent has another: {ds}")
        if missing:
            raise CommandError(f"The parent does not have: {', '.join(missing)}.")
        self.stdout.write(self.style.SUCCESS("The parent has them." if wanted else "The parent has none."))


def _at_parent(zone: Zone, address: str) -> list:
    host, port = nameservers.parse_address(address)
    return dnssec.ds_at_parent(zone, host=host, port=port)
