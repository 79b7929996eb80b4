"""manage.py seed_demo --facts FILE: a domain, a customer and a member of staff to try the platform with."""

import json
import os
import secrets
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ddns import domains, hostnames, keys
from ddns.errors import NameUnavailable, TooManyHostnames
from ddns.models import Domain, Hostname, User
from dnsupdate import tsig_keys, zones

ZONE = "ddns.example"
LABEL = "home"
# Further ones for a customer who gave the first up: names rest.
LABELS = (LABEL, *(f"{LABEL}{number}" for number in range(2, 31)))
CUSTOMER = "alice@example.com"
STAFF = "staff@example.com"


class Command(BaseCommand):
    help = "For ./run: makes demo data once and writes how to use it into a private file."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--facts", required=True, metavar="FILE")

    def handle(self, facts: str, **options) -> None:
        if settings.IS_PROVIDER:
            raise CommandError("Demo accounts are not for a provider.")
        path = Path(facts)
        known = json.loads(path.read_text()) if path.exists() else {}
        _write(path, {**known, **_seed(known)})


def _seed(known: dict) -> dict:
    """Makes what is missing; gives all facts. Secrets that were shown before stay as they are."""
    port = int(os.environ["DDNS_DNS_PORT"])
    # The nameserver may listen on another port than when this was run last.
    zone = zones.add(
        ZONE, host="127.0.0.1", port=port, key=tsig_keys.parse(os.environ["DDNS_DEMO_TSIG_KEY"]), replace=True
    )
    domain = domains.offer(zone)
    customer, password = _account(CUSTOMER, known.get("password"))
    _, staff_password = _account(STAFF, known.get("staff_password"), is_staff=True, is_superuser=True)
    return {
        "web": settings.SITE_URL,
        "nameserver": {"host": "127.0.0.1", "port": port},
        "zone": zone.name,
        "hostname": _hostname(customer, domain, known.get("hostname", f"{LABEL}.{ZONE}")),
        "username": customer.email,
        "password": password,
        "update_key": known.get("update_key") or keys.create(customer, label="demo")[1],
        "staff_username": STAFF,
        "staff_password": staff_password,
    }


def _hostname(customer: User, domain: Domain, known: str) -> str:
    """The name of the facts, another one of the customer's if that was given up, or a new one."""
    held = Hostname.objects.held_by(customer).filter(domain=domain)
    hostname = held.filter(name=known).first() or held.first()
    for label in LABELS if hostname is None else ():
        try:
            return hostnames.register(customer, domain=domain, label=label).name
        except NameUnavailable:
            continue
        except TooManyHostnames:
            break
    # Without a name the pages still work, and say why none can be registered: no reason not to start.
    return hostname.name if hostname else known


def _account(email: str, password: str | None, **fields) -> tuple[User, str]:
    """The account and its password, which is set anew where the file that held it is gone."""
    user = User.objects.filter(email=email).first()
    if user is not None and password is not None:
        return user, password
    password = secrets.token_urlsafe(12)
    if user is None:
        return User.objects.create_user(email, password, **fields), password
    user.set_password(password)
    user.save(update_fields=["password"])
    return user, password


def _write(path: Path, facts: dict) -> None:
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(facts, indent=2) + "\n")
    temporary.replace(path)
