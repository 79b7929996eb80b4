"""manage.py retire_domain DOMAIN: takes a domain out of DNS as a whole; everything stays stored, add_domain brings it back."""

from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError

from ddns import domains
from ddns.errors import DdnsError
from ddns.models import Domain
from dnsupdate import arrivals
from dnsupdate.errors import DnsUpdateError
from dnsupdate.names import normalise


class Command(BaseCommand):
    help = (
        "Takes a domain out of DNS. Hostnames and their addresses stay stored, updates are accepted and wait, and "
        "add_domain brings everything back."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("domain")
        parser.add_argument("--even-with-names", action="store_true", help="although customers hold names in it")
        parser.add_argument(
            "--wait",
            type=float,
            default=180,
            metavar="SECONDS",
            help="how long to wait for the servers; 180 unless given",
        )

    def handle(self, domain: str, even_with_names: bool, wait: float, **options) -> None:
        try:
            found = Domain.objects.select_related("zone__membership__zone", "zone__primary").get(name=normalise(domain))
            zone, membership = found.zone, found.zone.membership
            count = domains.retire(found, even_with_names=even_with_names)
        except Domain.DoesNotExist as error:
            raise CommandError(f"There is no domain {domain}.") from error
        except (DdnsError, DnsUpdateError) as error:
            raise CommandError(f"{error} Nothing was changed; --even-with-names retires it all the same.") from error
        self.stdout.write(f"{found} is retired, with {count:,} hostnames, which stay stored.")
        if membership is None:
            self.stdout.write(f"No catalog names it: stop serving it at {zone.primary} and its secondaries by hand.")
            return
        within = timedelta(seconds=wait)
        if serving := arrivals.wait_for_departure(zone, membership.zone, within=within, say=self.stdout.write):
            raise CommandError("\n".join(["Not gone from DNS yet:", *serving]))
        self.stdout.write(self.style.SUCCESS("No nameserver serves it any more."))
