"""The provider set-up on this machine, as docker-compose.yml has it: every service a process, with real settings."""

import json
import os
import secrets
import sys
from pathlib import Path

from deploy.local.bind import Bind
from deploy.local.data_directory import write_private
from deploy.local.knot import Knot
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.postgres import Postgres
from deploy.local.program import Program, answers, logged
from deploy.local.server import Server
from deploy.local.supervisor import Supervisor
from deploy.local.tsig import TsigKey
from deploy.local.valkey import Valkey

ZONE = "ddns.test"
WEB_PROCESSES = 2
PUBLISHERS = 16
PLAN = {"hostnames": 100_000, "keys": 100_000}


class Services:
    """Database, broker and programs, without nameservers. Everything is private to `directory` and on free loopback
    ports; nothing of it needs a name in DNS.
    """

    def __init__(self, directory: Path, *, settings: str = "config.settings", publishers: int = PUBLISHERS) -> None:
        self.directory, self.publishers = directory, publishers
        self.web_port = free_port()
        self.key = TsigKey.generate("publisher")
        self.postgres = Postgres(directory / "postgres", log=self._log("postgres"))
        self.valkey = Valkey(directory / "valkey", log=self._log("valkey"))
        self.environment = self._environment(settings)
        self.programs = self._programs()

    @property
    def servers(self) -> dict[str, Server]:
        """Every process tree by what it is, for accounting."""
        return {
            "postgres": self.postgres,
            "redis": self.valkey,
            **{program.name: program for program in self.programs},
        }

    def manage(self, *command: str) -> None:
        """Runs manage.py to its end; raises CommandFailed with the end of its log."""
        argv = [sys.executable, "manage.py", *command]
        Program(command[0], argv, env=self.environment, log=self._log(command[0])).run()

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def _environment(self, settings: str) -> dict[str, str]:
        static = self.directory / "static"
        static.mkdir(exist_ok=True)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": settings,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "DDNS_MODE": "provider",
            "DDNS_SECRET_KEY": secrets.token_urlsafe(50),
            "DDNS_SITE_URL": f"http://{LOOPBACK}:{self.web_port}",
            "DDNS_ALLOWED_HOSTS": LOOPBACK,
            "DDNS_STATIC_ROOT": str(static),
            # the addresses for documentation (RFC 5737) are none that the Internet routes
            "DDNS_ALLOW_NON_GLOBAL_ADDRESSES": "1",
            "DDNS_PLANS": json.dumps({"free": PLAN}),
            # Counted, and out of reach: here every hostname changes all the time.
            **{f"DDNS_CHANGES_PER_{kind}": "1000000000" for kind in ("HOSTNAME", "KEY", "ACCOUNT")},
        }

    def _programs(self) -> list[Program]:
        granian = ["granian", "--interface", "wsgi", "config.wsgi:application", "--host", LOOPBACK, "--no-ws"]
        granian += ["--port", str(self.web_port), "--workers", str(WEB_PROCESSES), "--blocking-threads", "1"]
        granian += ["--respawn-failed-workers", "--workers-kill-timeout", "1"]
        worker = ["celery", "-A", "config", "worker", "-l", "INFO", "--without-gossip", "--without-mingle"]
        schedule = str(self.directory / "beat-schedule")
        return [
            self._program("web", granian, answers(self.web_port, "/healthz")),
            self._program(
                "publish",
                [*worker, "-Q", "publish", "-P", "threads", "-c", str(self.publishers), "-n", "publish@%h"],
                logged(" ready."),
            ),
            self._program(
                "other",
                [*worker, "-Q", "abuse,mail,periodic", "-P", "threads", "-c", "16", "-n", "other@%h"],
                logged(" ready."),
            ),
            self._program(
                "beat",
                ["celery", "-A", "config", "beat", "-s", schedule, "--pidfile=", "-l", "INFO"],
                logged("beat: Starting"),
            ),
        ]

    def _program(self, name: str, argv: list[str], is_up) -> Program:
        return Program(name, [sys.executable, "-m", *argv], env=self.environment, log=self._log(name), is_up=is_up)


class Provider(Services):
    """With BIND as primary of one zone, and Knot as its secondary."""

    def __init__(self, directory: Path, *, settings: str = "config.settings") -> None:
        super().__init__(directory, settings=settings)
        bind_port, knot_port = free_port(), free_port()
        self.key_file = directory / "tsig.key"
        write_private(self.key_file, str(self.key))
        self.bind = Bind(
            directory / "bind", zones=[ZONE], key=self.key, port=bind_port, secondaries=[(LOOPBACK, knot_port)],
            log=self._log("bind"),
        )  # fmt: skip
        self.knot = Knot(
            directory / "knot", zones=[ZONE], key=self.key, port=knot_port, primary=(LOOPBACK, bind_port),
            log=self._log("knot"),
        )  # fmt: skip

    @property
    def servers(self) -> dict[str, Server]:
        return {**super().servers, "nameserver": self.bind, "secondary": self.knot}

    def start_servers(self, supervisor: Supervisor) -> None:
        supervisor.start(self.postgres, self.valkey, self.bind)
        supervisor.start(self.knot)

    def start_programs(self, supervisor: Supervisor) -> None:
        """Makes schema and zone, then starts the programs."""
        self.manage("migrate", "--noinput")
        output = str(self.directory / "nameserver")
        address = f"{LOOPBACK}:{self.bind.port}"
        self.manage("add_domain", ZONE, "--nameserver", address, "--key-file", str(self.key_file), "--output", output)
        supervisor.start(*self.programs)
