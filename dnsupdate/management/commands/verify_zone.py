"""manage.py verify_zone ZONE [--repair [--wait]] [--changes]: compares the zone with the rows."""

import time

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import verifications
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import Verification, Zone
from dnsupdate.names import normalise

# Seconds between two lines of a refill's progress.
WAIT_SECONDS = 2.0


class Command(BaseCommand):
    help = "Transfers a zone from its primary, compares it with the rows, and repairs differences if asked to."

    def add_arguments(self, parser) -> None:
        parser.add_argument("zone")
        parser.add_argument("--repair", action="store_true", help="send the rows again where the zone differs")
        parser.add_argument("--wait", action="store_true", help="with --repair: until what was queued is published")
        parser.add_argument(
            "--changes", action="store_true", help="only what changed since it was last in order (IXFR)"
        )

    def handle(self, zone: str, repair: bool, wait: bool, changes: bool, **options) -> None:
        try:
            found = Zone.objects.select_related("primary__key").get(name=normalise(zone))
            done = verifications.run(found, repair=repair, changes_only=changes, on_progress=self._progress)
        except Zone.DoesNotExist as error:
            raise CommandError(f"There is no zone {zone}.") from error
        except DnsUpdateError as error:
            raise CommandError(str(error)) from error
        self._show(done)
        if done.difference_count and not repair:
            raise CommandError("The zone differs from the rows. Repair it with --repair.")
        if done.difference_count:
            self.stdout.write(f"Queued for repair: {done.repaired_count}; the worker publishes them now.")
            if wait:
                self._wait(found)
            if done.unrepaired:
                raise CommandError(done.unrepaired)

    def _show(self, done: Verification) -> None:
        for example in done.examples:
            self.stdout.write(example)
        if done.difference_count > len(done.examples):
            self.stdout.write(f"... and {done.difference_count - len(done.examples)} more")
        self.stdout.write(
            f"{done.compared_count} names compared, {done.difference_count} different, "
            f"{done.waiting_count} on their way."
        )

    def _progress(self, running: Verification) -> None:
        queued = f", {running.repaired_count} of {running.difference_count} queued" if running.difference_count else ""
        self.stderr.write(f"{running.compared_count} names compared{queued}")

    def _wait(self, zone: Zone) -> None:
        while left := verifications.repair_waiting_count(zone):
            self.stderr.write(f"{left} left")
            time.sleep(WAIT_SECONDS)
        self.stdout.write("All of them are published.")
