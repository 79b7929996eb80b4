"""The staff's hands during a measurement: makes hostnames and suspends them by the verbs, told by JSON lines.

`python -m bench.staff` with the environment of the provider; answers one line for each.
"""

import json
import sys
import time

import django

CUSTOMER = "alice@example.com"
STAFF = "oscar@example.com"


def main() -> None:
    django.setup()
    verbs = {"seed": _seed, "household": _household, "suspend": _suspend, "lift": _lift}
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(verbs[order.pop("do")](**order)), flush=True)


def _seed(domain: str, labels: list[str]) -> list[dict]:
    """Registers the labels, each with a key of its own."""
    from ddns import hostnames, keys
    from ddns.models import Domain, User

    alice = User.objects.create_user(CUSTOMER)
    User.objects.create_user(STAFF, is_staff=True)
    made = []
    for label in labels:
        hostname = hostnames.register(alice, domain=Domain.objects.get(name=domain), label=label)
        made.append({"name": hostname.name, "key": keys.create(alice, label=label, hostnames=[hostname])[1]})
    return made


def _household(domain: str, count: int) -> dict:
    """A customer of so many hostnames, each with an address and a contact; gives the cookie of a session."""
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from ddns import domains
    from ddns.models import Domain, Hostname, HostnameContact, User
    from dnsupdate import tsig_keys, zones
    from dnsupdate.models import Publication

    offered = Domain.objects.filter(name=domain).first()
    if offered is None:
        offered = domains.offer(zones.add(domain, host="127.0.0.1", port=9, key=tsig_keys.generate("publisher")))
    account = User.objects.create_user(f"h{count}-{CUSTOMER}")
    rows = Publication.objects.bulk_create(
        Publication(zone=offered.zone, name=f"n{number}-{count}.{domain}") for number in range(count)
    )
    held = Hostname.objects.bulk_create(
        Hostname(account=account, domain=offered, name=row.name, publication=row, ipv4="203.0.113.7") for row in rows
    )
    now = timezone.now()
    HostnameContact.objects.bulk_create(HostnameContact(hostname=each, at=now, protocol="dyndns2") for each in held)
    browser = Client()
    browser.force_login(account)
    name = settings.SESSION_COOKIE_NAME
    return {"cookie": f"{name}={browser.cookies[name].value}"}


def _suspend(name: str) -> dict:
    """Gives the time of the commit, in seconds of the machine's monotonic clock."""
    from django.db import transaction

    from abuse import suspensions
    from ddns.models import Hostname, User

    times: list[float] = []
    with transaction.atomic():
        # Registered first, so that it runs first: right behind the commit.
        transaction.on_commit(lambda: times.append(time.monotonic()))
        suspensions.suspend(Hostname.objects.get(name=name), reason="measured", by=User.objects.get(email=STAFF))
    return {"committed_at": times[0]}


def _lift(name: str) -> dict:
    from abuse import suspensions
    from abuse.models import Suspension
    from ddns.models import User

    suspension = Suspension.objects.in_force().get(hostname__name=name)
    suspensions.lift(suspension, reason="measured", by=User.objects.get(email=STAFF))
    return {}


if __name__ == "__main__":
    main()
