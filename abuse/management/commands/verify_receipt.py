"""manage.py verify_receipt: whether a receipt or an effect report holds, by published keys that were kept. Asks no database."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from abuse import receipts
from abuse.errors import WrongReceipt

# A list of keys has a few hundred characters for each key, a receipt some hundred, an effect report as many for each name.
MAX_KEYS = 1024 * 1024
MAX_OCTETS = 64 * 1024 * 1024


class Command(BaseCommand):
    help = "Verifies a receipt (JSON) with the published signing keys, kept from /.well-known/abuse-signing-keys.json."
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        parser.add_argument("receipt", type=Path, help="the receipt, or the effect report, as it was downloaded")
        parser.add_argument("--keys", type=Path, required=True, help="the list of keys as it was published")

    def handle(self, receipt: Path, keys: Path, **options) -> None:
        shown, known = _read(receipt, MAX_OCTETS), _read(keys, MAX_KEYS)
        text = shown.get("body") if isinstance(shown, dict) else None
        try:
            body = receipts.verify(shown if text is None else shown.get("receipt"), receipts.keys_of(known))
        except WrongReceipt as error:
            raise CommandError(str(error)) from error
        if text is not None:
            if not isinstance(text, str) or hashlib.sha256(text.encode(errors="replace")).hexdigest() != body.get(
                "sha256"
            ):
                raise CommandError(
                    "The receipt holds, and names another SHA-256: the report was changed, or is another."
                )
            self.stdout.write("The report is the one that was signed.")
        self.stdout.write("The receipt holds. It says:")
        for name, value in body.items():
            self.stdout.write(f"  {name}: {value}")


def _read(path: Path, most: int) -> Any:
    """Raises CommandError."""
    try:
        if path.stat().st_size > most:
            raise CommandError(f"{path} is bigger than any receipt or list of keys.")
        return json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} cannot be read as JSON: {error}") from error
