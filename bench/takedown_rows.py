"""The hands of the drill: rows of a provider with millions of hostnames, and what officers and staff do, told by JSON lines.

`python -m bench.takedown_rows` with the environment of the services; answers one line for each. Times are seconds of the
clock.
"""

import json
import sys
import time

import django

OFFICER = "olivia@police.example"
STAFF = ("oscar@example.com", "sara@example.com")
NAMES_PER_ACCOUNT = 20
KEY_DAYS = 30

_ACCOUNTS = """
    INSERT INTO ddns_user (password, is_superuser, email, is_staff, is_active, plan, language, date_joined)
    SELECT '!', false, 'c' || n || '.' || %(zone)s || '@example.com', false, true, 'free', '',
        now() - (n %% 700) * interval '1 day'
    FROM generate_series(1, %(accounts)s) n
"""
# Customers come from everywhere: neighbours in the table are other people's.
_HOSTNAMES = """
    INSERT INTO ddns_hostname (account_id, domain_id, name, ipv4, wildcard, offline, follows_prefix, parked, publication_id,
        created_at, changed_at)
    SELECT %(first_account)s + publication.id %% %(accounts)s, %(domain)s, publication.name,
        (publication.rrsets -> 'A' -> 'rdata' ->> 0)::inet, false, false, false, false, publication.id,
        now() - (publication.id %% 700) * interval '1 day', now() - (publication.id %% 90) * interval '1 day'
    FROM dnsupdate_publication publication WHERE zone_id = %(zone)s AND id >= %(first)s AND id < %(first)s + %(count)s
"""
_CONTACTS = """
    INSERT INTO ddns_hostnamecontact (hostname_id, at, source, agent, protocol)
    SELECT id, now() - (id %% 60) * interval '1 day', ipv4, 'inadyn/2.12.0', 'dyndns2'
    FROM ddns_hostname WHERE domain_id = %(domain)s
"""
# Held without an address, or given up: names that answer nothing.
_SILENT = """
    WITH published AS (
        INSERT INTO dnsupdate_publication (zone_id, name, rrsets, revision, published_revision, published_at, withdrawn_at,
            refusal)
        SELECT %(zone)s, prefix || n || '.' || %(apex)s, '{}', 1, 1, now(), now(), ''
        FROM (VALUES ('d', %(dormant)s), ('r', %(released)s)) AS kind(prefix, count), generate_series(1, count) n
        RETURNING id, name
    )
    INSERT INTO ddns_hostname (account_id, domain_id, name, wildcard, offline, follows_prefix, parked, publication_id,
        created_at, changed_at, released_at)
    SELECT %(first_account)s + id %% %(accounts)s, %(domain)s, name, false, false, false, false, id,
        now() - interval '400 days', now() - interval '200 days',
        CASE WHEN name ~ '^r[0-9]' THEN now() - interval '100 days' END
    FROM published
"""


def main() -> None:
    django.setup()
    verbs = {
        "zone": _zone, "silent": _silent, "people": _people, "devices": _devices, "propose": _propose,
        "approve": _approve, "undo": _undo, "settle": _settle,
    }  # fmt: skip
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(verbs[order.pop("do")](**order)), flush=True)


def _zone(apex: str, host: str, port: int, key: str, secondary_port: int) -> dict:
    from ddns import domains
    from dnsupdate import nameservers, tsig_keys, zones

    zone = zones.add(apex, host=host, port=port, key=tsig_keys.parse(key))
    nameservers.add_secondary([zone], host=host, port=secondary_port)
    return {"id": zone.pk, "domain": domains.offer(zone).pk}


def _silent(zone: int, domain: int, apex: str, first: int, count: int, dormant: int, released: int) -> dict:
    """Accounts and hostnames of the publications that are there, and others that answer nothing."""
    from django.db import connection, transaction

    values = {
        "zone": zone, "domain": domain, "apex": apex, "first": first, "count": count, "dormant": dormant,
        "released": released, "accounts": -(-count // NAMES_PER_ACCOUNT),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        # Millions of look-ups of the same rows tell nothing; the role is the superuser of this database.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_ACCOUNTS, values)
        cursor.execute("SELECT max(id) FROM ddns_user")
        values["first_account"] = cursor.fetchone()[0] - values["accounts"] + 1
        for statement in (_HOSTNAMES, _CONTACTS, _SILENT):
            cursor.execute(statement, values)
    return {}


def _people() -> dict:
    """An officer who was vetted, the key of her program, two members of staff."""
    from datetime import timedelta

    from django.utils import timezone

    from abuse import officer_keys
    from abuse.models import Agency, Officer
    from ddns.models import User

    for email in STAFF:
        User.objects.create_superuser(email)
    agency = Agency.objects.create(
        name="Example Police", kind=Agency.Kind.POLICE, country="AT", mail_domains=["police.example"],
        phone="+43 1 555 0100", phone_source="public register",
    )  # fmt: skip
    officer = Officer.objects.create(
        account=User.objects.create_user(OFFICER), agency=agency, agency_said=agency.name, country_said="AT",
        name="Olivia Example", phone_said="", state=Officer.State.VETTED,
        vetted_until=timezone.now() + timedelta(days=365),
    )  # fmt: skip
    expires_at = timezone.now() + timedelta(days=KEY_DAYS)
    return {"key": officer_keys.make(officer, label="bench", networks=["127.0.0.0/16"], expires_at=expires_at)[1]}


def _devices(domain: str, labels: list[str]) -> list[dict]:
    """Hostnames of one customer with a key each, registered by the verbs."""
    from ddns import hostnames, keys
    from ddns.models import Domain, User

    alice = User.objects.create_user("alice@example.com")
    made = []
    for label in labels:
        hostname = hostnames.register(alice, domain=Domain.objects.get(name=domain), label=label)
        made.append({"name": hostname.name, "key": keys.create(alice, label=label, hostnames=[hostname])[1]})
    return made


def _settle() -> dict:
    """A provider's database knows its tables, and has written down what was loaded long ago."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return {}


def _propose(id: str) -> dict:
    """By the first member of staff, who has looked at what is settled; gives what the second one is shown."""
    from abuse import order_acts, plans
    from abuse.models import Order, OrderGroup

    order = Order.objects.get(pk=id)
    if order.groups.filter(key="live-settled").exists():
        looked_at = {"live-settled": (OrderGroup.Action.SUSPEND, None, "Looked at: the order names them rightly.")}
        order = plans.decide(order, groups=looked_at, by=_staff(0))
    order = order_acts.propose(order, reason="The order is well-founded.", by=_staff(0))
    return {"state": order.state, "digest": order.plan_digest}


def _approve(id: str, digest: str) -> dict:
    from abuse import order_acts
    from abuse.models import Order

    at = time.time()
    order_acts.approve(Order.objects.get(pk=id), by=_staff(1), digest=digest)
    return {"at": at}


def _undo(id: str) -> dict:
    from abuse import order_acts
    from abuse.models import Order

    at = time.time()
    order_acts.undo(Order.objects.get(pk=id), by=_staff(1), reason="The drill is over.")
    return {"at": at}


def _staff(number: int):
    from ddns.models import User

    return User.objects.get(email=STAFF[number])


if __name__ == "__main__":
    main()
