"""manage.py seed_demo_order --facts FILE: an officer, and a takedown order about the demo's names, for the desk of ./run."""

import json
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from abuse import agencies, officers, orders, roles
from abuse.errors import AbuseError
from abuse.models import Agency, Order, OrderFile
from abuse.order_filings import Filing, UploadedFile
from ddns.models import Domain, User

# Nobody can log in as these: they have no password.
OFFICER = "olivia@police.example"
STAFF = ("liaison@example.com", "duty@example.com")
NUMBER = "+43 1 555 0100"

# As such letters spell names.
LIST = """\
# Annex A to 12 Cr 345/26
hxxps://examplebank-login[.]{zone}/login
EXAMPLEBANK-SECURE.{zone}
examplebank-login(dot){zone}:443   # seen again
examplebank-update.{zone}
ns1.{zone}
www.examplebank.example
page 2 of 2
"""


class Command(BaseCommand):
    help = "For ./run: files an invented order of an invented authority, once."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--facts", required=True, metavar="FILE", help="as seed_demo has written it")

    def handle(self, facts: str, **options) -> None:
        if settings.IS_PROVIDER:
            raise CommandError("Demo orders are not for a provider.")
        zone = json.loads(Path(facts).read_text())["zone"]
        if Agency.objects.exists():
            return
        # Where no name can be had the platform runs without it.
        with suppress(AbuseError, Domain.DoesNotExist), transaction.atomic():
            _file(zone)


def _file(zone: str) -> None:
    filing = Filing(
        kind=Order.Kind.TAKEDOWN,
        instrument=Order.Instrument.COURT_ORDER,
        reference="12 Cr 345/26",
        issuing_authority="Regional Court of Example",
        legal_basis="Section 1 of the Example Act",
        reasons="The names imitate Example Bank and collect card numbers.",
        contact="Olivia Example, Example Police, " + NUMBER,
        territorial_scope="worldwide",
        redress="Objection to the court within two weeks.",
        return_conditions="When the court says so, or after a year.",
    )
    files = [
        UploadedFile(b"%PDF-1.4 an invented order", "order.pdf", "application/pdf"),
        UploadedFile(LIST.format(zone=zone).encode(), "annex-a.txt", "text/plain", OrderFile.Role.NAMES),
    ]
    orders.file(_officer(), filing, files, door=Order.Door.PORTAL, source="192.0.2.110")


def _officer():
    first, second = (_staff(email) for email in STAFF)
    agency = agencies.add(
        by=first,
        name="Example Police",
        kind=Agency.Kind.POLICE,
        country="AT",
        mail_domains=["police.example"],
        phone=NUMBER,
        phone_source="the register of the Ministry of the Interior",
    )
    officer = officers.apply(
        User.objects.create_user(OFFICER),
        agency_said=agency.name,
        country_said=agency.country,
        name="Olivia Example",
        title="Chief inspector",
        badge="4711",
        phone_said="+43 1 555 0199",
        purpose="Fraud with names of yours.",
    )
    officer = officers.call_back(
        officer,
        agency=agency,
        called_number=NUMBER,
        number_source="the register of the Ministry of the Interior",
        spoke_with="the switchboard, then Olivia Example",
        by=first,
    )
    return officers.confirm(officer, by=second)


def _staff(email: str) -> User:
    person = User.objects.create_user(email, is_staff=True)
    person.groups.add(Group.objects.get(name=roles.LIAISON))
    return person
