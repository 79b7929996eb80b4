"""manage.py rotate_signing_key: another key signs receipts from now on."""

from django.core.management.base import BaseCommand

from abuse import signing_keys


class Command(BaseCommand):
    help = (
        "Makes a new key that signs receipts from now on, and destroys the private half of the old one. "
        "What it has signed stays verifiable: its public half stays published."
    )

    def handle(self, **options) -> None:
        self.stdout.write(f"Receipts are signed with {signing_keys.rotate().key_id} from now on.")
