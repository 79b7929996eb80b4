"""manage.py verify_receipt: whether a receipt holds, by published keys that were kept. Asks no database."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from abuse import receipts
from abuse.errors import WrongReceipt

# A receipt has some hundred characters, a list of keys a few hundred for each key.
MAX_OCTETS = 1024 * 1024


class Command(BaseCommand):
    help = "Verifies a receipt (JSON) with the published signing keys, kept from /.well-known/abuse-signing-keys.json."
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        parser.add_argument("receipt", type=Path, help="the receipt as it was downloaded")
        parser.add_argument("--keys", type=Path, required=True, help="the list of keys as it was published")

    def handle(self, receipt: Path, keys: Path, **options) -> None:
        try:
            body = receipts.verify(_read(receipt), receipts.keys_of(_read(keys)))
        except WrongReceipt as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The receipt holds. It says:")
        for name, value in body.items():
            self.stdout.write(f"  {name}: {value}")


def _read(path: Path) -> Any:
    """Raises CommandError."""
    try:
        if path.stat().st_size > MAX_OCTETS:
            raise CommandError(f"{path} is bigger than any receipt or list of keys.")
        return json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} cannot be read as JSON: {error}") from error
