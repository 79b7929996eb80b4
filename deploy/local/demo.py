"""What ./run runs: the whole platform on this machine, in the foreground, under one supervisor."""

import json
import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from . import given
from .data_directory import DataDirectory
from .deadline import wait_for
from .errors import LocalError, PortTaken
from .nameserver import EmbeddedNameserver
from .ports import is_taken
from .postgres import Postgres
from .program import ROOT, Program, answers, logged
from .screen import screen
from .server import Server
from .supervisor import Supervisor
from .valkey import Valkey

WEB_PORT, DNS_PORT, NSUPDATE_PORT = 8000, 5300, 5301
# The children of a run that was killed need a moment to go.
PORT_PATIENCE = timedelta(seconds=2)


class Ports(NamedTuple):
    """On loopback."""

    web: int
    dns: int
    nsupdate: int


def main() -> int:
    try:
        # first, so that a second run hears of the first and not of its ports
        directory = DataDirectory(Path(os.environ.get("DDNS_VAR") or ROOT / "var"))
        ports = Ports(
            _port("DDNS_WEB_PORT", WEB_PORT),
            _port("DDNS_DNS_PORT", DNS_PORT),
            _port("DDNS_NSUPDATE_PORT", NSUPDATE_PORT),
        )
        with Supervisor(say=_say) as supervisor:
            _run(supervisor, directory, ports)
    except (LocalError, TimeoutError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    _say("stopped; the data stays, ./run continues with it")
    return 0


def _run(supervisor: Supervisor, directory: DataDirectory, ports: Ports) -> None:
    _say(f"starting, with the data in {directory.path}")
    environment = _environment(directory, ports)
    nameserver = _nameserver(directory, ports.dns)
    servers = _servers(directory)
    supervisor.start(*servers, nameserver)
    for server in servers:
        environment.update(_url(server))
    facts = directory.path / "demo.json"
    is_first = not facts.exists()
    _manage("migrate", "--noinput", directory=directory, environment=environment)
    _manage("seed_demo", "--facts", str(facts), directory=directory, environment=environment)
    if is_first:
        # They are made once, and each start of Django takes a second.
        for command in ("seed_demo_reports", "seed_demo_order"):
            _manage(command, "--facts", str(facts), directory=directory, environment=environment)
    nameserver.add_zone(json.loads(facts.read_text())["zone"])
    supervisor.start(*_programs(directory, environment, ports.web))
    _say(screen(facts, directory))
    supervisor.watch()


def _port(variable: str, default: int) -> int:
    """The port that the environment names, free; raises PortTaken."""
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LocalError(f"{variable} is {text!r}, it must be a port from 1 to 65535.")
    port = int(text)
    try:
        wait_for(lambda: not is_taken(port), PORT_PATIENCE)
    except TimeoutError:
        raise PortTaken(f"It is {port}. Set {variable} to a free one: {variable}={port + 1} ./run") from None
    return port


def _environment(directory: DataDirectory, ports: Ports) -> dict[str, str]:
    secrets = directory.secrets()
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DDNS_MODE": "development",
        "DDNS_SECRET_KEY": secrets.secret_key,
        "DDNS_DEMO_TSIG_KEY": str(secrets.tsig_key),
        "DDNS_VAR": str(directory.path),
        "DDNS_WEB_PORT": str(ports.web),
        "DDNS_DNS_PORT": str(ports.dns),
        "DDNS_NSUPDATE_PORT": str(ports.nsupdate),
        "DDNS_EMBEDDED_ZONES": str(_zones_file(directory)),
        "PYTHONUNBUFFERED": "1",
    }


def _servers(directory: DataDirectory) -> list[Server]:
    """What the environment does not name already."""
    wanted: list[Server] = []
    if url := os.environ.get("DATABASE_URL"):
        given.check_database(url)
    else:
        wanted.append(Postgres(directory.path / "postgres", log=directory.log("postgres")))
    if url := os.environ.get("REDIS_URL"):
        given.check_broker(url)
    else:
        wanted.append(Valkey(directory.path / "valkey", log=directory.log("valkey")))
    return wanted


def _nameserver(directory: DataDirectory, port: int) -> EmbeddedNameserver:
    return EmbeddedNameserver(
        directory.path / "nameserver",
        key=directory.secrets().tsig_key,
        port=port,
        zones_file=_zones_file(directory),
        log=directory.log("nameserver"),
    )


def _url(server: Server) -> Mapping[str, str]:
    match server:
        case Postgres():
            return {"DATABASE_URL": server.url}
        case Valkey():
            return {"REDIS_URL": server.url}
    return {}


def _zones_file(directory: DataDirectory) -> Path:
    return directory.path / "nameserver" / "zones"


def _manage(*command: str, directory: DataDirectory, environment: Mapping[str, str]) -> None:
    argv, began = [sys.executable, "manage.py", *command], time.monotonic()
    Program(command[0], argv, env=environment, log=directory.log(command[0])).run()
    _say(f"  {command[0]:<12} done in {time.monotonic() - began:.1f} s")


def _programs(directory: DataDirectory, environment: Mapping[str, str], web_port: int) -> list[Program]:
    granian = ["granian", "--interface", "wsgi", "config.wsgi:application", "--host", "127.0.0.1", "--no-ws"]
    granian += ["--port", str(web_port), "--workers", "2", "--blocking-threads", "1"]
    granian += ["--respawn-failed-workers", "--workers-kill-timeout", "1"]
    worker = ["celery", "-A", "config", "worker", "-Q", "publish,abuse,mail,periodic", "-l", "INFO"]
    worker += ["-P", "threads", "-c", "16"]
    worker += ["--without-mingle", "--without-gossip"]  # there is no other worker to wait a second for
    beat = ["celery", "-A", "config", "beat", "-s", str(directory.path / "beat-schedule"), "--pidfile=", "-l", "INFO"]
    nsupdate = ["django", "serve_nsupdate"]
    wanted = {
        "web": (granian, answers(web_port, "/healthz")),
        "worker": (worker, logged(" ready.")),
        "beat": (beat, logged("beat: Starting")),
        "nsupdate": (nsupdate, logged("listening on ")),
    }
    return [
        Program(name, [sys.executable, "-m", *argv], env=environment, log=directory.log(name), is_up=is_up)
        for name, (argv, is_up) in wanted.items()
    ]


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
