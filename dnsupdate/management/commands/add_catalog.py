"""manage.py add_catalog CATALOG --nameserver HOST[:PORT]: a primary's zones, named to servers that follow (RFC 9432)."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import catalogs, memberships, nameservers, publisher, tsig_keys, zones
from dnsupdate.errors import DnsUpdateError, PrimaryError
from dnsupdate.models import TsigKey, Zone
from dnsupdate.names import normalise

STATEMENT = """\
zone "{name}" {{ type primary; file "{name}.zone"; update-policy {{ grant "{key}" zonesub ANY; }}; }};"""
ZONE_FILE = '@ 0 IN SOA invalid. invalid. 1 60 10 2419200 0\n@ 0 IN NS invalid.\n(no record "version": we write it)'


class Command(BaseCommand):
    help = (
        "Sets up the catalog zone of a primary, with all zones that are updated there, or writes it again after a loss. "
        "The primary must serve the catalog already, and take updates of it."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("catalog", help="its name, catalog.invalid in the provider set-up")
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

    def handle(self, catalog: str, nameserver: str, key_file: str | None, replace: bool, **options) -> None:
        try:
            name, (host, port) = normalise(catalog), nameservers.parse_address(nameserver)
            key = _key(key_file, host, port)
            self._check(name, host, port, key)
            found = catalogs.establish(name, host=host, port=port, key=key, replace=replace)
        except (DnsUpdateError, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        while not publisher.drain(found.pk):
            pass
        members = memberships.of(found)
        state = "is in DNS" if not Zone.objects.with_work().filter(pk=found.pk).exists() else "waits for a publisher"
        self.stdout.write(self.style.SUCCESS(f"{found} names {len(members)} zones of {found.primary} and {state}."))

    def _check(self, name: str, host: str, port: int, key: TsigKey) -> None:
        try:
            zones.try_out(name, host=host, port=port, key=key)
        except PrimaryError as error:
            raise CommandError(
                f"Nothing was changed here: an update of {name} does not work yet. {error}\n"
                f"It must be there first. For BIND:\n{STATEMENT.format(name=name, key=key.name)}\n"
                f"with the zone file\n{ZONE_FILE}\nThen run this command again."
            ) from error


def _key(key_file: str | None, host: str, port: int) -> TsigKey:
    if key_file is not None:
        return tsig_keys.parse(sys.stdin.read() if key_file == "-" else Path(key_file).read_text())
    known = TsigKey.objects.filter(nameserver__host=host, nameserver__port=port).first()
    if known is None:
        raise CommandError(f"{host} port {port} has no key here yet: give it with --key-file.")
    return known
