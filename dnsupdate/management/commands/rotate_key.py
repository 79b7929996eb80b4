"""manage.py rotate_key NAMESERVER: another TSIG key for a nameserver's updates, in three steps; each run does what is next."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from dnsupdate import key_rotations, nameservers, snippets, tsig_keys
from dnsupdate.errors import DnsUpdateError
from dnsupdate.key_rotations import Trial
from dnsupdate.models import Nameserver, TsigKey

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Rotates the key of a nameserver without losing an update. First run: a new key and what the server must be "
        "told. Next: checks that the server takes it for every zone, and switches. Last: checks that the server takes "
        "the old one no more, and forgets it."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("nameserver", metavar="NAME-or-HOST[:PORT]")
        parser.add_argument(
            "--key-file",
            metavar="FILE",
            help="the new key, where it was made elsewhere: name:algorithm:secret or BIND's key statement; - reads it "
            "from standard input. Run again with the same key, it goes on from where it is",
        )
        parser.add_argument("--output", default="var/nameserver", metavar="DIR", help="where the configuration goes")

    def handle(self, nameserver: str, key_file: str | None, output: str, **options) -> None:
        try:
            server = _find(nameserver)
            given = _read(key_file) if key_file else None
            if server.previous_key is not None and (given is None or _is_present(server, given)):
                return self._finish(server, server.previous_key)
            if given is not None and _is_present(server, given):
                self.stdout.write(f"{server} is updated with {given.name} already.")
                return None
            return self._go_on(server, given, Path(output))
        except (DnsUpdateError, ValueError, OSError) as error:
            raise CommandError(str(error)) from error

    def _go_on(self, server: Nameserver, given: TsigKey | None, output: Path) -> None:
        is_new = server.next_key is None or (given is not None and not server.next_key.is_same_as(given))
        key = key_rotations.offer(server, key=given)
        trial = key_rotations.try_out(server, key)
        if trial.refused or not trial.accepted:
            self._tell_what_to_do(server, key, trial, output, is_new)
            return
        replaced = key_rotations.switch(server)
        self._say_untried(trial)
        taken = f"{len(trial.accepted)} zone{'' if len(trial.accepted) == 1 else 's'}"
        done = f"Step 2 of 3: {server} takes {key.name} for {taken}, and is updated with it now."
        self.stdout.write(self.style.SUCCESS(done))
        self.stdout.write(
            f"Wait ten seconds, so that publishers at work end their turn with {replaced.name}. Then remove {replaced.name} "
            "from the server's configuration, reload it, and run this command again."
        )

    def _tell_what_to_do(self, server: Nameserver, key: TsigKey, trial: Trial, output: Path, is_new: bool) -> None:
        """Not an error on the first run: the server cannot know the key yet."""
        for path in _write(output, server, key):
            self.stdout.write(f"written: {path}")
        text = (
            f"Step 1 of 3: make {server} accept {key.name} besides {server.key}, as the files above say, reload it, and run "
            "this command again. Until then everything goes on with the old key."
        )
        if is_new:
            self.stdout.write(text)
            return
        refusals = [f"{zone}: {reason}" for zone, reason in list(trial.refused.items())[:SHOWN]]
        what = f"{server} does not take {key.name} for every zone yet; nothing was switched."
        raise CommandError("\n".join([what, *refusals, text]))

    def _finish(self, server: Nameserver, replaced: TsigKey) -> None:
        if not key_rotations.is_refused_everywhere(server, replaced):
            raise CommandError(
                f"{server} still takes {replaced.name}, or does not answer. Nothing here uses that key any more: remove it from "
                "the server's configuration, reload it, and run this command again."
            )
        key_rotations.finish(server)
        self.stdout.write(
            self.style.SUCCESS(f"Step 3 of 3: {server} takes {replaced.name} no more; it is forgotten here too.")
        )

    def _say_untried(self, trial: Trial) -> None:
        if trial.untried:
            self.stdout.write(
                f"Not tried, since they are frozen: {', '.join(trial.untried)}. They use the new key once thawed."
            )


def _find(text: str) -> Nameserver:
    servers = Nameserver.objects.select_related("key", "next_key", "previous_key")
    if (server := servers.filter(name=text).first()) is not None:
        return server
    host, port = nameservers.parse_address(text)
    if (server := servers.filter(host=host, port=port).first()) is None:
        raise CommandError(f"There is no nameserver {text}.")
    return server


def _read(key_file: str) -> TsigKey:
    return tsig_keys.parse(sys.stdin.read() if key_file == "-" else Path(key_file).read_text())


def _is_present(server: Nameserver, key: TsigKey) -> bool:
    return server.key is not None and server.key.is_same_as(key)


def _write(directory: Path, server: Nameserver, key: TsigKey) -> list[Path]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = []
    present = server.key.name if server.key else ""
    for name, content in snippets.render_rotation(key, present=present).by_file_name.items():
        path = directory / name
        # A file that is there already would keep its mode.
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(content)
        paths.append(path)
    return paths
