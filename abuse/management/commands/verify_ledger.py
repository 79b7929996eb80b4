"""manage.py verify_ledger: follows the hash chain from the first entry to the last."""

from django.core.management.base import BaseCommand, CommandError

from abuse import ledger
from abuse.errors import LedgerBroken


class Command(BaseCommand):
    help = "Verifies the ledger. Compare the last hash with a copy kept elsewhere: a ledger cut off at its end is a valid one."

    def handle(self, **options) -> None:
        try:
            verified = ledger.verify()
        except LedgerBroken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{verified.entry_count} entries hold. Last hash: {verified.last_hash}")
