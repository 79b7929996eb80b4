"""manage.py check_signatures [ZONE ...]: whether the primaries keep signing, as the hourly task looks at it."""

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import signings
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import Signing, Zone
from dnsupdate.names import normalise


class Command(BaseCommand):
    help = "Validates what the primaries answer for signed zones, and shows until when their signatures last."

    def add_arguments(self, parser) -> None:
        parser.add_argument("zones", nargs="*", metavar="ZONE", help="all unless given")
        parser.add_argument(
            "--expect-unsigned", action="store_true", help="these zones are no longer signed, and on purpose"
        )

    def handle(self, zones: list[str], expect_unsigned: bool, **options) -> None:
        if expect_unsigned and not zones:
            raise CommandError("Name the zones that are no longer signed.")
        problem_count = sum(self._check(zone, expect_unsigned) for zone in self._chosen(zones))
        if problem_count:
            raise CommandError(f"{problem_count} of the zones must be looked at.")

    def _chosen(self, names: list[str]) -> list[Zone]:
        try:
            wanted = {normalise(name) for name in names}
        except DnsUpdateError as error:
            raise CommandError(str(error)) from error
        zones = Zone.objects.select_related("primary__key").order_by("name")
        chosen = list(zones.filter(name__in=wanted) if wanted else zones)
        if missing := wanted - {zone.name for zone in chosen}:
            raise CommandError(f"There is no zone {', '.join(sorted(missing))}.")
        return chosen

    def _check(self, zone: Zone, expect_unsigned: bool) -> bool:
        """Whether somebody must look at it."""
        try:
            signing = signings.check(zone)
        except DnsUpdateError as error:
            self.stdout.write(self.style.ERROR(f"{zone}: {error}"))
            return True
        if expect_unsigned:
            signings.expect_unsigned(zone)
            signing.refresh_from_db()
        self.stdout.write(f"{zone}: {_state(signing)}")
        if problem := signings.problem(signing):
            self.stdout.write(self.style.ERROR(f"{problem} {signing.detail}".strip()))
        return bool(problem)


def _state(signing: Signing) -> str:
    if not signing.is_signed:
        return "not signed"
    return f"signed, until {signing.expires_at:%Y-%m-%d %H:%M} UTC" if signing.expires_at else "signed"
