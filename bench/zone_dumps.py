"""Whole zones as a server has them, in files that are compared line by line."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.binaries import need
from deploy.local.server import Server
from deploy.local.tsig import TsigKey

# dig reads and prints some 200,000 names a second.
TRANSFER_SECONDS = 600


@dataclass(frozen=True)
class Difference:
    """A record that one of both has."""

    name: str
    record: str
    is_gone: bool


def write(server: Server, apexes: Sequence[str], key: TsigKey, path: Path) -> int:
    """Every record of the zones by AXFR but SOA, sorted; gives how many."""
    key_file = path.with_suffix(".key")
    key_file.touch(mode=0o600)
    key_file.write_text(f'key "{key.name}" {{ algorithm {key.algorithm}; secret "{key.secret}"; }};\n')
    raw = path.with_suffix(".raw")
    with raw.open("wb") as out:
        for apex in apexes:
            argv = [need("dig"), f"@{server.host}", "-p", str(server.port), "-k", str(key_file), apex, "AXFR"]
            argv += ["+noall", "+answer", "+nocomments"]
            subprocess.run(argv, stdout=out, check=True, timeout=TRANSFER_SECONDS)
    # A transfer that failed says so in a comment, and with the status of success.
    if failed := _first_comment(raw):
        raise RuntimeError(f"{server.name}: {failed}")
    with path.open("wb") as out:
        records = subprocess.Popen(["grep", "-vP", r"\tSOA\t", str(raw)], stdout=subprocess.PIPE)
        argv = ["sort", "-S", "512M", "-T", str(path.parent)]
        subprocess.run(argv, stdin=records.stdout, stdout=out, env={"LC_ALL": "C"}, check=True)
    raw.unlink()
    return int(subprocess.run(["wc", "-l", str(path)], capture_output=True, check=True).stdout.split()[0])


def differences(before: Path, after: Path) -> Iterator[Difference]:
    argv = ["comm", "-3", "--output-delimiter=\x01", str(before), str(after)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={"LC_ALL": "C"}) as compared:
        assert compared.stdout is not None
        for line in compared.stdout:
            record = " ".join(line.lstrip("\x01").split())
            yield Difference(record.split(" ", 1)[0].rstrip("."), record, is_gone=not line.startswith("\x01"))


def _first_comment(path: Path) -> str:
    with suppress(subprocess.CalledProcessError):
        found = subprocess.run(["grep", "-m1", "^;.*failed", str(path)], capture_output=True, text=True, check=True)
        return found.stdout.strip()
    return ""
