"""RPZ as partners have it: a real resolver transfers the policy, refuses shared names, and answers everybody else's."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from secrets import token_hex

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import dns.xfr
import dns.zone
import pytest
from django.core.management import CommandError, call_command

from abuse import decisions, policy_zones, shared_names
from abuse.errors import InvalidParameter
from abuse.models import PolicyZone
from ddns import domains, hostnames
from ddns.models import Hostname
from deploy.local.deadline import wait_for
from deploy.local.tsig import TsigKey
from dnsupdate import verify
from tests.abuse.partner_rows import later, partner, settle, suspended
from tests.abuse.partner_servers import PolicyBind, Resolver
from tests.dnsupdate.real_zones import drain, key_row, zone_row

PATIENCE = timedelta(seconds=60)
RPZ, NAMES = "rpz-green.test", "ddns-rpz.test"


@pytest.fixture
def policy_primary(servers, tsig_key) -> Iterator[PolicyBind]:
    primary = PolicyBind(
        servers.directory / f"policy-primary-{token_hex(4)}",
        zones=[NAMES, RPZ],
        key=tsig_key,
        partner=TsigKey.generate("partner-cert"),
    )
    servers.start(primary)
    yield primary
    primary.stop()
    servers.started.remove(primary)


@pytest.fixture
def resolver(servers, policy_primary) -> Iterator[Resolver]:
    resolver = Resolver(
        servers.directory / f"resolver-{token_hex(4)}",
        primary=policy_primary,
        policy=RPZ,
        names=NAMES,
        partner=policy_primary.partner,
    )
    servers.start(resolver)
    yield resolver
    resolver.stop()
    servers.started.remove(resolver)


def rcode(resolver: Resolver, name: str) -> str:
    answer = dns.query.udp(dns.message.make_query(f"{name}.", "A"), resolver.host, port=resolver.port, timeout=10)
    return dns.rcode.to_text(answer.rcode())


def add_rpz(primary: PolicyBind, tmp_path, **options) -> str:
    key_file, out = tmp_path / "key", StringIO()
    key_file.write_text(f"{primary.key.name}:{primary.key.algorithm}:{primary.key.secret}")
    call_command(
        "add_rpz",
        RPZ,
        tlp="green",
        nameserver=f"{primary.host}:{primary.port}",
        key_file=key_file,
        stdout=out,
        **options,
    )
    return out.getvalue()


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_partners_resolver_refuses_a_shared_name_and_what_is_below_it_and_no_other(
    transactional_db, policy_primary, resolver, tmp_path, alice, root
):
    """Where our own answer has not arrived yet: the zone of names is left as it was, as a cache would have it."""
    partner(delay_minutes=60)
    zone = zone_row(policy_primary, NAMES)
    domain = domains.offer(zone)
    bad, good = (hostnames.register(alice, domain=domain, label=label) for label in ("bad", "good"))
    Hostname.objects.update(ipv4="203.0.113.7")
    for each in (bad, good):
        hostnames.configure(each, wildcard=True)
    drain(zone)
    assert "rpz-green.test (TLP:GREEN) has 0 entries and is in DNS." in add_rpz(policy_primary, tmp_path)
    assert rcode(resolver, f"bad.{NAMES}") == "NOERROR"

    decision = suspended(bad, root)
    assert settle() == (1, 0)
    policy = PolicyZone.objects.select_related("zone__primary__key").get()
    drain(policy.zone)
    assert not verify.compare(policy.zone).differences
    wait_for(lambda: rcode(resolver, f"bad.{NAMES}") == "NXDOMAIN", PATIENCE, "the policy at the resolver")
    assert rcode(resolver, f"c2.bad.{NAMES}") == "NXDOMAIN"
    assert rcode(resolver, f"good.{NAMES}") == "NOERROR"
    assert rcode(resolver, f"www.good.{NAMES}") == "NOERROR"

    decisions.undo(decision, reason="mistake", by=root)
    shared_names.settle(later())
    drain(policy.zone)
    wait_for(lambda: rcode(resolver, f"bad.{NAMES}") == "NOERROR", PATIENCE, "the end of the policy")


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_partners_key_transfers_the_policy_and_changes_nothing_and_mallory_gets_nothing(
    transactional_db, policy_primary, tmp_path, home, root
):
    partner(delay_minutes=0)
    suspended(home, root)
    settle()
    assert "has 2 entries and is in DNS" in add_rpz(policy_primary, tmp_path)
    assert names_in(transfer(policy_primary, policy_primary.partner)) == {"home.ddns.test", "*.home.ddns.test"}
    with pytest.raises(dns.xfr.TransferError):
        transfer(policy_primary, None)
    with pytest.raises(dns.xfr.TransferError):
        transfer(policy_primary, policy_primary.partner, NAMES)
    key = policy_primary.partner
    update = dns.update.UpdateMessage(RPZ, keyring=dns.tsig.Key(key.name, key.secret, key.algorithm))
    update.delete("home.ddns.test")
    answer = dns.query.tcp(update, policy_primary.host, port=policy_primary.port, timeout=10)
    assert answer.rcode() == dns.rcode.REFUSED


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_add_rpz_says_what_is_missing_and_changes_nothing(transactional_db, bind, tmp_path):
    with pytest.raises(CommandError, match="docs/partners"):
        add_rpz(bind, tmp_path)
    assert not PolicyZone.objects.exists()


@pytest.mark.django_db
def test_a_level_has_one_zone_and_a_zone_one_level(bind):
    there = {"host": "127.0.0.1", "port": 9, "key": key_row(bind)}
    first = policy_zones.establish("rpz-a.invalid", tlp="green", **there)
    assert policy_zones.establish("rpz-a.invalid", tlp="green", **there) == first
    with pytest.raises(InvalidParameter, match="is there for that level"):
        policy_zones.establish("rpz-b.invalid", tlp="green", **there)
    with pytest.raises(InvalidParameter, match="it is rpz-a"):
        policy_zones.establish("rpz-a.invalid", tlp="amber", **there)
    with pytest.raises(InvalidParameter, match="50 characters"):
        policy_zones.establish("a" * 51 + ".invalid", tlp="amber", **there)
    assert PolicyZone.objects.count() == 1


def transfer(primary: PolicyBind, key: TsigKey | None, apex: str = RPZ) -> dns.zone.Zone:
    keyring = {} if key is None else {"keyring": dns.tsig.Key(key.name, key.secret, key.algorithm)}
    zone = dns.zone.Zone(apex, relativize=True)
    query, _serial = dns.xfr.make_query(
        zone, **({"keyring": {keyring["keyring"].name: keyring["keyring"]}} if key else {})
    )
    dns.query.inbound_xfr(primary.host, zone, query, port=primary.port, timeout=10)
    return zone


def names_in(zone: dns.zone.Zone) -> set[str]:
    return {str(name) for name, _ttl, _rdata in zone.iterate_rdatas("CNAME")}
