"""manage.py watch_delegation ZONE [--accept]: what the parent says now, beside what it should say."""

import getpass

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import delegations
from dnsupdate.errors import DnsUpdateError
from dnsupdate.models import Delegation, Zone
from dnsupdate.names import normalise


class Command(BaseCommand):
    help = "Looks at a zone's delegation at its parent's servers, and takes it over as ours if asked to."

    def add_arguments(self, parser) -> None:
        parser.add_argument("zone")
        parser.add_argument("--accept", action="store_true", help="the delegation as it is now is ours: end the alarm")

    def handle(self, zone: str, accept: bool, **options) -> None:
        try:
            found = Zone.objects.get(name=normalise(zone))
            watched = delegations.watch([found])
            if not watched:
                raise CommandError("The delegation could not be looked at; the log has the reason.")
            delegation = watched[0]
            self._show(delegation)
            if accept:
                self._refuse_blindness(delegation)
                by = f"{getpass.getuser()}, by manage.py"
                delegation = delegations.accept(found, by=by, seen=delegation.seen)
                self.stdout.write(self.style.SUCCESS(f"Accepted as ours by {delegation.accepted_by}."))
        except Zone.DoesNotExist as error:
            raise CommandError(f"There is no zone {zone}.") from error
        except DnsUpdateError as error:
            raise CommandError(str(error)) from error
        if not accept and delegation.differences:
            raise CommandError("The delegation is not as expected. If the change is yours: --accept.")

    def _refuse_blindness(self, delegation: Delegation) -> None:
        if delegation.state == Delegation.State.UNKNOWN:
            raise CommandError(
                "Nothing was accepted: the parent's servers do not say at present what the delegation is."
            )

    def _show(self, delegation: Delegation) -> None:
        self.stdout.write(
            f"{delegation}: {delegation.get_state_display()} since {delegation.state_since:%Y-%m-%d %H:%M:%S} UTC."
        )
        for difference in delegation.differences:
            self.stdout.write(difference)
        if delegation.failure:
            self.stdout.write(delegation.failure)
        self.stdout.write("The parent's servers:")
        for answer in delegation.answers:
            shown = ", ".join(answer["picture"]["ns"]) if answer["picture"] else ""
            self.stdout.write(f"  {answer['server']}: {' '.join(filter(None, [shown, answer['said']]))}")
        self.stdout.write("The zone's servers:")
        for apex in delegation.apexes:
            self.stdout.write(
                f"  {apex['server']} ({apex['role']}): {apex['failure'] or 'serial ' + str(apex['serial'])}"
            )
