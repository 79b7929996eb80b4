"""manage.py add_domain DOMAIN --nameserver HOST[:PORT]: a zone and a domain, at the nameserver by its catalog or by hand."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from ddns import domains
from dnsupdate import arrivals, nameservers, snippets, tsig_keys, zone_settings, zones
from dnsupdate.errors import DnsUpdateError, PrimaryError
from dnsupdate.models import TsigKey, Zone
from dnsupdate.names import normalise

# The embedded nameserver looks at its list of zones about once a second.
EMBEDDED_PATIENCE_SECONDS = 5.0


class Command(BaseCommand):
    help = "Creates zone and domain, writes the primary's configuration for BIND and Knot, and checks that an update works."

    def add_arguments(self, parser) -> None:
        parser.add_argument("domain")
        parser.add_argument(
            "--nameserver", required=True, metavar="HOST[:PORT]", help="the primary; port 53 unless given"
        )
        parser.add_argument(
            "--key-file",
            metavar="FILE",
            help="TSIG key as name:algorithm:secret or BIND's key statement; - reads it from standard input. "
            "Without it, the nameserver's stored key is used, or one is generated",
        )
        parser.add_argument("--ttl", type=int, help="seconds; 60 unless given")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="let the zone move to this primary, or the key of other zones change; it is checked before",
        )
        parser.add_argument(
            "--signed",
            action="store_true",
            help="write a configuration with which the nameserver signs the zone (DNSSEC)",
        )
        parser.add_argument(
            "--wait",
            type=float,
            default=60,
            metavar="SECONDS",
            help="how long to wait for the servers, where the primary has a catalog; 60 unless given",
        )
        parser.add_argument(
            "--unless-retired",
            action="store_true",
            help="do nothing where the domain was retired, instead of bringing it back",
        )
        parser.add_argument("--output", default="var/nameserver", metavar="DIR", help="where the configuration goes")

    def handle(
        self,
        domain: str,
        nameserver: str,
        key_file: str | None,
        ttl: int | None,
        output: str,
        replace: bool,
        signed: bool,
        wait: float,
        unless_retired: bool,
        **options,
    ) -> None:
        with _said():
            host, port = nameservers.parse_address(nameserver)
            name = normalise(domain)
            if unless_retired and Zone.objects.exclude(retired_at=None).filter(name=name).exists():
                return self.stdout.write(f"{name} was retired and stays so.")
            key = _key(key_file, host, port, name)
            replaced = zones.replacement(name, host=host, port=port, key=key)
            if replaced and not replace:
                raise CommandError(f"{replaced} Nothing was changed. If it shall be replaced, say so with --replace.")
            in_use = bool(replaced) or _is_in_use(name, key)
        # Stored before the check, so that this command can be run again with the same key.
        zone = None if in_use else self._add(name, host, port, key, ttl)
        if zone is None or zone.membership is None:
            self._write_snippets(name, key, Path(output), signed)
            _tell_embedded_nameserver(name)
            self._check(name, host, port, key, in_use)
        zone = zone or self._add(name, host, port, key, ttl, replace)
        self._wait(zone, timedelta(seconds=wait))
        with _said():
            reserved = domains.reserve_nameservers(zone.domain, zones.nameserver_names(zone))
        if reserved:
            self.stdout.write(f"reserved, as nameservers of the zone: {', '.join(reserved)}")
        self._warn(zone)
        self.stdout.write(self.style.SUCCESS(f"{zone}: an update works."))

    def _add(self, name: str, host: str, port: int, key: TsigKey, ttl: int | None, replace: bool = False) -> Zone:
        with _said():
            zone = zones.add(name, host=host, port=port, key=key, replace=replace)
            domains.offer(zone, ttl=ttl)
            return zone

    def _wait(self, zone: Zone, within: timedelta) -> None:
        """What a catalog names, its primary and secondaries take up by themselves."""
        if zone.membership is None:
            return
        self.stdout.write(f"{zone} stands in the catalog {zone.membership.zone}.")
        if missing := arrivals.wait(zone, within=within, say=self.stdout.write):
            raise CommandError(
                "\n".join([f"{zone} is set up here, but not served everywhere yet:", *missing])
                + "\nThe servers go on by themselves. Mend what is missing and run this command again."
            )

    def _warn(self, zone: Zone) -> None:
        """Of what makes withdrawals bite late. The domain works all the same."""
        try:
            problems = zone_settings.check(zone)
        except DnsUpdateError as error:
            problems = [f"Its settings could not be checked. {error}"]
        if zone.domain.ttl > zone_settings.LONGEST_TTL:
            problems.append(
                f"The domain's TTL is {zone.domain.ttl}: resolvers answer a withdrawn name for so many seconds more. "
                f"{zone_settings.LONGEST_TTL} or less is better."
            )
        for problem in problems:
            self.stdout.write(self.style.WARNING(f"warning: {problem}"))

    def _write_snippets(self, name: str, key: TsigKey, directory: Path, is_signed: bool) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file_name, content in snippets.render(name, key, is_signed=is_signed).by_file_name.items():
            path = directory / file_name
            # A file that is there already would keep its mode.
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(content)
            self.stdout.write(f"written: {path}")

    def _check(self, name: str, host: str, port: int, key: TsigKey, in_use: bool) -> None:
        deadline = time.monotonic() + (EMBEDDED_PATIENCE_SECONDS if settings.EMBEDDED_ZONES else 0)
        while True:
            try:
                return zones.try_out(name, host=host, port=port, key=key)
            except PrimaryError as error:
                if time.monotonic() < deadline:
                    time.sleep(0.2)
                    continue
                state = "Nothing was changed here:" if in_use else f"{name} is set up here, but"
                raise CommandError(
                    f"{state} an update of it does not work yet. {error}\n"
                    "Configure the nameserver with the files above and run this command again."
                ) from error


@contextmanager
def _said() -> Iterator[None]:
    """Errors that an operator can mend, as the command says them."""
    try:
        yield
    except (DnsUpdateError, ValidationError, ValueError, OSError) as error:
        raise CommandError(str(error)) from error


def _key(key_file: str | None, host: str, port: int, zone: str) -> TsigKey:
    """The key given, else the nameserver's, else the zone's present one, else a new one."""
    if key_file is not None:
        return tsig_keys.parse(sys.stdin.read() if key_file == "-" else Path(key_file).read_text())
    keys = TsigKey.objects
    known = keys.filter(nameserver__host=host, nameserver__port=port) or keys.filter(nameserver__zones__name=zone)
    return known.first() or tsig_keys.generate(f"publisher.{zone}")


def _is_in_use(name: str, key: TsigKey) -> bool:
    """Whether updates of the zone work, so that a wrong key or server would break something.

    Not where the servers may be on their way to it, by their catalog and with the key that they have.
    """
    zone = Zone.objects.in_service().select_related("primary__key").filter(name=name).first()
    if zone is None or zone.primary.key is None:
        return False
    return zone.membership_id is None or not zone.primary.key.is_same_as(key)


def _tell_embedded_nameserver(name: str) -> None:
    """./run's nameserver serves what stands in a file."""
    if settings.EMBEDDED_ZONES is None:
        return
    path = settings.EMBEDDED_ZONES
    known = path.read_text().split() if path.exists() else []
    if name not in known:
        with path.open("a") as file:
            file.write(f"{name}\n")
