"""manage.py seed_demo_reports --facts FILE: reports about the demo's names, so that the desk of ./run has something to decide."""

import base64
import hashlib
import io
import json
import uuid
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from ipaddress import IPv4Address
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from abuse import submissions
from abuse.intake import form
from abuse.models import Submission
from ddns import address_updates, hostnames, keys
from ddns.address_updates import Caller, Wish
from ddns.addresses import Addresses
from ddns.errors import NameUnavailable
from ddns.models import Domain, User

Door = Submission.Door

# Nobody can log in as her: she has no password.
SUSPECT = "mallory@example.com"
LURE, SIBLING = "examplebank-login", "examplebank-secure"
SOURCE, LURE_ADDRESS = IPv4Address("198.51.100.23"), IPv4Address("203.0.113.66")


class Command(BaseCommand):
    help = "For ./run: sends invented reports about the demo's names, once."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--facts", required=True, metavar="FILE", help="as seed_demo has written it")

    def handle(self, facts: str, **options) -> None:
        if settings.IS_PROVIDER:
            raise CommandError("Demo reports are not for a provider.")
        known = json.loads(Path(facts).read_text())
        if User.objects.filter(email=SUSPECT).exists() or Submission.objects.exists():
            return
        # Where no name can be had the platform runs without them.
        with suppress(NameUnavailable, Domain.DoesNotExist), transaction.atomic():
            lure = _suspect(known["zone"])
            _by_form(lure)
            _by_program(lure)
            _by_mail(known["hostname"])
            _in_own_words()


def _suspect(zone: str) -> str:
    """Two new names of one account, changed by a script; the name of the first."""
    account, domain = User.objects.create_user(SUSPECT), Domain.objects.get(name=zone)
    held = [hostnames.register(account, domain=domain, label=label) for label in (LURE, SIBLING)]
    caller = Caller(keys.create(account, label="script")[1], SOURCE, "curl/8.5.0", "dyndns2")
    address_updates.update(caller, [each.name for each in held], Wish(Addresses(ipv4=LURE_ADDRESS)))
    return held[0].name


def _by_form(name: str) -> None:
    """A person saw the page."""
    report = form.FormReport(
        kind="content/phishing",
        names=[f"https://{name}/login"],
        description="A text message sent me there. The page looks like Example Bank and asks for card number and PIN.",
        language="en",
        name="Trudy Example",
        email="trudy@example.org",
        is_good_faith=True,
        details={"target_brand": "Example Bank"},
        files=[form.File("screen.png", "image/png", _picture(name))],
    )
    submissions.accept(form.write(report), door=Door.FORM, source="192.0.2.44", content_type=form.CONTENT_TYPE)


def _by_program(name: str) -> None:
    """XARF 4, as a CERT's machine sends it."""
    page = b"<html><title>Example Bank</title><form action=/collect.php><input name=card><input name=pin></form></html>"
    party = {"org": "Example CERT", "contact": "reports@cert.example.net", "domain": "cert.example.net"}
    report = {
        "xarf_version": "4.2.0",
        "report_id": str(uuid.uuid4()),
        "timestamp": timezone.now().isoformat(),
        "reporter": party,
        "sender": party,
        "source_identifier": name,
        "category": "content",
        "type": "phishing",
        "evidence_source": "automated_scan",
        "description": "The form sends what is typed to /collect.php.",
        "url": f"https://{name}/login",
        "target_brand": "Example Bank",
        "dns_records": {"a": [str(LURE_ADDRESS)]},
        "evidence": [
            {
                "content_type": "text/html",
                "description": "The page",
                "payload": base64.b64encode(page).decode(),
                "hash": f"sha256:{hashlib.sha256(page).hexdigest()}",
            }
        ],
    }
    submissions.accept(
        json.dumps(report, indent=1).encode(), door=Door.API, source="192.0.2.80", content_type="application/xarf+json"
    )


def _by_mail(name: str) -> None:
    """An attacked server's owner: the customer may be a victim."""
    now = timezone.now()
    log = "\n".join(
        f"{now - timedelta(seconds=40 - each):%Y-%m-%dT%H:%M:%SZ} sshd: Failed password for root from {name}"
        for each in range(4)
    )
    text = f"Hello,\n\na device at {name} tries passwords on our server:\n\n{log}\n\nPlease have a look.\n"
    _mail("noc@provider.example.net", f"SSH attacks from {name}", text, default_kind="connection/login_attack")


def _in_own_words() -> None:
    """Names nothing: a person has to read it."""
    _mail("someone@example.org", "A strange link", "My mother got a strange link from you. Can you make it stop?\n", "")


def _mail(sender: str, subject: str, text: str, default_kind: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "abuse@ddns.example", subject
    mail["Date"], mail["Message-ID"] = format_datetime(timezone.now()), f"<{uuid.uuid4()}@{sender.partition('@')[2]}>"
    mail.set_content(text)
    submissions.accept(
        mail.as_bytes(), door=Door.MAIL, source=sender, content_type="message/rfc822", default_kind=default_kind
    )


def _picture(name: str) -> bytes:
    """What the lure looked like."""
    picture = Image.new("RGB", (900, 560), "#f2f4f8")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 900, 70), fill="#ffffff")
    draw.rounded_rectangle((20, 18, 880, 52), 17, fill="#e8eaee")
    draw.text((44, 24), f"https://{name}/login", fill="#333333", font_size=20)
    draw.rectangle((0, 70, 900, 150), fill="#0b3d91")
    draw.text((40, 88), "Example Bank", fill="#ffffff", font_size=36)
    draw.text((280, 180), "Confirm your card", fill="#111111", font_size=30)
    for row, label in enumerate(("Card number", "PIN")):
        draw.text((280, 240 + 90 * row), label, fill="#444444", font_size=18)
        draw.rectangle((280, 266 + 90 * row, 620, 306 + 90 * row), fill="#ffffff", outline="#8a94a6")
    draw.rounded_rectangle((280, 430, 620, 480), 6, fill="#0b3d91")
    draw.text((405, 440), "Continue", fill="#ffffff", font_size=22)
    octets = io.BytesIO()
    picture.save(octets, "PNG", optimize=True)
    return octets.getvalue()
