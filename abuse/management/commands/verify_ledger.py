"""manage.py verify_ledger: follows the hash chain from the first entry to the last."""

import json
import re
from argparse import ArgumentTypeError
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from abuse import ledger, ledger_heads, receipts
from abuse.errors import LedgerBroken, WrongReceipt

_KEPT = re.compile(r"(\d{1,18}):([0-9a-f]{64})", re.ASCII)


def _kept(text: str) -> ledger.Verified:
    match = _KEPT.fullmatch(text.strip())
    if match is None:
        raise ArgumentTypeError(f"“{text}” is not COUNT:HASH, a number and 64 hexadecimal digits.")
    return ledger.Verified(int(match[1]), match[2])


def _keys(path: Path) -> dict[str, bytes]:
    return receipts.keys_of(json.loads(path.read_text()))


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
        parser.add_argument(
            "--heads", type=Path, help="published heads that were kept (/.well-known/abuse-ledger.json)"
        )
        parser.add_argument(
            "--keys", type=Path, help="the keys that signed them (/.well-known/abuse-signing-keys.json)"
        )

    def handle(
        self,
        expect: ledger.Verified | None = None,
        heads: Path | None = None,
        keys: Path | None = None,
        **options,
    ) -> None:
        if (heads is None) != (keys is None):
            raise CommandError("--heads and --keys go together: a head is worth what its signature is.")
        try:
            verified = ledger.verify(expect)
            if heads is not None and keys is not None:
                count = ledger_heads.check(json.loads(heads.read_text())["heads"], _keys(keys))
                self.stdout.write(f"{count} published heads are in it.")
        except (LedgerBroken, WrongReceipt) as error:
            raise CommandError(str(error)) from error
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CommandError(f"These are not the published heads and keys: {error}") from error
        self.stdout.write(f"{verified.entry_count} entries hold. Last hash: {verified.last_hash}")
        if expect is not None:
            self.stdout.write(f"Entry {expect.entry_count} is the one that was kept.")
