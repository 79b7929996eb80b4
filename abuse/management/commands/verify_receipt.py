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
        parser.add_argument(
            "receipt", type=Path, help="the receipt as it was downloaded, or with an effect report in it"
        )
        parser.add_argument("--report", type=Path, help="the effect report that it shall be of, as it was downloaded")
        parser.add_argument("--keys", type=Path, required=True, help="the list of keys as it was published")

    def handle(self, receipt: Path, keys: Path, report: Path | None = None, **options) -> None:
        shown, octets = _json(receipt, MAX_OCTETS), report and _octets(report, MAX_OCTETS)
        if isinstance(shown, dict) and isinstance(within := shown.get("body"), str):
            shown, octets = shown.get("receipt"), octets or within.encode(errors="replace")
        try:
            body = receipts.verify(shown, receipts.keys_of(_json(keys, MAX_KEYS)))
        except WrongReceipt as error:
            raise CommandError(str(error)) from error
        if octets and hashlib.sha256(octets).hexdigest() != body.get("sha256"):
            raise CommandError("The receipt holds, and names another SHA-256: the report was changed, or is another.")
        self.stdout.write("The report is the one that was signed." if octets else "The receipt holds.")
        self.stdout.write("It says:")
        for name, value in body.items():
            self.stdout.write(f"  {name}: {value}")


def _octets(path: Path, most: int) -> bytes:
    """Raises CommandError."""
    try:
        if path.stat().st_size > most:
            raise CommandError(f"{path} is bigger than any receipt, effect report or list of keys.")
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _json(path: Path, most: int) -> Any:
    """Raises CommandError."""
    try:
        return json.loads(_octets(path, most))
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} cannot be read as JSON: {error}") from error
