"""manage.py add_rpz ZONE --tlp LEVEL --nameserver HOST[:PORT]: what partners' resolvers transfer and refuse (RPZ)."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from abuse import policy_zones
from abuse.errors import AbuseError
from abuse.models import Partner
from dnsupdate import nameservers, publisher, tsig_keys, zones
from dnsupdate.errors import DnsUpdateError, PrimaryError
from dnsupdate.models import PendingPublication, Publication, TsigKey
from dnsupdate.names import normalise

STATEMENT = """\
zone "{name}" {{
    type primary; file "{name}.zone"; update-policy {{ grant "{key}" zonesub ANY; }};
    allow-query {{ key "PARTNER"; OUR-NETWORK; }}; allow-transfer {{ key "PARTNER"; key "{key}"; }};
}};"""
ZONE_FILE = "@ 60 IN SOA invalid. invalid. 1 60 10 2419200 60\n@ 60 IN NS invalid."


class Command(BaseCommand):
    help = (
        "Sets up the response policy zone of one level of the Traffic Light Protocol, with all names that are shared up to "
        "it, or writes it again after a loss. The primary must serve the zone already, to partners' keys alone, and take "
        "updates of it."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("zone", help="its name, rpz-green.invalid for example")
        parser.add_argument("--tlp", required=True, choices=Partner.Tlp.values, help="the most that is in it")
        parser.add_argument("--nameserver", required=True, metavar="HOST[:PORT]", help="the primary")
        parser.add_argument(
            "--key-file",
            metavar="FILE",
            help="TSIG key as name:algorithm:secret or BIND's key statement; - reads it from standard input. "
            "Without it, the nameserver's stored key is used",
        )
        parser.add_argument(
            "--replace", action="store_true", help="let the key of the primary's zones change; it is checked before"
        )

    def handle(self, zone: str, tlp: str, nameserver: str, key_file: str | None, replace: bool, **options) -> None:
        try:
            name, (host, port) = normalise(zone), nameservers.parse_address(nameserver)
            key = _key(key_file, host, port)
            self._check(name, host, port, key)
            policy = policy_zones.establish(name, tlp=tlp, host=host, port=port, key=key, replace=replace)
        except (DnsUpdateError, AbuseError, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        while not publisher.drain(policy.zone_id):
            pass
        count = Publication.objects.answering().filter(zone=policy.zone).count()
        waits = PendingPublication.objects.filter(zone=policy.zone).exists()
        state = "waits for a publisher" if waits else "is in DNS"
        self.stdout.write(self.style.SUCCESS(f"{policy} has {count} entries and {state}."))

    def _check(self, name: str, host: str, port: int, key: TsigKey) -> None:
        try:
            zones.try_out(name, host=host, port=port, key=key)
        except PrimaryError as error:
            raise CommandError(
                f"Nothing was changed here: an update of {name} does not work yet. {error}\n"
                f"It must be there first. For BIND:\n{STATEMENT.format(name=name, key=key.name)}\n"
                f"with the zone file\n{ZONE_FILE}\nThen run this command again. docs/partners.md has the rest."
            ) from error


def _key(key_file: str | None, host: str, port: int) -> TsigKey:
    if key_file is not None:
        return tsig_keys.parse(sys.stdin.read() if key_file == "-" else Path(key_file).read_text())
    known = TsigKey.objects.filter(nameserver__host=host, nameserver__port=port).first()
    if known is None:
        raise CommandError(f"{host} port {port} has no key here yet: give it with --key-file.")
    return known
