"""manage.py add_secondary HOST[:PORT]: a server that answers for our zones, known to propagation and proof."""

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import nameservers
from dnsupdate.models import Zone


class Command(BaseCommand):
    help = "Registers a secondary for zones, so that it is asked whenever we say what DNS answers."

    def add_arguments(self, parser) -> None:
        parser.add_argument("nameserver", metavar="HOST[:PORT]", help="port 53 unless given; [IPv6]:PORT")
        parser.add_argument("--name", help="how people call it; HOST:PORT unless given")
        parser.add_argument("--zone", action="append", metavar="ZONE", help="this zone only; may be repeated")

    def handle(self, nameserver: str, name: str | None, zone: list[str] | None, **options) -> None:
        try:
            host, port = nameservers.parse_address(nameserver)
        except ValueError as error:
            raise CommandError(f"{nameserver} is no HOST[:PORT].") from error
        chosen = Zone.objects.filter(name__in=zone) if zone else Zone.objects.all()
        missing = set(zone or []) - set(chosen.values_list("name", flat=True))
        if missing:
            raise CommandError(f"There is no zone {', '.join(sorted(missing))}.")
        server = nameservers.add_secondary(chosen, host=host, port=port, name=name)
        names = ", ".join(map(str, chosen)) or "no zone, since there is none yet"
        self.stdout.write(self.style.SUCCESS(f"{server} is a secondary of {names}."))
