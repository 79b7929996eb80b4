"""manage.py verify_ledger: follows the hash chain from the first entry to the last."""

import re
from argparse import ArgumentTypeError

from django.core.management.base import BaseCommand, CommandError

from abuse import ledger
from abuse.errors import LedgerBroken

_KEPT = re.compile(r"(\d{1,18}):([0-9a-f]{64})", re.ASCII)


def _kept(text: str) -> ledger.Verified:
    match = _KEPT.fullmatch(text.strip())
    if match is None:
        raise ArgumentTypeError(f"“{text}” is not COUNT:HASH, a number and 64 hexadecimal digits.")
    return ledger.Verified(int(match[1]), match[2])


class Command(BaseCommand):
    help = (
        "Verifies the ledger. Compare it with a copy kept elsewhere: "
        "a ledger that was cut off at its end, or written anew, holds by itself."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--expect",
            type=_kept,
            metavar="COUNT:HASH",
            help="what was kept elsewhere: the number of entries and the last hash at some time. "
            "Every entry logs them as “ledger: COUNT HASH”",
        )

    def handle(self, expect: ledger.Verified | None = None, **options) -> None:
        try:
            verified = ledger.verify(expect)
        except LedgerBroken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{verified.entry_count} entries hold. Last hash: {verified.last_hash}")
        if expect is not None:
            self.stdout.write(f"Entry {expect.entry_count} is the one that was kept.")
