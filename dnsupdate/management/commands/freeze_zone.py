"""manage.py freeze_zone ZONE --reason TEXT: sends nothing to the zone until it is thawed; what changes waits."""

import time

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import zones
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import Zone
from dnsupdate.names import normalise

# A publisher's lease ends by itself after six seconds; one at work renews it for as long as its turn lasts.
PATIENCE_SECONDS = 20.0
PAUSE_SECONDS = 0.1


class Command(BaseCommand):
    help = "Stops sending updates to a zone, so that it can be edited by other means. thaw_zone goes on with it."

    def add_arguments(self, parser) -> None:
        parser.add_argument("zone")
        parser.add_argument("--reason", required=True, help="shown on the zone's page")

    def handle(self, zone: str, reason: str, **options) -> None:
        try:
            found = zones.freeze(Zone.objects.get(name=normalise(zone)), reason=reason)
        except Zone.DoesNotExist as error:
            raise CommandError(f"There is no zone {zone}.") from error
        except DnsUpdateError as error:
            raise CommandError(str(error)) from error
        deadline = time.monotonic() + PATIENCE_SECONDS
        while zones.is_being_published(found):
            if time.monotonic() > deadline:
                raise CommandError(f"{found} is frozen, but a publisher is still at work in it: do not edit it yet.")
            time.sleep(PAUSE_SECONDS)
        self.stdout.write(
            self.style.SUCCESS(f"{found} is frozen: nothing is sent, changes wait for `thaw_zone {found}`.")
        )
